# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How Integration Server sends, or receives, and whether it can do that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server import TLS

#: The only one that the vendor supports.
GRANT = "authorization_code"
#: The transports, and how each may sign in.
_AUTHENTICATIONS = {"smtp": ("oauth2", "basic", "none"), "imap": ("oauth2", "basic"), "pop3": ("basic",)}
_PORTS = {
    "smtp": {"none": 25, "starttls": 587, "implicit": 465}, "imap": {"none": 143, "starttls": 143, "implicit": 993},
    "pop3": {"none": 110, "starttls": 110, "implicit": 995},
}
_USUAL_TLS = {"smtp": "starttls", "imap": "implicit", "pop3": "implicit"}
#: What nothing on the server says.
_UNUSED = (
    "display_name", "use_default_from", "override", "allow_override_in_production", "app", "object_id",
    "messages_per_session",
)


@dataclass(frozen=True)
class Side:
    """How it sends, or receives.

    :param variable: what says so.
    :param given: what was read of it.
    :param usual_host: the server of a mailbox in Microsoft 365; "" if that is not known.
    """

    variable: str
    given: Mapping[str, Any]
    usual_host: str

    @property
    def transport(self) -> str:
        """The protocol; "" if that is not known."""
        return str(self.given.get("transport", ""))

    @property
    def authentication(self) -> str:
        """How it signs in."""
        return str(self.given.get("authentication", "basic" if self.transport == "pop3" else "oauth2"))

    @property
    def is_known(self) -> bool:
        """Whether the server knows the protocol."""
        return self.transport in _PORTS

    @property
    def is_oauth(self) -> bool:
        """Whether a person signs in."""
        return self.authentication == "oauth2"

    @property
    def mailbox(self) -> str:
        """The mailbox, or the sender."""
        return str(self.given.get("from", self.given.get("mailbox", "")))

    @property
    def account(self) -> str:
        """Who signs in."""
        return str(self.given.get("username", self.mailbox))

    @property
    def user(self) -> str:
        """The user that the mail server is told: with OAuth the mailbox, which may be another than the person's own."""
        return self.mailbox if self.is_oauth else self.account

    @property
    def host(self) -> str:
        """The mail server."""
        return str(self.given.get("host", "" if self.authentication in ("basic", "none") else self.usual_host))

    @property
    def tls(self) -> str:
        """How the connection begins."""
        return str(self.given.get("tls", _USUAL_TLS.get(self.transport, "")))

    @property
    def port(self) -> int:
        """The mail server's port."""
        return int(self.given.get("port", _PORTS[self.transport][self.tls]))

    @property
    def password(self) -> dict[str, str]:
        """Where its password is."""
        return {"secret": f"{self.variable}.password"}


def rules(side: Side, problems: list[str]) -> None:
    """What Integration Server cannot do is appended to the problems."""
    variable, given, transport = side.variable, side.given, side.transport
    problems += [
        f"{variable}.{name}: is not used with integration_server; remove it" for name in _UNUSED if name in given
    ]
    if not side.is_known:
        possible = "smtp" if variable == "mail_send" else "imap or pop3"
        if transport:
            problems.append(
                f"{variable}.transport: '{transport}' is not possible with integration_server; use {possible}"
            )
        return
    if given.get("grant", GRANT) != GRANT:
        problems.append(
            f"{variable}.grant: '{given['grant']}' is not possible with integration_server; use {GRANT}"
        )
    elif "grant" in given and not side.is_oauth:
        problems.append(f"{variable}.grant: is not used with authentication {side.authentication}; remove it")
    if not side.mailbox:
        problems.append(f"{variable}.{'from' if variable == 'mail_send' else 'mailbox'}: is required")
    _authentication_rules(side, problems)
    if side.tls not in TLS:
        problems.append(
            f"{variable}.tls: '{side.tls}' cannot be expressed by integration_server; use {', '.join(TLS)}"
        )
    if not side.host:
        problems.append(f"{variable}.host: is required" + (
            " with mail_entra.cloud, whose mail server is not known" if side.is_oauth
            else f" with authentication {side.authentication}"
        ))


def _authentication_rules(side: Side, problems: list[str]) -> None:
    variable, given, authentication = side.variable, side.given, side.authentication
    possible = _AUTHENTICATIONS[side.transport]
    if authentication == "oauth2" and "oauth2" not in possible:
        problems.append(
            f"{variable}.authentication: 'oauth2' is not possible with integration_server over {side.transport}; OAuth "
            "needs transport imap"
        )
    elif authentication not in possible:
        problems.append(
            f"{variable}.authentication: '{authentication}' is not possible with integration_server over "
            f"{side.transport}; use {' or '.join(possible)}"
        )
    if authentication == "oauth2" and side.transport == "smtp" and side.tls != "starttls":
        problems.append(f"{variable}.tls: '{side.tls}' is not possible with oauth2; Microsoft 365 needs starttls")
    if authentication == "basic" and "password" not in given:
        problems.append(f"{variable}.password: is required with authentication basic")
    unused = {"oauth2": ("password",), "none": ("username", "password")}.get(authentication, ())
    problems += [
        f"{variable}.{name}: is not used with authentication {authentication}; remove it" for name in unused
        if name in given
    ]
