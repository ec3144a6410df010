"""Metadata documents: OpenID Connect discovery of both versions, and instance discovery. Pure functions.

Addresses of endpoints are the sandbox's own; the issuers and hosts that name a cloud are Microsoft's, since clients
compare them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from m365_sandbox.identity import errors
from m365_sandbox.state.tenant import Tenant

CLOUD_HOST = "login.microsoftonline.com"
SHARED_TENANTS = ("common", "organizations", "consumers")

_NETWORKS: list[dict[str, Any]] = [
    {
        "preferred_network": CLOUD_HOST,
        "preferred_cache": "login.windows.net",
        "aliases": [CLOUD_HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    },
    {
        "preferred_network": "login.partner.microsoftonline.cn",
        "preferred_cache": "login.partner.microsoftonline.cn",
        "aliases": ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    },
    {
        "preferred_network": "login.microsoftonline.de",
        "preferred_cache": "login.microsoftonline.de",
        "aliases": ["login.microsoftonline.de"],
    },
    {
        "preferred_network": "login.microsoftonline.us",
        "preferred_cache": "login.microsoftonline.us",
        "aliases": ["login.microsoftonline.us", "login.usgovcloudapi.net"],
    },
    {
        "preferred_network": "login-us.microsoftonline.com",
        "preferred_cache": "login-us.microsoftonline.com",
        "aliases": ["login-us.microsoftonline.com"],
    },
]


def is_this_tenant(tenant: Tenant, name: str) -> bool:
    """Whether the first segment of a path, an id or a verified domain, names the tenant."""
    return name.casefold() in (tenant.tenant_id, *tenant.domains)


def openid_configuration(tenant: Tenant, name: str, base_url: str, *, version: int) -> dict[str, Any]:
    """The discovery document.

    :param name: the tenant as the path names it: its id, a verified domain, or one of the shared names.
    :param base_url: scheme, host and port by which the client reached the sandbox.
    :param version: 1 or 2, the version of the endpoints.
    :raises EntraError: 90002 for another tenant.
    """
    if name.casefold() in SHARED_TENANTS:
        segment, identifier = name.casefold(), "{tenantid}"
    elif is_this_tenant(tenant, name):
        segment = identifier = tenant.tenant_id
    else:
        raise errors.unknown_tenant(name)
    root = f"{base_url}/{segment}"
    oauth2 = f"{root}/oauth2/v2.0" if version == 2 else f"{root}/oauth2"
    return {
        "token_endpoint": f"{oauth2}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/v2.0/keys" if version == 2 else f"{root}/discovery/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"] if version == 2 else ["openid"],
        "issuer": f"https://{CLOUD_HOST}/{identifier}/v2.0" if version == 2 else f"https://sts.windows.net/{identifier}/",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": f"{oauth2}/authorize",
        "device_authorization_endpoint": f"{oauth2}/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{oauth2}/logout",
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
            "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash",
            "c_hash", "email",
        ],
        "kerberos_endpoint": f"{root}/kerberos",
        "tenant_region_scope": None if identifier == "{tenantid}" else "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


def instance_discovery(authorization_endpoint: str) -> dict[str, Any]:
    """Whether an authority's host is a Microsoft cloud, and which names that cloud has.

    :raises EntraError: 50049 for every other host, this sandbox's own included, as Microsoft does not know it.
    """
    url = urlsplit(authorization_endpoint)
    tenant = url.path.split("/")[1:2]
    known = {alias for network in _NETWORKS for alias in network["aliases"]}
    if url.scheme != "https" or url.netloc.casefold() not in known or not tenant or not tenant[0]:
        raise errors.invalid_instance()
    return {
        "tenant_discovery_endpoint": f"https://{url.netloc}/{tenant[0]}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": _NETWORKS,
    }
