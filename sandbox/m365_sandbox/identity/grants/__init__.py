"""What the token endpoint gives tokens for, one module a grant."""
