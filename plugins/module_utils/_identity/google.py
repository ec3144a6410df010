# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service account of Google's: its key is tried, and so is the delegation of each mailbox that it is used for.

People make accounts, keys and delegations in consoles of Google, so nothing is made here. What is proven
is that a product with this key will be let in; what is kept in the store are the facts that its configuration names,
never the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import google as tokens
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Keeper
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey, load
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.lifetime import RENEWAL, certificate
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import MAIL_SCOPE, token_options
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import Run, note
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

#: How long before the end of a P12 file's certificate a person is told.
WARNED = timedelta(days=30)


@dataclass(frozen=True)
class Google:
    """The way to Google.

    :param options: of the connection; says which authorities are trusted, and how long to wait.
    """

    options: Mapping[str, Any]
    connections: Connections

    def try_token(self, account: Mapping[str, Any], user: str) -> None:
        """Ask for a token for a user's mailbox.

        :raises AuthenticationError: Google refuses.
        :raises TransportError: it cannot be reached.
        """
        options = {
            **token_options(account, user), "ca_path": self.options.get("ca_path"),
            "timeout": self.options.get("timeout"),
        }
        tokens.source(options, self.connections).token(MAIL_SCOPE)


@asynccontextmanager
async def client(options: Mapping[str, Any]) -> AsyncIterator[Google]:
    """See _identity.Kind."""
    _libraries.require(tokens.MISSING)
    yield Google(options, Connections())


async def present(
    google: Google, wanted: Mapping[str, Any], keeper: Keeper, run: Run, *, check_mode: bool
) -> Verdict:
    """See that the key is the account's, that Google takes it, and that each user's mailbox is delegated.

    :returns: with ``client_id`` (the account's number, None if the key does not say it), ``granted`` and ``key_id``.
    :raises InputError: the key cannot be used.
    :raises AuthenticationError: Google refuses a user; with the refusals of all of them.
    """
    key = load(wanted["account"], "mail_google")
    await prove(google, wanted)
    moment = datetime.now(UTC)
    noted = await note(_facts(key), keeper, run, moment, check_mode=check_mode)
    return done(
        f"{wanted['display_name'] or key.service_account}: "
        + ("what is known of it would be kept." if noted and check_mode else "as it should be."), changed=noted,
        client_id=key.client_id, key_id=key.key_id, granted=[MAIL_SCOPE], warnings=ending(key, moment), diff=[],
    )


async def prove(google: Google, wanted: Mapping[str, Any]) -> None:
    """See that Google gives a token for each user's mailbox.

    :raises AuthenticationError: Google refuses a user; with the refusals of all of them.
    """
    refusals: list[AuthenticationError] = []
    for user in wanted["users"]:
        try:
            await asyncio.to_thread(google.try_token, wanted["account"], user)
        except AuthenticationError as error:
            refusals.append(error)
    if refusals:
        raise _all_of(refusals)


async def absent(google: Google, wanted: Mapping[str, Any], keeper: Keeper, *, check_mode: bool) -> Verdict:
    """Forget what the store knows. The account, its keys and the delegation are not ours."""
    entry, revision = keeper.read()
    if entry and not check_mode:
        keeper.write({}, revision)
    return done(
        "What the store knew of it is removed; the service account and its delegation stay at Google's."
        if entry else "There is nothing of it.",
        changed=bool(entry), client_id=entry.get("client_id"), diff=[],
    )


def ending(key: ServiceAccountKey, moment: datetime) -> list[str]:
    """What there is to say about the end of a key. Pure."""
    if key.expires is None or key.expires - moment > WARNED:
        return []
    return [f"The P12 key of {key.service_account}: {certificate(key.expires, moment)}. {RENEWAL}"]


def _facts(key: ServiceAccountKey) -> dict[str, str]:
    known = {
        "service_account": key.service_account, "key_id": key.key_id, "client_id": key.client_id,
        "expires": key.expires and key.expires.isoformat(timespec="seconds"),
    }
    return {name: value for name, value in known.items() if value}


def _all_of(refusals: Sequence[AuthenticationError]) -> AuthenticationError:
    """One error for all; mailboxes mostly lack the same, so that a remedy is told once."""
    first = refusals[0]
    if len(refusals) == 1:
        return first
    remedies = dict.fromkeys(error.remedy for error in refusals if error.remedy)
    return AuthenticationError(
        " ".join(error.message for error in refusals), code=first.code, remedy=" ".join(remedies) or None,
    )
