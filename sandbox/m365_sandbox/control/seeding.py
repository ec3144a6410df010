"""What a seed file says, brought about as a whole: see the README's "A tenant of one's own".

A section is a list of entries. Each has a key by which its object is found; what it says is so afterwards, whether the
object was there or not, and what it leaves out stays as it is.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from m365_sandbox.control import google
from m365_sandbox.control.additions import ADDITIONS, SIGN_IN_ENTRY, record_sign_in
from m365_sandbox.control.applications import APPLICATION_PROPERTIES, bring_application
from m365_sandbox.control.body import BodyError, Property, optional, read, required
from m365_sandbox.control.objects import Conflict, UnknownObject, find_principal, find_service_principal
from m365_sandbox.control.people import MAILBOX_PROPERTIES, NEW_USER_PROPERTIES, bring_user, change_mailbox
from m365_sandbox.control.scopes import GROUP_PROPERTIES, SCOPE_PROPERTIES, bring_group, bring_scope
from m365_sandbox.control.settings import SETTINGS, settings_of
from m365_sandbox.exchange.errors import AdminError
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sandbox import Sandbox

Values = Mapping[str, Any]
MAILBOXES = "mailboxes"


class SeedError(Exception):
    """A seed that makes no sense, or that the tenant refuses: nothing of it was done. The message begins with where."""


@dataclass(frozen=True)
class Section:
    """A list of a seed file.

    :param key: what an entry's object is named by; None where no two are the same.
    :param bring: makes the object, or changes it to what the entry says.
    """

    properties: Mapping[str, Property]
    key: Callable[[Values], object]
    bring: Callable[[Sandbox, Values], Entity]


@dataclass(frozen=True)
class Step:
    """One entry, checked by itself."""

    place: str
    key: object
    bring: Callable[[], Entity]


def seed(sandbox: Sandbox, content: Any) -> dict[str, Entity]:
    """Bring about what a seed says, and save it; or, with a SeedError, nothing.

    :returns: what each entry has become, by its place.
    """
    steps, made = list(_steps(sandbox, content)), dict[str, Entity]()
    with ExitStack() as undoing:
        undoing.callback(sandbox.tenant.restore)
        for step in steps:
            try:
                made[step.place] = step.bring()
            except (BodyError, Conflict, UnknownObject, AdminError) as error:
                raise _placed(step.place, error) from error
        undoing.pop_all()
    sandbox.tenant.save()
    return made


def _steps(sandbox: Sandbox, content: Any) -> Iterator[Step]:
    known = (*SECTIONS, MAILBOXES, *SETTINGS)
    if not isinstance(content, dict):
        raise SeedError(f"a seed has to be a dictionary of {', '.join(known)}")
    if unknown := [name for name in content if name not in known]:
        raise SeedError(f"{', '.join(unknown)} is unknown; known are {', '.join(known)}")
    given = {name: value for name, value in content.items() if value is not None}
    for name, section in SECTIONS.items():
        entries = given.get(name, [])
        if not isinstance(entries, list):
            raise SeedError(f"{name}: has to be a list")
        yield from _distinct([
            _step(sandbox, f"{name}[{number}]", section, entry) for number, entry in enumerate(entries)
        ])
    mailboxes = given.get(MAILBOXES, {})
    if not isinstance(mailboxes, dict):
        raise SeedError(f"{MAILBOXES}: has to be a dictionary by address")
    for address, entry in mailboxes.items():
        yield _step(sandbox, f"{MAILBOXES}.{address}", _mailbox(address), entry)
    for name, properties in SETTINGS.items():
        if name in given:
            yield _step(sandbox, name, _settings(name, properties), given[name])


def _step(sandbox: Sandbox, place: str, section: Section, entry: Any) -> Step:
    try:
        values = read(entry, section.properties)
    except BodyError as error:
        raise _placed(place, error) from error
    return Step(place, section.key(values), lambda: section.bring(sandbox, values))


def _distinct(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, if no two are for one object: which of them counts, nobody could say."""
    places: dict[object, str] = {}
    for step in steps:
        if step.key is not None and places.setdefault(step.key, step.place) != step.place:
            raise SeedError(f"{step.place}: names the same as {places[step.key]}")
    return steps


def _placed(place: str, error: Exception) -> SeedError:
    if isinstance(error, BodyError):
        return SeedError(f"{place}.{error.name}: {error.words}" if error.name else f"{place}: {error.words}")
    return SeedError(f"{place}: {error.text if isinstance(error, AdminError) else error}")


def _named(*names: str) -> Callable[[Values], object]:
    """A key that is made of these properties, of as many as the entry has."""
    return lambda values: tuple(str(values[name]).casefold() for name in names if name in values)


def _first(*names: str) -> Callable[[Values], object]:
    """A key that is the first of these properties that the entry has."""
    return lambda values: next((name, str(values[name]).casefold()) for name in names if name in values)


def _mailbox(address: str) -> Section:
    def bring(sandbox: Sandbox, values: Values) -> Entity:
        return change_mailbox(sandbox.tenant, address, values)

    return Section(MAILBOX_PROPERTIES, lambda _values: None, bring)


def _settings(name: str, properties: Mapping[str, Property]) -> Section:
    def bring(sandbox: Sandbox, values: Values) -> Entity:
        settings = settings_of(sandbox.tenant, name)
        settings.update(values)
        return dict(settings)

    return Section(properties, lambda _values: None, bring)


def _bring_pointer(sandbox: Sandbox, values: Values) -> Entity:
    principal = find_service_principal(sandbox.tenant, values["application"])
    return ADDITIONS["exchange-service-principals"].add(sandbox, {
        "AppId": principal["appId"], "ObjectId": principal["id"],
        "DisplayName": values.get("DisplayName", principal["displayName"]),
    })


def _bring_role(sandbox: Sandbox, values: Values) -> Entity:
    principal = find_principal(sandbox.tenant, values["principal"])
    whose = {"appId": principal["appId"]} if "appId" in principal else {"user": principal["id"]}
    return ADDITIONS["directory-roles"].add(sandbox, {**whose, "role": values["role"]})


def _bring_permission(name: str, who: str) -> Callable[[Sandbox, Values], Entity]:
    def bring(sandbox: Sandbox, values: Values) -> Entity:
        return ADDITIONS[name].add(sandbox, {**values, who: find_principal(sandbox.tenant, values[who])["id"]})

    return bring


def _bring_policy(sandbox: Sandbox, values: Values) -> Entity:
    """In place of the one of that name, which keeps its id."""
    policies = sandbox.tenant["conditional_access_policies"]
    existing = sandbox.tenant.find("conditional_access_policies", displayName=values["displayName"])
    policy = ADDITIONS["conditional-access-policies"].add(sandbox, values)
    if existing:
        policies.delete(policy["id"])
        policy |= {name: existing[0][name] for name in ("id", "createdDateTime")}
        policies.put(policy["id"], policy)
    return policy


def _bring_sign_in(sandbox: Sandbox, values: Values) -> Entity:
    tenant, identifier = sandbox.tenant, None
    if "createdDateTime" in values:
        identifier = str(uuid.uuid5(uuid.UUID(tenant.tenant_id), f"sign-in/{json.dumps(values, sort_keys=True)}"))
    return record_sign_in(tenant, values, identifier)


#: In an order in which everything finds what it refers to.
SECTIONS: Mapping[str, Section] = {
    "users": Section(
        NEW_USER_PROPERTIES, _named("userPrincipalName"), lambda sandbox, values: bring_user(sandbox.tenant, values)
    ),
    "applications": Section(
        APPLICATION_PROPERTIES, _first("appId", "uniqueName", "displayName"),
        lambda sandbox, values: bring_application(sandbox.tenant, values),
    ),
    "google-users": Section(google.ADDITIONS["google-users"].properties, _named("address"), google.bring_user),
    "exchange-service-principals": Section(
        {"application": required(str), "DisplayName": optional(str)}, _named("application"), _bring_pointer
    ),
    "groups": Section(GROUP_PROPERTIES, _named("Name"), lambda sandbox, values: bring_group(sandbox.tenant, values)),
    "management-scopes": Section(
        SCOPE_PROPERTIES, _named("Name"), lambda sandbox, values: bring_scope(sandbox.tenant, values)
    ),
    "directory-roles": Section(
        {"principal": required(str), "role": required(str)}, _named("principal", "role"), _bring_role
    ),
    **{
        name: Section(ADDITIONS[name].properties, _named("Identity", who), _bring_permission(name, who))
        for name, who in (("mailbox-permissions", "User"), ("recipient-permissions", "Trustee"))
    },
    "sign-ins": Section(SIGN_IN_ENTRY, lambda _values: None, _bring_sign_in),
    "credential-sign-ins": Section(
        ADDITIONS["credential-sign-ins"].properties, _named("keyId"), ADDITIONS["credential-sign-ins"].add
    ),
    "conditional-access-policies": Section(
        ADDITIONS["conditional-access-policies"].properties, _named("displayName"), _bring_policy
    ),
}
