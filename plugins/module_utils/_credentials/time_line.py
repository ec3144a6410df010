# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The time line of a credentials report: what is where on it. Pure.

It begins at the moment of the report. A place on it is a percentage of its width, so that a page of any width can draw
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

#: Days that the time line shows at least and at most. What comes later is at its end.
_SHORTEST, _LONGEST = 60, 730


def time_line(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is on it: ``days``, its length; ``months``, [{at, moment}], their first days; and ``bars``, [{application,
    credential, until, next}], one for each credential that ends. ``next`` is the place of what the rotation does next
    because of it, or None if it does nothing, or not at a time that is known.

    :param report: as in report.py, with a moment.
    """
    start = datetime.fromisoformat(report["moment"])
    credentials = [
        (application, one) for application in report["applications"] for one in application["credentials"] if one["end"]
    ]
    longest = max((one["days_left"] for _application, one in credentials), default=0)
    days = max(_SHORTEST, min(_LONGEST, longest + 10))

    def at(moment: datetime) -> float:
        return round(100 * max(0, min((moment - start) / timedelta(days=days), 1)), 2)

    return {
        "days": days,
        "months": [{"at": at(moment), "moment": moment} for moment in _months(start, days)],
        "bars": [
            {
                "application": application, "credential": one, "until": at(datetime.fromisoformat(one["end"])),
                "next": at(datetime.fromisoformat(one["next"]["when"])) if (one["next"] or {}).get("when") else None,
            }
            for application, one in credentials
        ],
    }


def _months(start: datetime, days: int) -> Iterator[datetime]:
    """The first days of months on the time line, so few that their names have room."""
    step = 1 if days <= 120 else 3 if days <= 400 else 6
    moment = start.replace(day=1, hour=0, minute=0, second=0)
    while moment <= start + timedelta(days=days):
        if moment > start and (moment.month - 1) % step == 0:
            yield moment
        moment = (moment + timedelta(days=32)).replace(day=1)
