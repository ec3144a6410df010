"""POP3: the sign-in, what a signed-in client may ask, and how the store's answers read."""
