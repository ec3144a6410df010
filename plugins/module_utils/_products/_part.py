# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product contributes to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


def credentials(application: str | None = None) -> dict[str, Any]:
    """The options by which the module mail_delivery signs in as an application of the product's.

    :param application: its unique name; None if the product has but one.
    """
    whose = {} if application is None else {"application": application}
    return {
        "tenant_id": {"fact": "tenant_id", **whose},
        "client_id": {"fact": "client_id", **whose},
        "client_secret": {"secret": "client_secret", **whose},
    }


#: Those of a product with one application.
OWN_CREDENTIALS: Mapping[str, Any] = credentials()


@dataclass(frozen=True)
class Access:
    """A mailbox that the application opens.

    :param senders: addresses of other mailboxes as which it sends.
    :param by: who signs in: the application itself, which then needs rights of its own, or a person, who has them.
    """

    transport: Literal["graph", "smtp", "imap", "pop3"]
    mailbox: str
    senders: tuple[str, ...] = ()
    by: Literal["application", "person"] = "application"


@dataclass(frozen=True)
class Application:
    """An identity as which the product signs in.

    :param permissions: what it needs, by name: ``{"resource": str, "application": [str], "delegated": [str]}``.
    :param accesses: what it opens.
    :param unique_name: which of those that the host names it is, and what references call it; None for ``mail_app``,
        where the product has no other.
    :param identity: of what kind it is, a module of _identity.
    :param registration: what the product wants of it, beside what the operator says; see _plan/applications.py.
    :param dedicated: what it is for, in words, where it can serve nothing else; None where hosts may share it.
    """

    permissions: Sequence[Mapping[str, Any]] = ()
    accesses: tuple[Access, ...] = ()
    unique_name: str | None = None
    identity: str = "entra"
    registration: Mapping[str, Any] = field(default_factory=dict)
    dedicated: str | None = None


@dataclass(frozen=True)
class Part:
    """What one host's settings mean for its product.

    A value that is known only later stands as a reference, see _references.py: ``{"fact": NAME}`` for what the store
    says of an application, ``{"secret": NAME}`` for a secret, by the path of its variable or, for an application's own,
    "client_secret". Where there are several applications, references name theirs.

    :param targets: what to configure for the host, plans of targets; see _targets/kinds.
    :param send: how to send as the product does, as the option ``send`` of the module mail_delivery; None if nobody
        but the product can.
    :param sender: the address that its mail is from.
    :param applications: as which it signs in; empty when it needs none.
    :param takes: how to see that it takes the mail out of its mailboxes, as options of the module mail_delivery that go
        with ``expect: taken``: ``receive``, and perhaps ``timeout``.
    :param receives: how to read each of its mailboxes as it does, as the option ``receive`` of that module.
    :param override: the addresses to which it sends all mail instead.
    :param unproven: what no mail of ours can prove, a few words each.
    :param restart_command: what restarts the product, unless the operator says it.
    :param encryption: how the product's own tool encrypts the application's secret, see the module mail_targets.
    :param needs: the ``where`` of what a person has to sign in for before its mail travels, see _sign_ins.py.
    :param sign_in: what ``needs`` is about, as the fields ``what``, ``where``, ``account`` and ``do`` of a SignIn, for
        the day on which that ends.
    :param delegate: who signs in there, where the mailbox is another's, as ``account`` and ``mailbox``.
    :param remedy: where to look when its mail does not travel, a sentence.
    :param loads: which of the files the product's own interpreter loads once they are written, see there.
    """

    targets: list[dict[str, Any]]
    send: dict[str, Any] | None
    sender: str
    applications: tuple[Application, ...] = ()
    receives: Sequence[Mapping[str, Any]] = ()
    override: Sequence[str] = ()
    unproven: Sequence[str] = ()
    restart_command: Sequence[str] = ()
    encryption: Mapping[str, Any] = field(default_factory=dict)
    loads: Sequence[Mapping[str, Any]] = ()
    needs: str | None = None
    takes: Sequence[Mapping[str, Any]] = ()
    sign_in: Mapping[str, str] | None = None
    delegate: Mapping[str, str] | None = None
    remedy: str | None = None
