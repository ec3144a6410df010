# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product contributes to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    :param targets: what to configure for the host, plans of targets; see _targets/kinds.
    :param send: how to send as the product does, as the option ``send`` of the module mail_delivery.
    :param sender: the address that its mail is from.
    :param accesses: what the application opens; empty when the product needs no application.
    :param identity: what kind of identity the application is, a module of _identity.
    :param encryption: how the product's own tool encrypts the application's secret, see the module mail_targets.
    :param needs: the ``where`` of what a person has to sign in for before its mail travels, see _sign_ins.py.
    :param loads: which of the files the product's own interpreter loads once they are written, see there.
    """

    permissions: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    send: dict[str, Any]
    sender: str
    accesses: tuple[Access, ...] = ()
    identity: str = "entra"
    encryption: Mapping[str, Any] = field(default_factory=dict)
    loads: Sequence[Mapping[str, Any]] = ()
    needs: str | None = None
