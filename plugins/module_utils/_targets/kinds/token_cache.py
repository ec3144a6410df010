# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of tokens that a tool of the product's vendor keeps for it on each server, once a person has signed in there.

It is encrypted for that machine (Windows DPAPI, in machine scope), so that it can neither be made elsewhere nor copied.
Nothing is written, and it is not read either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, plan_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FileState, Server

#: A refresh token that is not used for so long is of no use any more (AADSTS700082). Whoever uses it writes the cache.
LIFETIME = timedelta(days=90)


@dataclass(frozen=True)
class TokenCache:
    """The file.

    :param account: the account to sign in with.
    :param command: what a person runs on the server to do so, as it is typed there.
    :param reader: the account that the product runs as, which has to be able to read the file; None if it is not known.
    """

    KIND: ClassVar[str] = "token_cache"

    path: str
    account: str
    command: str
    reader: str | None = None

    @property
    def name(self) -> str:
        """See Target."""
        return self.path

    def plan(self) -> dict[str, Any]:
        """See Target."""
        return plan_of(self, self.KIND)

    def compare(self, found: FileState) -> Change[None]:
        """See Target."""
        return Change(
            self.path, "", "", self._warnings(found),
            sign_in=SignIn("the token cache", self.path, self.account, self._to_do(found), found.written),
        )

    def _to_do(self, found: FileState) -> str | None:
        run = f"On this server, run `{self.command}` and sign in with {self.account}."
        if found.written is None:
            return f"It is not there. {run} A cache that was made on another server cannot be used."
        if found.readable is False:
            grant = f'icacls "{self.path}" /grant "{self.reader}:R"'
            return f"It is there, and {self.reader} may not read it. Run `{grant}`."
        if _moment(found.now) - _moment(found.written) > LIFETIME:
            return f"It was last used on {found.written[:10]}; after {LIFETIME.days} days it is of no use. {run}"
        return None

    def _warnings(self, found: FileState) -> tuple[str, ...]:
        if found.written is None or self.reader is None or found.readable is not None:
            return ()
        return (f"It cannot be told whether {self.reader} may read {self.path}; see to it that it may.",)


Target = TokenCache
PORT = "server"


def look(targets: Sequence[TokenCache], port: Server, known: Mapping[str, str]) -> Sequence[FileState]:
    """See change.py."""
    return port.states([(target.path, target.reader) for target in targets])


def write(writes: Sequence[None], port: Server) -> Mapping[str, Any]:
    """See change.py; there is never anything to write."""
    return {}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
