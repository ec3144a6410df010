"""Google: service accounts and their token endpoint, and Gmail for the mailboxes of a second domain."""
