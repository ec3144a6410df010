"""A Microsoft 365 tenant in a box: Entra ID, Microsoft Graph and Exchange Online mail on the loopback interface."""
