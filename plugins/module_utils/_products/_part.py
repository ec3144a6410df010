# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product contributes to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """What one host's settings mean for its product.

    A value that is known only later stands as a reference: ``{"fact": NAME}`` for tenant_id and client_id,
    ``{"secret": NAME}`` for a secret, by the path of its variable or, for the application's own, "client_secret".

    :param permissions: what the application needs, by name:
        ``{"resource": str, "application": [str], "delegated": [str]}``. Empty when the product needs no application.
    :param provider: what to configure on the server: ``path``, ``create``, ``settings``, ``encryption``.
    :param send: how to send as the product does, as the option ``send`` of the module mail_delivery.
    :param sender: the address that its mail is from.
    """

    permissions: list[dict[str, Any]]
    provider: dict[str, Any]
    send: dict[str, Any]
    sender: str
