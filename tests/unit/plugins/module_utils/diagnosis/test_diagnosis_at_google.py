# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a diagnosis says of the key of a service account, before Google is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import at_google
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import Subject
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.in_entra import Case
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, END, as_p12


def looked_at(file: Path, due_within: timedelta) -> dict[str, tuple[str, str]]:
    """State and words, by check, of an account whose key no mailbox needs."""
    wanted: dict[str, Any] = {"account": {"key_file": str(file), "service_account": ACCOUNT}, "users": []}
    found = asyncio.run(at_google.look({}, [Case(Subject("application", "cmo"), wanted, None)], due_within))
    return {one.check: (one.state, one.found) for one in found}


@pytest.mark.parametrize(("margin", "state"), [(1, "ok"), (-1, "cross")])
def test_a_certificate_that_ends_soon_is_told(tmp_path: Path, margin: int, state: str) -> None:
    file = tmp_path / "google.p12"
    file.write_bytes(as_p12())
    found = looked_at(file, END - datetime.now(UTC) - timedelta(days=margin))
    assert (found["secret"][0], found["token"]) == (state, ("ok", ""))
    assert ("its certificate ends on 2030-01-02" in found["secret"][1]) == (state == "cross")


def test_a_key_that_cannot_be_used_hides_what_it_gets(tmp_path: Path) -> None:
    (tmp_path / "google.p12").write_bytes(b"")
    found = looked_at(tmp_path / "google.p12", timedelta(days=14))
    assert (found["secret"][0], found["token"][0]) == ("cross", "unknown")
    assert "mail_google.key_file: is no P12 file" in found["secret"][1]
