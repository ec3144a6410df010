# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is said of a way that mail takes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment import dates
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.verdict import is_microsoft, judged

TODAY = date(2026, 11, 29)


def use(transport: str | None, authentication: str | None, host: str | None = None) -> dict[str, Any]:
    return {"transport": transport, "authentication": authentication, "host": host}


@pytest.mark.parametrize(("one", "state", "switch_off"), [
    (use("smtp", "basic", "smtp.office365.com"), "ending", dates.SMTP_BASIC),
    (use("imap", "basic", "outlook.office365.com"), "refused", dates.MAILBOX_BASIC),
    (use("ews", "basic"), "refused", dates.MAILBOX_BASIC),
    (use("ews", "oauth2"), "refused", dates.EWS),
    (use("smtp", "basic", "mail.contoso.example"), "password", None),
    (use("smtp", "none", "smtp.office365.com"), "ok", None),
    (use("graph", "oauth2"), "ok", None),
    (use("imap", "google_service_account", "imap.gmail.com"), "ok", None),
    (use("mapi", None), "unknown", None),
    (use(None, None), "unknown", None),
])
def test_states(one: dict[str, Any], state: str, switch_off: dates.SwitchOff | None) -> None:
    found = judged(one, TODAY)
    assert found["state"] == state
    assert (found["since"], found["page"]) == (
        (switch_off.since.isoformat(), switch_off.page) if switch_off else (None, None)
    )


def test_it_is_refused_from_the_day_on() -> None:
    one = use("smtp", "basic", "smtp.office365.com")
    day = dates.SMTP_BASIC.since
    assert [judged(one, day - timedelta(days=ago))["state"] for ago in (1, 0)] == ["ending", "refused"]


@pytest.mark.parametrize(("host", "expected"), [
    ("SMTP.office365.com", True), ("outlook.office365.com.", True), ("smtp.partner.outlook.cn", True), (None, True),
    ("office365.com.evil.example", False), ("notoffice365.com", False), ("mail.contoso.example", False),
])
def test_whose_server_it_is(host: str | None, expected: bool) -> None:
    assert is_microsoft(host) is expected
