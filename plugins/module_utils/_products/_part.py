# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product contributes to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class File:
    """A configuration file on the product's server.

    :param format: how the settings stand in it, a key of _targets/formats.py.
    :param settings: what it shall say, as that format wants it.
    :param create: add what is missing: a key, or the whole file.
    :param mode: the file's permissions; None leaves them as they are. So do ``owner`` and ``group``.
    """

    path: str
    format: str
    settings: Mapping[str, Any]
    create: bool = False
    mode: str | None = None
    owner: str | None = None
    group: str | None = None

    def plan(self) -> dict[str, Any]:
        """The options of the module provider_config that say so."""
        return {name: value for name, value in asdict(self).items() if value is not None}


#: The options by which the module mail_delivery signs in as the product's own application.
OWN_CREDENTIALS: Mapping[str, Any] = {
    "tenant_id": {"fact": "tenant_id"},
    "client_id": {"fact": "client_id"},
    "client_secret": {"secret": "client_secret"},
}


@dataclass(frozen=True)
class Access:
    """A mailbox that the application opens by itself, without a person who signs in.

    :param senders: addresses of other mailboxes as which it sends.
    """

    transport: Literal["graph", "smtp", "imap", "pop3"]
    mailbox: str
    senders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What one host's settings mean for its product.

    A value that is known only later stands as a reference: ``{"fact": NAME}`` for tenant_id and client_id,
    ``{"secret": NAME}`` for a secret, by the path of its variable or, for the application's own, "client_secret".

    :param permissions: what the application needs, by name:
        ``{"resource": str, "application": [str], "delegated": [str]}``. Empty when the product needs no application.
    :param provider: what to configure on the server: ``files``, see :class:`File`, and what else the product needs.
    :param send: how to send as the product does, as the option ``send`` of the module mail_delivery.
    :param sender: the address that its mail is from.
    :param accesses: what the application opens; empty when the product needs no application.
    """

    permissions: list[dict[str, Any]]
    provider: dict[str, Any]
    send: dict[str, Any]
    sender: str
    accesses: tuple[Access, ...] = ()
