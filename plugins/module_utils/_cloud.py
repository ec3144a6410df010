# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The endpoints of Microsoft's clouds, and of whatever stands in for them.

Hosts: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud and
https://learn.microsoft.com/graph/deployments; the Outlook resources:
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


@dataclass(frozen=True)
class Cloud:
    """Where a cloud is reached, and what its tokens are asked for.

    :param authority_host: the sign-in service, "https://host[:port]" without a final slash.
    :param graph_endpoint: Microsoft Graph, "https://host[:port]" without the version and without a final slash.
    :param graph_resource: the audience of tokens for Microsoft Graph; not always the endpoint's own name.
    :param outlook_resource: the audience of app-only tokens for IMAP, POP and SMTP.
    """

    authority_host: str
    graph_endpoint: str
    graph_resource: str
    outlook_resource: str

    @property
    def graph_scope(self) -> str:
        """The scope that asks for every application permission granted on Microsoft Graph."""
        return f"{self.graph_resource}/.default"

    @property
    def outlook_scope(self) -> str:
        """The scope that asks for every application permission granted on Exchange Online."""
        return f"{self.outlook_resource}/.default"

    @property
    def is_known_to_microsoft(self) -> bool:
        """Whether Microsoft's instance discovery can vouch for the sign-in service."""
        return self.authority_host in {cloud.authority_host for cloud in CLOUDS.values()}


CLOUDS: Mapping[str, Cloud] = {
    "global": Cloud(
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com", "https://graph.microsoft.com",
        "https://outlook.office365.com",
    ),
    "us_government": Cloud(
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us", "https://graph.microsoft.us",
        "https://outlook.office365.us",
    ),
    "us_government_dod": Cloud(
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us",
        "https://outlook-dod.office365.us",
    ),
    "china": Cloud(
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn",
        "https://partner.outlook.cn",
    ),
}
CLOUD_NAMES = (*CLOUDS, "custom")


def cloud_from(options: Mapping[str, Any]) -> Cloud:
    """The cloud that the options ``cloud``, ``authority_host`` and ``graph_endpoint`` describe.

    The two endpoints override those of the named cloud, while the audiences of tokens stay that cloud's own: a gateway
    or a sandbox has another address, but checks for the same audience. ``custom`` takes the global cloud's audiences.

    :raises InputError: if ``custom`` lacks an endpoint, or an endpoint is not an https address of a host alone.
    """
    name = options.get("cloud") or "global"
    given = {option: options[option] for option in ("authority_host", "graph_endpoint") if options.get(option)}
    if name == "custom" and len(given) < 2:
        raise InputError("cloud: custom needs both authority_host and graph_endpoint.")
    endpoints = {option: origin(option, value) for option, value in given.items()}
    return replace(CLOUDS["global" if name == "custom" else name], **endpoints)


def origin(option: str, value: str) -> str:
    """Scheme, host and port of a service's address, without a final slash.

    :param option: its name, for the message.
    :raises InputError: if it is not the https address of a host alone.
    """
    # Azure's own tools take AZURE_AUTHORITY_HOST with or without the scheme.
    address = urlsplit(value if "://" in value else f"https://{value}")
    if address.scheme != "https" or not address.netloc or address.path.strip("/") or address.query or address.fragment:
        raise InputError(
            f"{option}: {value!r} is not the https address of a host.",
            remedy="Give scheme, host and, if needed, port alone, for example https://login.microsoftonline.com.",
        )
    return f"https://{address.netloc}"
