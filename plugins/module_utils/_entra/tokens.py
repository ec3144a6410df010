# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proof that a credential gets a token now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import is_replicating
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import wait_until

if TYPE_CHECKING:
    from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import TokenSource


@dataclass(frozen=True)
class Proof:
    """A token that was just issued.

    :param attempts: how often it had to be asked for.
    """

    token: str
    attempts: int


async def prove(
    tokens: TokenSource, scope: str, patience: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Proof:
    """Get a token that no cache held: a cached one would prove a credential that is gone.

    :param patience: seconds to wait while the identity platform refuses as it does before a new application,
        credential or grant has reached every replica. Any other refusal is final at once.
    :raises AuthenticationError: if it is refused for good, or still when the time is up.
    :raises TransportError: if the identity platform cannot be reached.
    """
    attempts = 0

    async def attempt() -> str | AuthenticationError:
        nonlocal attempts
        attempts += 1
        try:
            return await asyncio.to_thread(_issued, tokens, scope)
        except AuthenticationError as error:
            return error

    def is_final(result: str | AuthenticationError) -> bool:
        return isinstance(result, str) or not is_replicating(result)

    result = await wait_until(attempt, is_final, patience, sleep)
    if isinstance(result, str):
        return Proof(result, attempts)
    result.details["attempts"] = attempts
    raise result


def _issued(tokens: TokenSource, scope: str) -> str:
    token = tokens.token(scope)
    return tokens.token(scope) if tokens.refresh() else token
