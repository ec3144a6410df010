# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Many proofs at once: mails that arrive, and mails that are refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils import _libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import is_replicating
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    DeliveryError,
    InputError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import Progress, each
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.check import check_from, run
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.options import complete
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.services import missing_libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

#: How many checks run at a time. Each that speaks SMTP, IMAP or POP3 holds a thread while it waits for the server.
AT_ONCE = 32
#: Seconds between two attempts of a check whose failure may pass by itself.
PAUSE = 30.0
#: For how many seconds a replica of the identity platform may not know a credential that is new, and how often it is
#: asked again: it takes seconds, rarely minutes.
SIGN_IN_PATIENCE = 60.0
SIGN_IN_PAUSE = 5.0
#: How many answers a check may wait for, each for its request_timeout, beside the time that the mail takes.
ANSWERS = 20

Check: TypeAlias = Mapping[str, Any]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_WENT = {
    "delivered": "The mail was delivered.", "refused": "The mail was refused, as it should be.",
    "taken": "The mail was taken out of the mailbox.",
}

#: What a check has beside the options of the module mail_delivery.
OWN = frozenset({"name", "host", "patience", "new_client_ids", "proves"})


async def prove_all(
    checks: Sequence[Check], *, progress: Progress, concurrency: int = AT_ONCE,
    sleep: Sleep = asyncio.sleep, clock: Callable[[], float] = time.monotonic,
) -> dict[str, Verdict]:
    """Run all checks, some at a time, each with a time limit of its own.

    A token is asked for anew for each credential, and again for a check that is tried again.

    :param checks: each a dictionary of ``name``, the options of the module mail_delivery, and as may be ``host``, and
        ``patience``: for how many seconds from now a failure that may pass by itself is tried again, and
        ``new_client_ids``: the applications whose credentials were made moments ago.
    :param sleep: waits the given seconds between two attempts; a test hands in one that does not.
    :param clock: a monotonic clock in seconds, by which patience ends.
    :returns: the verdicts by the checks' titles, in their order, with ``name``, ``host``, ``attempts`` and
        ``delivery``, which is the return value of mail_delivery as far as the check came.
    :raises InputError: if two checks have the same title, see ``title``.
    """
    titled = {title(check): check for check in checks}
    if len(titled) < len(checks):
        raise InputError("Two of the checks have the same name and host; give each a name of its own.")
    # The loop's own pool is made for a handful of threads.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency, "check"))
    sources = TokenSources(clock)
    started = clock()

    async def work(check: Check) -> Verdict:
        return await _Proof(check, sources, progress, sleep, started).verdict()

    verdicts = await each(titled, work, at_once=concurrency, progress=progress)
    return {
        key: {**{name: check[name] for name in ("name", "host") if name in check}, **verdicts[key]}
        for key, check in titled.items()
    }


def title(check: Check) -> str:
    """What a check is known by: its name, and the host that it is for."""
    return f"{check['host']}: {check['name']}" if check.get("host") else str(check["name"])


class _Proof:
    """One check, tried until it holds, fails for good, or its patience ends.

    :param started: when the run of all checks began. Rights were changed before that, so that a check whose turn comes
        late need not wait as long as the first.
    """

    def __init__(
        self, check: Check, sources: TokenSources, progress: Progress, sleep: Sleep, started: float
    ) -> None:
        self._title = title(check)
        self._options = complete({name: value for name, value in check.items() if name not in OWN})
        self._sources = sources
        self._patient_until = started + float(check.get("patience", 0))
        self._new_client_ids = check.get("new_client_ids", [])
        self._signs_in_until = started + SIGN_IN_PATIENCE
        self._progress = progress
        self._sleep = sleep

    async def verdict(self) -> Verdict:
        """The check's outcome.

        :raises ModernAuthError: with ``delivery`` among its details, as far as the check came.
        """
        attempts, since, pause = 1, 0.0, PAUSE
        while True:
            try:
                delivery = await self._once(since)
            except AuthenticationError as error:
                pause = SIGN_IN_PAUSE
                if not self._may_be_unknown(error) or self._sources.clock() + pause > self._signs_in_until:
                    raise
                self._progress.say(f"{self._title}: {error.message} Trying again in {pause:g} s.")
            except DeliveryError as error:
                error.details["attempts"], pause = attempts, PAUSE
                if not error.passing or self._sources.clock() + pause > self._patient_until:
                    raise
                self._progress.say(f"{self._title}: {error.message} Trying again in {pause:g} s.")
            else:
                return done(_WENT[self._options["expect"]], attempts=attempts, delivery=delivery)
            since = self._sources.clock()
            await self._sleep(pause)
            attempts += 1

    def _may_be_unknown(self, error: AuthenticationError) -> bool:
        """Whether it is the new credential that was refused, and not that of whoever reads the mail."""
        return error.client_id in self._new_client_ids and is_replicating(error)

    async def _once(self, since: float) -> dict[str, Any]:
        check = check_from(self._options)
        _libraries.require(missing_libraries(check.settings))
        limit = self._options["timeout"] + ANSWERS * self._options["request_timeout"]
        try:
            async with asyncio.timeout(limit):
                return await run(check, self._sources, since)
        except TimeoutError as error:
            raise DeliveryError(
                f"The check did not come to an end within {limit} seconds.", details={"step": "wait"},
                remedy="Look at the load of the mail servers, or give a longer timeout.",
            ) from error
