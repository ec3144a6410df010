"""Azure Resource Manager, as far as a sign-in by Azure's own tools needs it: a tenant without a subscription."""
