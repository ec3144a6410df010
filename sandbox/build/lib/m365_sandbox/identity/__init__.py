"""Entra ID's sign-in service: discovery, keys and tokens."""
