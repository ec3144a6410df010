"""A page to look at what arrived in the sandbox's mailboxes, and at what left for elsewhere."""
