# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Access tokens of people who have signed in, for the proofs of a run: each is asked for once, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    ModernAuthError,
    StoreError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import UNKNOWN
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import People, own_sign_in

#: How many tokens are asked for at a time.
AT_ONCE = 32


class Wanted(NamedTuple):
    """A token: of which application, by which of its credentials, whose and for what."""

    application: str
    slot: str
    account: str
    scope: str


@dataclass(frozen=True)
class Way:
    """How a token is asked for.

    :param options: what the token source ``signed_in`` takes, but for what People keep.
    """

    wanted: Wanted
    people: People
    unique_name: str
    options: Mapping[str, Any] = field(repr=False)


class SignInNeeded(ModernAuthError):
    """A person has to sign in first, which is no failure."""

    def __init__(self, sign_in: SignIn) -> None:
        super().__init__(str(sign_in.do))
        self.sign_in = sign_in


@dataclass(frozen=True)
class Token:
    """What was found of a token: the token, or why there is none."""

    way: Way
    found: str | ModernAuthError = field(repr=False)

    def value(self, host: str | None) -> str:
        """The token.

        :param host: the host of the inventory that it is for, for the words of what to run.
        :raises SignInNeeded: there is none until a person signs in.
        :raises ModernAuthError: there is none for another reason.
        """
        if isinstance(self.found, str):
            return self.found
        if not (isinstance(self.found, AuthenticationError) and self.found.needs_person):
            raise self.found
        why = " ".join(filter(None, (self.found.message, self.found.remedy)))
        raise SignInNeeded(own_sign_in(self.way.unique_name, self.way.wanted.account, host, why=why))


def tokens(ways: Sequence[Way]) -> dict[Wanted, Token]:
    """The tokens; nobody is asked to sign in."""
    if not ways:
        return {}
    require(signed_in.MISSING)
    connections = Connections()

    def ask(way: Way) -> tuple[Token, str | None]:
        options = {**way.options, "account": way.wanted.account, "sign_in": way.people.sign_in}
        try:
            person = signed_in.source(options, connections)
            return Token(way, person.token(way.wanted.scope)), person.kept
        except ModernAuthError as error:
            return Token(way, error), None

    with ThreadPoolExecutor(AT_ONCE, "person") as pool:
        found = list(pool.map(ask, ways))
    for token, kept in found:
        if kept is not None:
            # The old one is good for a while, and the next run tries again.
            with suppress(StoreError):
                token.way.people.renew(kept)
    return {token.way.wanted: token for token, _kept in found}


def predicted(ways: Sequence[Way]) -> dict[Wanted, Token]:
    """As far as can be told without asking for them."""
    return {
        way.wanted: Token(way, UNKNOWN if way.people.sign_in else signed_in.nobody(way.wanted.account)) for way in ways
    }
