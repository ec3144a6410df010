# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A JSON object behind a REST API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, NamedTuple, NotRequired, TypedDict
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import (
    Leaves,
    differing,
    leaves,
    named,
    nested,
    value_at,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._listed import Listed
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api import Api
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, plan_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.described import DescribedAt, unknown
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.fingerprints import matches, seal
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.object_fields import filled
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer, Web


class Activation(TypedDict):
    """How the object is made active: by a POST to ``url``, unless its ``field`` (with dots) says that it is."""

    url: str
    field: str


class SignInAt(TypedDict):
    """A person signs in for the object, once; ``what``, ``account`` and ``do`` as in SignIn, whose place is its name.

    ``field`` is true, or not empty, once that was done, ``since_field`` says when; both with dots.
    """

    what: str
    account: str
    do: str
    field: str
    since_field: NotRequired[str]


class Remark(TypedDict):
    """What a person is told if a ``field`` (with dots) is found to match a ``pattern``, a regular expression."""

    field: str
    pattern: str
    words: str


class Request(NamedTuple):
    """A request that writes the object.

    :param renews: whether its secret fields are others than what was written last, as far as that is known.
    """

    method: str
    url: str
    body: Mapping[str, Any]
    renews: bool


@dataclass(frozen=True)
class ApiObject:
    """The object, and what its fields shall be; fields that are not named stay as they are.

    :param url: the object's address, or that of the list in which it is a row; https alone.
    :param settings: its fields; a dictionary in them is an object whose fields are compared one by one, unless it is
        ``{"object": NAME, "field": PATH}``, which is a field of an object that comes before it.
    :param name: for people, and how other objects refer to it; the address unless it is given.
    :param secret_fields: those that the API takes and does not give back, as paths with dots. They are written when
        they are others than what was written last, which is known by a fingerprint.
    :param update: PATCH sends what differs (RFC 7396), PUT all of the object.
    :param create_url: where an object that is missing is made by POST; None if that is not allowed.
    :param listed: how it is found among the rows of a list, to which it is added by POST if it is missing. The fields
        by which it is found are settings as well.
    :param activate: how an object that is made inactive is activated once it was written.
    :param sign_in: who signs in for it. Until then it is no failure if it cannot be activated.
    :param described_at: where the server says what it knows. Before anything is written each field is looked up there.
    :param undescribed_remedy: what is to be done about a field that it does not know.
    :param remarks: what to warn of, if it is found.
    """

    KIND: ClassVar[str] = "api_object"

    url: str
    settings: Mapping[str, Any]
    name: str = ""
    secret_fields: Sequence[str] = ()
    update: Literal["PATCH", "PUT"] = "PATCH"
    create_url: str | None = None
    listed: Listed | None = None
    activate: Activation | None = None
    sign_in: SignInAt | None = None
    described_at: DescribedAt | None = None
    undescribed_remedy: str = "Check the names of the fields and the version of the product."
    remarks: Sequence[Remark] = ()
    authentication: Mapping[str, str] = field(default_factory=dict)
    ca_path: str | None = None
    timeout: int = 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.url)

    @property
    def access(self) -> Access:
        """How to get there.

        :raises InputError: it is not by https.
        """
        further = (one["url"] for one in (self.activate, self.described_at) if one)
        for url in filter(None, (self.url, self.create_url, *further)):
            if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
                raise InputError(f"{url!r} is no address that starts with https://.", remedy="Secrets need TLS.")
        return Access(self.authentication, self.ca_path, self.timeout)

    def api(self, port: Web) -> Api:
        """The API in which it is.

        :raises InputError: see access.
        """
        secrets = [value_at(self.settings, name) for name in self.secret_fields]
        return Api(port, self.access, [str(one) for one in (*secrets, *self.authentication.values()) if one])

    @property
    def made_at(self) -> str | None:
        """Where it is made, if it is missing."""
        return self.url if self.listed else self.create_url

    def plan(self) -> dict[str, Any]:
        """See Target."""
        return plan_of(self, self.KIND)

    def parts(self, objects: Mapping[str, Mapping[str, Any] | None]) -> tuple[Leaves, Leaves]:
        """The fields that can be read back, and those that cannot.

        :param objects: those that the settings refer to, see object_fields.py.
        :raises InputError: there is no such object, or it has no such field.
        """
        known_by = self.listed["by"] if self.listed else {}
        fields = leaves(filled({**known_by, **self.settings}, objects))
        secret = {path: value for path, value in fields.items() if ".".join(path) in self.secret_fields}
        return {path: value for path, value in fields.items() if path not in secret}, secret

    def compare(self, found: FoundObject) -> Change[ApiWrite]:
        """See Target."""
        request = self.request(found)
        if request is not None and self.described_at is not None:
            self._check_described(self.described_at, found)
        is_due = request is not None or self.is_inactive(found.content)
        return Change(
            self.name, *self._texts(found, renews=request is not None and request.renews),
            warnings=tuple(
                f"{self.name}: {one['words']}" for one in self.remarks
                if re.search(one["pattern"], str(value_at(found.content, one["field"]) or ""))
            ),
            write=ApiWrite(self, found) if is_due else None,
            is_attempt=is_due and request is None and self.is_awaited(found.content),
            sign_in=self._sign_in(found),
        )

    def request(self, found: FoundObject) -> Request | None:
        """What writes the fields; None if they are as they shall be.

        :raises InputError: there is no such object, and none may be made.
        """
        plain, secret = self.parts(found.objects)
        if found.content is None:
            if self.made_at is None:
                raise InputError("there is no such object.", remedy="Check the address, or set create_url.")
            return Request("POST", self.made_at, nested({**plain, **secret}), bool(secret))
        present = leaves(found.content)
        renews = bool(secret) and not matches(named(secret), found.fingerprint)
        changed = {**differing(plain, present), **(secret if renews else {})}
        if not changed:
            return None
        body = {**present, **plain, **secret} if self.update == "PUT" else changed
        return Request(self.update, found.url, nested(body), renews)

    def is_inactive(self, content: Mapping[str, Any] | None) -> bool:
        """Whether it is still to be activated."""
        return self.activate is not None and not value_at(content, self.activate["field"])

    def is_awaited(self, content: Mapping[str, Any] | None) -> bool:
        """Whether somebody has yet to sign in for it."""
        return self.sign_in is not None and not value_at(content, self.sign_in["field"])

    def _sign_in(self, found: FoundObject) -> SignIn | None:
        one = self.sign_in
        if one is None:
            return None
        do = one["do"] if self.is_awaited(found.content) else None
        if do and found.refusal:
            do += f" So far: {found.refusal}"
        return SignIn(
            one["what"], self.name, one["account"], do,
            None if do else _moment(value_at(found.content, one.get("since_field", ""))),
        )

    def _texts(self, found: FoundObject, *, renews: bool) -> tuple[str, str]:
        """Before and after, for people."""
        plain, secret = self.parts(found.objects)
        if self.activate and not self.is_awaited(found.content):
            plain[tuple(self.activate["field"].split("."))] = True
        present = leaves(found.content or {})
        old = {path: present[path] for path in plain if path in present}
        old_words, new_words = ("(secret, to be replaced)", "(secret, new)") if renews else ("(secret)", "(secret)")
        before = nested({**old, **dict.fromkeys(secret, old_words)}) if found.content is not None else None
        after = nested({**plain, **dict.fromkeys(secret, new_words)})
        return shown(before, after, "to be replaced"), shown(after, before, "new")

    def _check_described(self, at: DescribedAt, found: FoundObject) -> None:
        """Refuse what the server does not know."""
        description = found.description
        if description is None or not 200 <= description.status < 300:
            raise InputError(
                f"the server's description of itself at {at['url']} cannot be read"
                f"{f' ({description.status})' if description else ''}.",
                remedy="Check the address, and the API's user and its rights.",
            )
        plain, secret = self.parts(found.objects)
        names = unknown([*plain, *secret], at, description.content)
        if names:
            raise InputError(
                f"the server does not know {', '.join(names)}, by its description of itself at {at['url']}.",
                remedy=self.undescribed_remedy,
            )


@dataclass(frozen=True)
class FoundObject:
    """The object as it is.

    :param url: its own address.
    :param content: None if there is none.
    :param fingerprint: of the secret fields that were written last; None if that is not known.
    :param objects: those that come before it, by their names; None for one that is missing.
    :param description: what the server says of what it knows; None if nobody wants to know.
    :param refusal: what was said when it could not be activated.
    """

    url: str
    content: Mapping[str, Any] | None
    fingerprint: str | None
    objects: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    description: Answer | None = None
    refusal: str = ""


@dataclass(frozen=True)
class ApiWrite:
    """An object that has to be written, or activated, and how it was found."""

    target: ApiObject
    found: FoundObject


Target = ApiObject
PORT = "web"


def look(targets: Sequence[ApiObject], port: Web, known: Mapping[str, str]) -> Sequence[FoundObject]:
    """See change.py."""
    objects: dict[str, Mapping[str, Any] | None] = {}
    descriptions: dict[str, Answer] = {}
    found = []
    for target in targets:
        if target.name in objects:
            raise InputError(f"two of the targets are called {target.name!r}.", remedy="Give each a name of its own.")
        url, content = target.api(port).read(target.url, target.listed)
        at = target.described_at
        if at and at["url"] not in descriptions:
            descriptions[at["url"]] = port.request("GET", at["url"], target.access)
        description = descriptions[at["url"]] if at else None
        found.append(FoundObject(url, content, known.get(target.name), dict(objects), description))
        objects[target.name] = content
    return found


def write(writes: Sequence[ApiWrite], port: Web) -> Mapping[str, Any]:
    """See change.py; an object is made before those that refer to it are written."""
    written: dict[str, FoundObject] = {}
    for one in writes:
        objects = {name: found.content for name, found in written.items()}
        written[one.target.name] = write_one(one, objects, port)
    sealed = {name: found.fingerprint for name, found in written.items()}
    return {
        "after": {one.target.name: one.target.compare(written[one.target.name]) for one in writes},
        "fingerprints": {name: one for name, one in sealed.items() if one is not None},
    }


def write_one(one: ApiWrite, objects: Mapping[str, Mapping[str, Any] | None], port: Web) -> FoundObject:
    """Write and activate one object; gives it as it is then.

    :param objects: those that were written since it was found, by their names.
    :raises ModernAuthError: the API refuses it, or says something else afterwards.
    """
    target, api = one.target, one.target.api(port)
    found = replace(one.found, objects={**one.found.objects, **objects})
    request = target.request(found)
    if request is not None:
        found = _written(target, request, found, api)
    return _activated(target, found, api) if target.is_inactive(found.content) else found


def _written(target: ApiObject, request: Request, found: FoundObject, api: Api) -> FoundObject:
    """The object with its fields as they shall be."""
    api.ask(request.method, request.url, request.body)
    plain, secret = target.parts(found.objects)
    url, content = api.read(target.url, target.listed)
    others = differing(plain, leaves(content or {}))
    if others:
        raise InputError(
            f"after writing {target.name}, it said something else of {', '.join(named(others))}.",
            remedy="Check whether the API changes these fields by itself, or somebody else does.",
        )
    fingerprint = seal(named(secret)) if request.renews else found.fingerprint
    return replace(found, url=url, content=content, fingerprint=fingerprint)


def _activated(target: ApiObject, found: FoundObject, api: Api) -> FoundObject:
    """The object made active, or, where somebody has yet to sign in for it, with what was said instead."""
    try:
        api.ask("POST", target.activate["url"] if target.activate else target.url)
    except InputError as error:
        if not target.is_awaited(found.content):
            raise
        return replace(found, refusal=error.message)
    _url, content = api.read(target.url, target.listed)
    if target.is_inactive(content) and not target.is_awaited(content):
        raise InputError(f"{target.name} was activated, and is not active.", remedy="Look at the product's log.")
    return replace(found, content=content)


def _moment(value: Any) -> str | None:
    """A moment as SignIn has it; None if it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return f"{moment if moment.tzinfo is None else moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
