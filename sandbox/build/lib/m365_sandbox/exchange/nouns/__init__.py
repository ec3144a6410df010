"""One file a noun: what its cmdlets take, do and print."""
