# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Any cmdlets, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    check,
    reads_only,
)

REFERENCE = "https://learn.microsoft.com/powershell/module/exchange/"


def call(cmdlet: str, parameters: Mapping[str, Any], secret_parameters: Mapping[str, Any]) -> Call:
    """The call of a cmdlet. Pure.

    :raises InputError: if it cannot be sent, or a parameter is given as a secret and not.
    """
    both = sorted(parameters.keys() & secret_parameters.keys())
    if both:
        raise InputError(
            f"{cmdlet}: {', '.join(both)} stands in parameters and in secret_parameters.",
            remedy="Leave it in one of them.",
        )
    made = Call(cmdlet, {**parameters, **secret_parameters})
    check(made)
    return made


async def run(session: ExchangeSession, calls: Sequence[Call], *, only_read: bool) -> list[dict[str, Any]]:
    """Run cmdlets in the order given, up to the first that is refused.

    :param only_read: leave out those that may change something.
    :returns: {cmdlet, ran, rows, warnings} of each.
    :raises ModernAuthError: with the results so far, and whether something was changed, among its details.
    """
    results: list[dict[str, Any]] = []
    for one in calls:
        rows, warnings = [], []
        runs = reads_only(one.cmdlet) or not only_read
        if runs:
            try:
                answer = await session.invoke(one.cmdlet, one.parameters)
            except ExchangeError as error:
                error.remedy = error.remedy or f"See the cmdlet's reference: {REFERENCE}{one.cmdlet.casefold()}"
                error.details |= {"results": results, "changed": changes(calls[:len(results)]) and not only_read}
                raise
            rows, warnings = list(answer), list(answer.warnings)
        results.append({"cmdlet": one.cmdlet, "ran": runs, "rows": rows, "warnings": warnings})
    return results


def changes(calls: Sequence[Call]) -> bool:
    """Whether one of them may change something. Pure."""
    return any(not reads_only(one.cmdlet) for one in calls)
