# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What checks have found, and how it is told. Pure.

The names of checks are an interface: docs/doctor.md lists them, the symptoms name those that decide, and the file of a
run has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import lines

Kind = Literal["controller", "application", "mailbox", "host"]
State = Literal["ok", "cross", "unknown"]

#: The checks, by what they are about, in the order in which they are told.
CHECKS: Mapping[Kind, tuple[str, ...]] = {
    "controller": ("libraries", "caller_sign_in", "caller_permissions", "caller_exchange", "policies"),
    "application": (
        "store", "registration", "service_principal", "permissions", "secret", "token", "exchange_principal",
        "mailbox_rights", "scope",
    ),
    "mailbox": ("licence", "smtp_auth", "imap", "pop3", "reader"),
    "host": ("plan", "server", "targets", "settings", "restart", "person"),
}
#: What stands above the marks of a check whose name would make the table too wide.
HEADINGS: Mapping[str, str] = {
    "registration": "app", "service_principal": "principal", "permissions": "consent", "exchange_principal": "exchange",
    "mailbox_rights": "rights",
}
#: A terminal of 120 columns, less those by which Ansible indents.
_WIDTH = 112
#: What no other check can do without.
_FIRST = frozenset({"libraries", "caller_sign_in", "plan"})
_MARKS: Mapping[State, str] = {"ok": "✓", "cross": "✗", "unknown": "?"}
_RESULT = "result"


@dataclass(frozen=True)
class Finding:
    """What a check found about something.

    :param about: the name of a host or of an application, the address of a mailbox, or "controller".
    :param state: ``unknown`` if it could not be told.
    :param found: what is wrong, or why it could not be told, for people; "" if nothing is wrong.
    :param remedy: what to do about it.
    :param hosts: those that it concerns; empty for all of them.
    """

    kind: Kind
    about: str
    check: str
    state: State
    found: str = ""
    remedy: str = ""
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What checks are about; makes the findings."""

    kind: Kind
    about: str
    hosts: tuple[str, ...] = ()

    def ok(self, *checks: str) -> list[Finding]:
        """Nothing is wrong."""
        return [Finding(self.kind, self.about, check, "ok", hosts=self.hosts) for check in checks]

    def unknown(self, checks: Iterable[str], why: str) -> list[Finding]:
        """It cannot be told."""
        return [Finding(self.kind, self.about, check, "unknown", why, hosts=self.hosts) for check in checks]

    def cross(self, check: str, found: str, remedy: str) -> list[Finding]:
        """It is wrong."""
        return [Finding(self.kind, self.about, check, "cross", found, remedy, self.hosts)]

    def error(self, check: str, error: ModernAuthError) -> list[Finding]:
        """It is wrong, as an error says."""
        return self.cross(check, error.message, error.remedy or "")


CONTROLLER = Subject("controller", "controller")


def crosses(findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong."""
    return [one for one in findings if one.state == "cross"]


def crossed(findings: Iterable[Finding], about: str, checks: Collection[str]) -> bool:
    """Whether one of the checks has found something wrong with it."""
    return any(one.about == about and one.check in checks for one in crosses(findings))


def limited(findings: Iterable[Finding], checks: Collection[str]) -> list[Finding]:
    """What those checks have found, and what is wrong with what they need."""
    return [one for one in findings if one.check in checks or (one.check in _FIRST and one.state == "cross")]


def parts(verdict: Mapping[str, Any]) -> tuple[str, str]:
    """What a verdict that fails says is wrong, and the remedy."""
    remedy = str(verdict.get("remedy", ""))
    return str(verdict["msg"]).removesuffix(remedy).rstrip(), remedy


def sentence(finding: Finding) -> str:
    """What is wrong and what to do, without what it is about."""
    return f"{finding.check}: {finding.found} {finding.remedy}".rstrip()


def table(findings: Sequence[Finding]) -> list[str]:
    """A table for each kind of things, with a mark for each check, and below it what is wrong and what to do, and why
    the rest could not be told.
    """
    told: list[str] = []
    for kind, checks in CHECKS.items():
        of_kind = [one for one in findings if one.kind == kind]
        rows = [_row(kind, about, checks, of_kind) for about in dict.fromkeys(one.about for one in of_kind)]
        if rows:
            columns = (kind, *map(_heading, checks), _RESULT)
            told += [*([""] if told else []), *lines(rows, columns, (kind, _RESULT), width=_WIDTH)]
    return told


def plain(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings for a file; names and services' words can hold anything."""
    return [asdict(replace(one, found=shown(one.found), about=shown(one.about))) for one in findings]


def _heading(check: str) -> str:
    return HEADINGS.get(check, check)


def _row(kind: Kind, about: str, checks: Sequence[str], findings: Iterable[Finding]) -> dict[str, Any]:
    own = [one for one in findings if one.about == about]
    # One check can have found several things, the worst of which is its mark.
    marks = {
        _heading(check): next((_MARKS[state] for state in ("cross", "unknown", "ok") if any(
            one.state == state for one in own if one.check == check
        )), "") for check in checks
    }
    wrong = crosses(own)
    reasons: dict[str, list[str]] = {}
    for one in own:
        if one.state == "unknown":
            reasons.setdefault(one.found, []).append(one.check)
    unclear = [f"{_MARKS['unknown']} {', '.join(untold)}: {why}." for why, untold in reasons.items()]
    told = [*map(sentence, wrong), *unclear]
    result = f"{len(wrong)} wrong" if wrong else "unknown" if reasons else "ok"
    return {kind: about, **marks, _RESULT: result, "failed": bool(told), "message": "\n".join(told)}
