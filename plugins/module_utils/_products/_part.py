# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product contributes to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    :param provider: what to configure on the server: ``files``, see _targets/kinds, and what else it needs.
    :param send: how to send as the product does, as the option ``send`` of the module mail_delivery.
    :param sender: the address that its mail is from.
    :param accesses: what the application opens; empty when the product needs no application.
    """

    permissions: list[dict[str, Any]]
    provider: dict[str, Any]
    send: dict[str, Any]
    sender: str
    accesses: tuple[Access, ...] = ()
