# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product is configured with at present, whoever has configured it, in one form for all products. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File


@dataclass(frozen=True)
class Place:
    """A place in which a product keeps mail settings.

    :param target: of which only what it takes to look there counts. An object that is ``listed`` stands for all rows.
    :param read: what of it counts: of a file's bytes, of an object, or of a list of rows.

        :raises InputError: it is not understood.
    """

    target: File | ApiObject
    read: Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Use:
    """One way that mail takes, as the product is configured now. None where the product does not say.

    :param purpose: which one it is, where a product has several; "" else.
    :param place: the file, or the address of the object; ``key`` is what is called so in it.
    :param secret: whether a password or client secret is there; None where none is needed, or nobody can tell.
    :param user: who signs in; ``mailbox`` is what is opened, or sent from.
    :param remarks: what else a person should know, a sentence each.
    """

    use: Literal["send", "receive"]
    place: str
    key: str
    transport: Literal["graph", "smtp", "imap", "pop3", "mapi", "ews"] | None
    authentication: Literal["none", "basic", "oauth2", "google_service_account"] | None
    purpose: str = ""
    host: str | None = None
    port: int | None = None
    tls: str | None = None
    user: str | None = None
    mailbox: str | None = None
    secret: Literal["set", "empty"] | None = None
    client_id: str | None = None
    tenant_id: str | None = None
    scopes: Sequence[str] = ()
    remarks: Sequence[str] = ()


class Present(Protocol):
    """How what a product is configured with is read."""

    def places(self, extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
        """Where its settings are.

        :param extras: the host's variable that is called as the product is, as far as it makes sense.
        :param problems: what is needed to find them, and is not said, is appended.
        """

    def uses(self, found: Mapping[str, Any]) -> Sequence[Use]:
        """What the settings mean.

        :param found: what was read in each place, by the name of its target; without those that could not be read.
        """


def secret(value: Any) -> Literal["set", "empty"]:
    """Whether a secret is there."""
    return "set" if value else "empty"


def text(value: Any) -> str | None:
    """A text that says something."""
    return str(value) if value not in (None, "") else None


def port(value: Any) -> int | None:
    """A port's number; None if it is none."""
    return int(value) if str(value).isascii() and str(value).isdigit() else None


def server(value: Any) -> tuple[str | None, int | None]:
    """A host, and the port behind a colon if there is one."""
    host, _colon, number = str(value or "").partition(":")
    return text(host), port(number)
