# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a report tells of the key of a service account of Google's: whose it is and how long it lives. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.credentials import judged
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.lifetime import told


def reading(key: ServiceAccountKey, source: str, moment: datetime, due_within: timedelta) -> dict[str, Any]:
    """What was read of a service account, see report.py; nothing of the key but its id.

    :param source: where the key was read, a path or a variable.
    :param due_within: how long before its end it counts as due.
    """
    life = {"end": None, "days_left": None, "status": "ok"} if key.expires is None else (
        judged(_stamp(key.expires), moment, due_within)
    )
    credential = {
        "key_id": key.key_id, "kind": f"{key.format.upper()} key", "display_name": key.service_account,
        "managed": False, "name": None, "start": key.issued and _stamp(key.issued), **life, "source": source,
    }
    return {
        "moment": _stamp(moment), "credentials": [credential], "notes": [told(key, source, moment)], "problem": None,
    }


def unread(problem: str, moment: datetime) -> dict[str, Any]:
    """The same of one whose key cannot be read.

    :param problem: why not.
    """
    return {"moment": _stamp(moment), "credentials": [], "notes": [], "problem": problem}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
