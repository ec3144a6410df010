"""The provider's two documents (OpenID Connect Discovery 1.0); its tokens come from the control face."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m365_sandbox.state.faces import address
from m365_sandbox.state.sandbox import Sandbox


def issuer_url(sandbox: Sandbox) -> str:
    """The provider's name, which its tokens carry as ``iss``: an address without a slash at its end."""
    return address("issuer", sandbox.ports["issuer"])


def issuer_app(sandbox: Sandbox) -> Starlette:
    """The provider's face."""

    async def metadata(request: Request) -> Response:
        issuer = issuer_url(sandbox)
        return JSONResponse({
            "issuer": issuer, "jwks_uri": f"{issuer}/.well-known/jwks", "subject_types_supported": ["public"],
            "response_types_supported": ["id_token"], "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "nbf"], "scopes_supported": ["openid"],
        })

    async def keys(request: Request) -> Response:
        return JSONResponse(sandbox.issuer_keys.jwks())

    return Starlette(routes=[
        Route("/.well-known/openid-configuration", metadata, methods=["GET"]),
        Route("/.well-known/jwks", keys, methods=["GET"]),
    ])
