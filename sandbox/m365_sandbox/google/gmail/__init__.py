"""Gmail as a provider of mail: what its IMAP, POP3 and submission say, take and refuse."""
