# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The service accounts of Google's, as they are: their keys, and what these get for each mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import Finding
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.in_entra import Case
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey, load
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.lifetime import RENEWAL, certificate
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity import google

#: What is looked at here.
CHECKS = frozenset({"secret", "token"})


async def look(options: Mapping[str, Any], cases: Iterable[Case], due_within: timedelta) -> list[Finding]:
    """The accounts that are reached in the same way.

    :param options: the connection's.
    :raises ModernAuthError: a library is missing.
    """
    async with google.client(options) as client:
        return [finding for case in cases for finding in await _account(client, case, due_within)]


async def _account(client: google.Google, case: Case, due_within: timedelta) -> list[Finding]:
    subject = case.subject
    try:
        key = load(case.wanted["account"], "mail_google")
    except ModernAuthError as error:
        return [*subject.error("secret", error), *subject.unknown(["token"], "the key cannot be used")]
    return [*_key(case, key, datetime.now(UTC), due_within), *await _tokens(client, case)]


def _key(case: Case, key: ServiceAccountKey, moment: datetime, due_within: timedelta) -> list[Finding]:
    if key.expires is None or key.expires - moment > due_within:
        return case.subject.ok("secret")
    return case.subject.cross("secret", f"Of the key {key.key_id} {certificate(key.expires, moment)}.", RENEWAL)


async def _tokens(client: google.Google, case: Case) -> list[Finding]:
    try:
        await google.prove(client, case.wanted)
    except ModernAuthError as error:
        return case.subject.error("token", error)
    return case.subject.ok("token")
