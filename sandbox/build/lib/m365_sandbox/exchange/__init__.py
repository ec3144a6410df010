"""Exchange Online's administration: the REST interface behind Microsoft's PowerShell module, and its cmdlets."""
