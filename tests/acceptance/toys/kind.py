# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A target of which a person has to make sure: nothing is written, a file shows that it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FoundFile, Server, Wanted

PORT = "server"


@dataclass(frozen=True)
class Target:
    """The file that is there once the account has signed in."""

    path: str
    account: str

    @property
    def name(self) -> str:
        """See Target."""
        return self.path

    def plan(self) -> dict[str, Any]:
        """See Target."""
        return {"kind": "toy", "path": self.path, "account": self.account}

    def compare(self, found: FoundFile) -> Change[None]:
        """See Target."""
        do = None if found.content else "Say hello to the toy."
        return Change(self.name, "", "", sign_in=SignIn("the toy", self.path, self.account, do))


def look(targets: Sequence[Target], port: Server, known: Mapping[str, str]) -> Sequence[FoundFile]:
    """See change.py."""
    return port.look([Wanted(target.path) for target in targets])


def write(writes: Sequence[None], port: Server) -> Mapping[str, Any]:
    """See change.py; nothing is ever written."""
    return {}
