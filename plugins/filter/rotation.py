# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rotation, for the role mail_rotation. Each filter is documented in a file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.modern_auth.plugins.module_utils import _rotation
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import is_gone, this_run
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.teams import involved, teams


def mail_rotation_decision(
    entry: Mapping[str, Any], reading: Mapping[str, Any], name: str, team: Sequence[str], present: Iterable[str],
    terms: Mapping[str, Any], run: str,
) -> dict[str, Any]:
    """See mail_rotation_decision.yml."""
    lock = entry.get("lock")
    try:
        lengths = {key: duration(option, terms[key]) for key, option in (
            ("renew_within", "mail_app.secret.renew_within"), ("overlap", "mail_rotation_overlap"),
            ("lease", "mail_rotation_lock"),
        )}
    except ModernAuthError as error:
        raise AnsibleFilterError(f"{error.message} {error.remedy}") from error
    return _rotation.decide(
        entry, _seen(entry, reading, name), team, set(present), _rotation.Terms(**lengths, force=terms["force"]),
        {"run": run, **this_run()}, holder_is_gone=bool(lock) and is_gone(lock),
    )


def mail_rotation_step(entry: Mapping[str, Any], step: str, run: str, **values: Any) -> dict[str, Any]:
    """See mail_rotation_step.yml."""
    try:
        return STEPS[step](entry, run, **values)
    except ModernAuthError as error:
        raise AnsibleFilterError(f"{error.message} {error.remedy}") from error


def mail_rotation_ending(
    entry: Mapping[str, Any], run: str, reading: Mapping[str, Any], name: str, moment: str,
    reached: Mapping[str, bool], failure: str,
) -> dict[str, Any]:
    """See mail_rotation_ending.yml."""
    seen = _seen(entry, {**reading, "moment": moment}, name)
    if seen is None:
        raise AnsibleFilterError(f"The application {entry['client_id']} was not read.")
    try:
        return _rotation.ending(entry, run, seen, reached, failure or None)
    except ModernAuthError as error:
        raise AnsibleFilterError(f"{error.message} {error.remedy}") from error


def mail_rotation_later(moment: str, seconds: float, lease: str = "") -> str:
    """See mail_rotation_later.yml."""
    return _rotation.until(
        moment, timedelta(seconds=seconds), duration("mail_rotation_lock", lease) if lease else timedelta()
    )


def _seen(entry: Mapping[str, Any], reading: Mapping[str, Any], name: str) -> _rotation.Seen | None:
    if "applications" not in reading:
        raise AnsibleFilterError("Its credentials were to be read by another host, which reports why it could not.")
    known = {one["app_id"].lower(): one for one in reading["applications"]}
    found = known.get(str(entry.get("client_id")).lower())
    if found is None:
        return None
    secrets = [one for one in found["credentials"] if one["kind"] == "secret"]
    return _rotation.Seen(secrets, reading["moment"], name)


def _concluded(
    entry: Mapping[str, Any], run: str, retired: Sequence[str], team: Sequence[str], failure: str, moment: str,
    overlap: str,
) -> dict[str, Any]:
    kept = _rotation.removed(entry, run, retired, team)
    return _rotation.concluded(kept, run, team, failure or None, moment, duration("mail_rotation_overlap", overlap))


#: What may become of an entry, by the name of the step.
STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "locked": lambda entry, run, decision: _rotation.locked(entry, decision),
    "removed": _rotation.removed,
    "added": _rotation.added,
    "proven": _rotation.proven,
    "concluded": _concluded,
}


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "mail_rotation_teams": teams,
            "mail_rotation_hosts": involved,
            "mail_rotation_decision": mail_rotation_decision,
            "mail_rotation_step": mail_rotation_step,
            "mail_rotation_newest": _rotation.newest,
            "mail_rotation_ending": mail_rotation_ending,
            "mail_rotation_later": mail_rotation_later,
            "mail_rotation_report": report,
        }
