# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose tokens an application takes in place of a secret: what the places where Ansible runs call themselves. Pure.

Sources: https://docs.github.com/actions/reference/openid-connect-reference;
https://docs.gitlab.com/ci/secrets/id_token_authentication;
https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity, where a service connection shows
its issuer and subject; "Claims for workload identity" of Red Hat Ansible Automation Platform 2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, text

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_URL = "https://gitlab.com"


@dataclass(frozen=True)
class Trust:
    """Who issues the tokens, and whom they are about.

    :param audience: None for the usual one of the cloud.
    """

    name: str
    issuer: str
    subject: str
    audience: str | None = None


def _github(given: Mapping[str, str]) -> Trust:
    where = f"environment:{given['environment']}" if "environment" in given else f"ref:refs/heads/{given['branch']}"
    return Trust("github", given.get("issuer", GITHUB_ISSUER), f"repo:{given['repository']}:{where}")


def _gitlab(given: Mapping[str, str]) -> Trust:
    url = given.get("url", GITLAB_URL).rstrip("/")
    return Trust("gitlab", url, f"project_path:{given['project']}:ref_type:branch:ref:{given['branch']}")


def _azure_devops(given: Mapping[str, str]) -> Trust:
    return Trust("azure-devops", given["issuer"], given["subject"])


def _awx(given: Mapping[str, str]) -> Trust:
    subject = (
        f"workload_type:aap_controller_automation_job:organization:{given['organization']}:"
        f"job_template:{given['job_template']}"
    )
    return Trust("awx", f"{given['url'].rstrip('/')}/o", subject, given.get("audience"))


def _federated(given: Mapping[str, str]) -> Trust:
    return Trust("federated", given["issuer"], given["subject"], given.get("audience"))


_required, _text = Key(text, required=True), Key(text)
#: What each place has to be told.
PLACES: Mapping[str, Table] = {
    "github": {"repository": _required, "environment": _text, "branch": _text, "issuer": _text},
    "gitlab": {"project": _required, "branch": _required, "url": _text},
    "azure_devops": {"issuer": _required, "subject": _required},
    "awx": {"url": _required, "organization": _required, "job_template": _required, "audience": _text},
    "federated": {"issuer": _required, "subject": _required, "audience": _text},
}
_TRUSTS: Mapping[str, Callable[[Mapping[str, str]], Trust]] = {
    "github": _github, "gitlab": _gitlab, "azure_devops": _azure_devops, "awx": _awx, "federated": _federated,
}
#: What the federated credentials of this collection are called.
NAMES = frozenset(place.replace("_", "-") for place in PLACES)


def trust(place: str, given: Mapping[str, str]) -> Trust:
    """Whose tokens are those of a place.

    :param place: a key of ``PLACES``.
    :param given: what was read of it, without problems.
    """
    return _TRUSTS[place](given)


def problems_of(place: str, given: Mapping[str, Any], path: str) -> list[str]:
    """What a table cannot say of a place."""
    if place == "github" and ("environment" in given) is ("branch" in given):
        return [f"{path}.environment: is required, or {path}.branch, and not both; only jobs of that one may sign in"]
    return []
