"""A stand-in for an OpenID Connect provider outside of Microsoft, such as a CI's, whose tokens Entra can trust."""
