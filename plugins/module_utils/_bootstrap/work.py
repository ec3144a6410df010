# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run makes: the caller in Entra, and the reader in Entra and in Exchange, where its mailboxes are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap import transaction
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import Needs
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import Party
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate import accesses
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import NOTHING, Rights
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

#: Opens a session, for which somebody may have to sign in.
Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[ExchangeSession]]


@dataclass(frozen=True)
class Work:
    """The two parties, and what each has to be allowed.

    :param rights: None if nobody has to read a mailbox.
    """

    caller: Party
    needs: Needs
    reader: Party
    rights: Rights | None


async def present(
    graph: GraphClient, connect: Connect, work: Work, *, cloud: str, check_mode: bool
) -> dict[str, Verdict]:
    """Make them; gives a verdict of each that is needed, ``caller`` and ``reader``."""
    verdicts: dict[str, Verdict] = {}
    if work.needs.permissions:
        verdicts["caller"] = await transaction.present(
            graph, work.caller, work.needs.declared, administers_exchange=work.needs.exchange, cloud=cloud,
            check_mode=check_mode,
        )
    if work.rights is not None:
        made = await transaction.present(
            graph, work.reader, work.rights.permissions, administers_exchange=False, cloud=cloud, check_mode=check_mode
        )
        opened = done("", warnings=[], diff=[])
        if made["client_id"] is not None:
            async with connect() as session:
                opened = await accesses.present(
                    graph, session, _as_application(work.reader, work.rights), made["client_id"], check_mode=check_mode
                )
        verdicts["reader"] = _joined(made, opened)
    return verdicts


async def absent(graph: GraphClient, connect: Connect, work: Work, *, check_mode: bool) -> dict[str, Verdict]:
    """Take them away, needed or not, the reader's mailboxes first; gives a verdict of each."""
    client_id = await transaction.client_id_of(graph, work.reader)
    closed = done("", warnings=[], diff=[])
    if client_id is not None:
        async with connect() as session:
            closed = await accesses.absent(
                session, _as_application(work.reader, work.rights), client_id, check_mode=check_mode
            )
    removed = await transaction.absent(graph, work.reader, [], check_mode)
    return {
        "reader": _joined(removed, closed),
        "caller": await transaction.absent(graph, work.caller, work.needs.declared, check_mode),
    }


def _as_application(reader: Party, rights: Rights | None) -> Mapping[str, Any]:
    """The reader as the estate has applications."""
    return {
        "unique_name": reader.unique_name, "display_name": reader.display_name,
        "exchange": rights.exchange if rights else NOTHING,
    }


def _joined(in_entra: Verdict, in_exchange: Verdict) -> Verdict:
    """One verdict of what became of the reader in both."""
    changed = [one["msg"] for one in (in_entra, in_exchange) if one["changed"]]
    return {
        **in_entra, "changed": bool(changed), "msg": " ".join(changed) or in_entra["msg"],
        **{name: [*in_entra[name], *in_exchange.get(name, [])] for name in ("diff", "warnings")},
    }
