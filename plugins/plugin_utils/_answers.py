# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a module answered to the action that ran it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reason(answer: Mapping[str, Any]) -> str:
    """Why a module failed, in its own words, without a full stop, to stand within a sentence."""
    # Since 2.19 the reason of a module that raised is in its exception, not in msg; before, it is the last line there.
    raised = getattr(getattr(answer.get("exception"), "event", None), "msg", None)
    traceback = str(answer.get("module_stderr") or "").strip().splitlines()
    last = traceback[-1] if traceback else ""
    message = raised if answer.get("msg") in (None, "") else answer["msg"]
    told = last if last and "MODULE FAILURE" in str(message) else message or "no reason was given"
    return str(told).rstrip(".")
