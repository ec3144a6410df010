# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an assessment shows in a terminal."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.report import rows


def use(place: str, purpose: str = "") -> dict[str, Any]:
    return {
        "use": "send", "purpose": purpose, "place": place, "transport": "smtp", "authentication": "basic",
        "host": "smtp.office365.com", "port": 587, "since": None, "state": "warn",
    }


def names(*uses: dict[str, Any]) -> list[str]:
    host = {
        "host": "tas-1", "wave": 1, "environment": "prod", "product": "team_assistant", "uses": list(uses),
        "problems": [], "change": {"planned": False},
    }
    return [row["use"] for row in rows({"hosts": [host]})]


def test_uses_are_told_apart_by_their_purpose_or_else_by_where_they_stand() -> None:
    assert names(use("/srv/a/local.js")) == ["send"]
    assert names(use("/srv/web.config", "receiving"), use("/srv/web.config", "new_action")) == [
        "send receiving", "send new_action",
    ]
    assert names(use("/srv/a/local.js"), use("/srv/b/local.js")) == ["send (/srv/a/local.js)", "send (/srv/b/local.js)"]
