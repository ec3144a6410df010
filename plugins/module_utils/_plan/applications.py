# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The applications as which a host's product signs in: what the operator says of each, and what it needs. Pure.

Each is plain data without secrets::

    name                    by which hosts share it: "TENANT/UNIQUE_NAME", or "IDENTITY/UNIQUE_NAME" outside of Entra
    variable                the variable that describes it
    identity                of what kind it is, a module of _identity
    unique_name, display_name, secret and what else was given of it, or the product wants of it:
        credential          "client_secret", or "none" where it has none that the collection makes
        users               addresses whose object ids the configuration names
    permissions             [{resource, application: [names], delegated: [names]}]
    exclusive               whether nothing but the permissions may be granted, see Rights in grants.py
    exchange                None, or what Exchange has to grant, see there
    dedicated               None, or what it is for where it can serve nothing else, see Application in _part.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import rights, unfitting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Application, Part

# How long an application's secret lives, and when it is due for a new one, unless its variable says otherwise.
SECRET = {"lifetime": "180d", "renew_within": "30d"}
#: The kinds of identities that the rules here speak of.
ENTRA = "entra"
GOOGLE = "google"
#: What is no variable's, and need not be the same on hosts that share an application.
_DERIVED = frozenset({
    "name", "variable", "identity", "unique_name", "exclusive", "credential", "users", "redirect_uris", "dedicated",
})


@dataclass(frozen=True)
class Planned:
    """One application of a host.

    :param part: as the product wants it.
    :param needs: the permissions that it needs, wherever they are granted.
    :param plan: what the steps are handed.
    """

    part: Application
    needs: Sequence[Mapping[str, Any]]
    plan: dict[str, Any]


def planned(wanted: Mapping[str, Any], part: Part | None, problems: list[str]) -> list[Planned]:
    """The applications of a host.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what does not fit is appended.
    """
    applications = part.applications if part else ()
    access = wanted.get("mail_access", {}) if applications else {}
    unfitting([opened for one in applications for opened in one.accesses], access, problems)
    if any(one.identity == ENTRA for one in applications) and not wanted.get("mail_entra", {}).get("tenant_id"):
        problems.append(
            "mail_entra.tenant_id: is required; it is the tenant's id, and the environment variable AZURE_TENANT_ID "
            "stands for it as well"
        )
    found = [_planned(wanted, one, access, problems) for one in applications]
    used = {one.plan["unique_name"] for one in found}
    names = [given.get("unique_name") for _variable, given in described(wanted)]
    for variable, given in described(wanted):
        name = given.get("unique_name")
        if names.count(name) > 1:
            problems.append(f"{variable}.unique_name: '{name}' is another one's name as well; give it its own")
        elif part is not None and name not in used and variable != "mail_app":
            problems.append(
                f"{variable}: the product does not sign in as '{name}'; remove it, or name it as the app of a mailbox"
            )
    return found


def described(wanted: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The variables that describe applications of Entra's, each with what was read of it."""
    if "mail_app" in wanted:
        yield "mail_app", wanted["mail_app"]
    for number, one in enumerate(wanted.get("mail_apps", [])):
        yield f"mail_apps[{number}]", one


def variables_of(application: Mapping[str, Any]) -> dict[str, str]:
    """The variables that say what an application is, by the keys that hosts which share it have to agree about."""
    own = {"display_name": "name"}
    derived = {"permissions": "permissions", "exchange": "exchange"}
    given = sorted(set(application) - set(derived) - _DERIVED)
    return {key: f"{application['variable']}.{own.get(key, key)}" for key in given} | derived


def _planned(
    wanted: Mapping[str, Any], part: Application, access: Mapping[str, str], problems: list[str]
) -> Planned:
    variable, given = _given(wanted, part)
    if part.identity == GOOGLE:
        variable, given = "mail_google", _google(wanted, problems)
    if part.identity == ENTRA and variable is None:
        problems.append("mail_app: is required; the product signs in as an application of its own")
    needs = _merged([*part.permissions, *given.get("permissions", [])])
    granted = rights(needs, part.accesses, access)
    kept = {name: value for name, value in given.items() if name not in ("permissions", "name")}
    unique_name = given.get("unique_name", part.unique_name)
    realm = wanted.get("mail_entra", {}).get("tenant_id", "") if part.identity == ENTRA else part.identity
    return Planned(part, needs, {
        **kept, "display_name": given.get("name", unique_name), "secret": {**SECRET, **given.get("secret", {})},
        "credential": "client_secret", "users": [], **part.registration, **_redirects(given, part),
        "name": f"{realm}/{unique_name}", "unique_name": unique_name,
        "variable": variable or "mail_app", "identity": part.identity,
        "permissions": granted.permissions, "exclusive": granted.exclusive, "exchange": granted.exchange,
        "dedicated": part.dedicated,
    })


def _google(wanted: Mapping[str, Any], problems: list[str]) -> Mapping[str, Any]:
    """What the operator says of a service account that is about the account and not about its key."""
    google = wanted.get("mail_google")
    if google is None:
        problems.append("mail_google: is required; the product signs in with a service account of Google's")
        return {}
    if bool(google.get("key_file")) == bool(google.get("key")):
        problems.append(
            "mail_google.key_file: is required, or mail_google.key, and not both; it is the service account's key, "
            "JSON or P12"
        )
    return {name: google[name] for name in ("unique_name", "name") if name in google}


def _given(wanted: Mapping[str, Any], part: Application) -> tuple[str | None, Mapping[str, Any]]:
    """The variable that describes an application, and what was read of it."""
    for variable, given in described(wanted):
        if given.get("unique_name") == part.unique_name or (part.unique_name is None and variable == "mail_app"):
            return variable, given
    return None, {}


def _redirects(given: Mapping[str, Any], part: Application) -> dict[str, Any]:
    """The redirect URIs that the operator names and those that the product needs."""
    named, needed = given.get("redirect_uris", {}), part.registration.get("redirect_uris", {})
    if not named and not needed:
        return {}
    platforms = dict.fromkeys((*named, *needed))
    return {"redirect_uris": {
        platform: list(dict.fromkeys([*named.get(platform, []), *needed.get(platform, [])])) for platform in platforms
    }}


def _merged(permissions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry a resource, without repetitions."""
    merged: dict[str, dict[str, Any]] = {}
    for permission in permissions:
        resource = permission.get("resource", "")
        entry = merged.setdefault(resource, {"resource": resource, "application": [], "delegated": []})
        for kind in ("application", "delegated"):
            entry[kind] += [name for name in permission.get(kind, []) if name not in entry[kind]]
    return list(merged.values())
