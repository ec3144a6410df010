# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is to be done about a token cache, by what its server tells of it."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.token_cache import TokenCache
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FileState

NOW = "2026-11-28T21:00:00Z"
PATH, READER = "C:\\CMO\\cmo_msal_cache.dat", "IIS AppPool\\CMO"
CACHE = TokenCache(PATH, "cmo@contoso.example", "C:\\CMO\\Helper.exe", READER)
RUN = "On this server, run `C:\\CMO\\Helper.exe` and sign in with cmo@contoso.example."


@pytest.mark.parametrize(("found", "do"), [
    (FileState(None, NOW, None), f"It is not there. {RUN} A cache that was made on another server cannot be used."),
    (FileState(NOW, NOW, True), None),
    (FileState("2026-08-30T21:00:00Z", NOW, True), None),
    (
        FileState("2026-08-30T20:59:59Z", NOW, True),
        f"It was last used on 2026-08-30; after 90 days it is of no use. {RUN}",
    ),
    (
        FileState(NOW, NOW, False),
        f'It is there, and {READER} may not read it. Run `icacls "{PATH}" /grant "{READER}:R"`.',
    ),
])
def test_what_is_to_be_done(found: FileState, do: str | None) -> None:
    change = CACHE.compare(found)
    assert change.sign_in
    assert (change.sign_in.do, change.sign_in.since, change.sign_in.where) == (do, found.written, PATH)
    # Nothing is ever written.
    assert (change.changed, change.warnings) == (False, ())


def test_what_cannot_be_told_is_said() -> None:
    change = CACHE.compare(FileState(NOW, NOW, None))
    assert change.warnings == (f"It cannot be told whether {READER} may read {PATH}; see to it that it may.",)
    assert TokenCache(PATH, "a@contoso.example", "x").compare(FileState(NOW, NOW, None)).warnings == ()


def test_a_plan_of_it_names_who_signs_in() -> None:
    assert CACHE.plan() == {
        "kind": "token_cache", "path": PATH, "account": "cmo@contoso.example", "command": "C:\\CMO\\Helper.exe",
        "reader": READER,
    }
