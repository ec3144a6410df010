# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where people sign in, so that a product may use a mailbox: no automation can do that for them. Pure.

A verdict of any step may have, beside what ``_verdicts.py`` says::

    sign_ins                [{what, where, account, since, do}]: what was looked at
    authorization_required  those of them that are still to be done

That is no failure: the host goes on, as far as it can, and the report tells who has to do what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

#: How a host's run ends for which somebody has to sign in.
REQUIRED = "authorization required"


@dataclass(frozen=True)
class SignIn:
    """A sign-in of one person at one place.

    :param what: what it authorizes, with an article: "the token cache".
    :param where: its path or address; no two sign-ins of a host have the same.
    :param account: the account to sign in with.
    :param do: the exact words of what to run, or of the address to open; None if nothing is to be done.
    :param since: when it was done, or used last, "2026-11-28T21:00:00Z"; None if that is not known, or it was not.
    """

    what: str
    where: str
    account: str
    do: str | None = None
    since: str | None = None


def verdict(sign_ins: Iterable[SignIn]) -> dict[str, list[dict[str, Any]]]:
    """What a verdict has of them; nothing if there is none."""
    known = [asdict(one) for one in sign_ins]
    required = [one for one in known if one["do"]]
    return {
        **({"sign_ins": known} if known else {}), **({"authorization_required": required} if required else {}),
    }


def told(by_host: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Who has to sign in where and how, and who has done so, a sentence each.

    :param by_host: what verdicts have of it, by host, as may be with ``age_days``.
    """
    return [f"{host}: {_sentence(one)}" for host, some in by_host.items() for one in some]


def age_days(since: str | None, moment: str | None) -> int | None:
    """How many whole days ago a sign-in was done, or used last; None if that is not known."""
    if since is None or moment is None:
        return None
    return max((datetime.fromisoformat(moment) - datetime.fromisoformat(since)).days, 0)


def _sentence(one: Mapping[str, Any]) -> str:
    about = f"{one['what']} {one['where']} of {one['account']}"
    if one["do"]:
        return f"authorization required for {about}: {one['do']}"
    if not one["since"]:
        return f"{about} is authorized."
    days = one.get("age_days")
    ago = "" if days is None else f" ({days} day{'' if days == 1 else 's'} ago)"
    return f"{about} is authorized, last on {one['since'][:10]}{ago}."
