# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The plan and what belongs to it, for templates. Each filter is documented in a file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan import plan as _plan
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._report import report
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import told


def mail_plan(settings: Mapping[str, Any], strict: bool = True) -> dict[str, Any]:
    """See mail_plan.yml."""
    if not strict:
        plan, problems = _plan.examine(settings)
        return {**plan, "problems": problems}
    try:
        return _plan.make(settings)
    except ModernAuthError as error:
        raise AnsibleFilterError(error.message) from error


def mail_conflicts(hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """See mail_conflicts.yml."""
    return _plan.conflicts({host: facts[host]["__mail_plan_data"] for host in hosts})


def mail_leaders(hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """See mail_leaders.yml."""
    able = [host for host in hosts if facts[host].get("__mail_provider_ready", True)]
    return _plan.leaders({host: facts[host]["__mail_plan_data"] for host in able})


def mail_users(hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]], application: str) -> list[str]:
    """See mail_users.yml."""
    return _plan.users({host: facts[host] for host in hosts}, application)


def mail_fill(plan: Any, facts: Mapping[str, Any], secrets: Mapping[str, Any]) -> Any:
    """See mail_fill.yml."""
    try:
        return fill(plan, facts, secrets)
    except ModernAuthError as error:
        raise AnsibleFilterError(error.message) from error


def mail_reason(result: Mapping[str, Any]) -> str:
    """See mail_reason.yml."""
    failed = [one for one in result.get("results", [result]) if one.get("failed")]
    return "; ".join(told(one) for one in failed or [result])


def mail_report(hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]], predicted: bool = False) -> list[str]:
    """See mail_report.yml."""
    return report(hosts, facts, predicted=predicted)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "mail_plan": mail_plan,
            "mail_conflicts": mail_conflicts,
            "mail_leaders": mail_leaders,
            "mail_users": mail_users,
            "mail_secrets": _plan.secrets_of,
            "mail_fill": mail_fill,
            "mail_reason": mail_reason,
            "mail_report": mail_report,
        }
