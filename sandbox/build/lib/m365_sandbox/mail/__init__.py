"""Exchange Online's mail faces over one mailbox store."""
