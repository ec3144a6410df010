"""Microsoft Graph v1.0, the part that the collection and its tests need."""
