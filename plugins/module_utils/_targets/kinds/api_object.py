# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A JSON object behind a REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, plan_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.fingerprints import matches, seal
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer, Web

# How much of an answer is repeated.
_LENGTH = 300
# The fields of an object and of the objects in it, by their paths.
Leaves: TypeAlias = dict[tuple[str, ...], Any]


@dataclass(frozen=True)
class ApiObject:
    """The object, and what its fields shall be; fields that are not named stay as they are.

    :param url: the object's address, https alone.
    :param settings: its fields; a dictionary in them is an object whose fields are compared one by one.
    :param secret_fields: those that the API takes and does not give back, as paths with dots. They are written when
        they are others than what was written last, which the store remembers by a fingerprint.
    :param update: PATCH sends what differs (RFC 7396), PUT all of the object.
    :param create_url: where an object that is missing is made by POST; None if that is not allowed.
    """

    KIND: ClassVar[str] = "api_object"

    url: str
    settings: Mapping[str, Any]
    secret_fields: Sequence[str] = ()
    update: Literal["PATCH", "PUT"] = "PATCH"
    create_url: str | None = None
    authentication: Mapping[str, str] = field(default_factory=dict)
    ca_path: str | None = None
    timeout: int = 30

    @property
    def name(self) -> str:
        """See Target."""
        return self.url

    @property
    def access(self) -> Access:
        """How to get there.

        :raises InputError: it is not by https.
        """
        for url in filter(None, (self.url, self.create_url)):
            if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
                raise InputError(f"{url!r} is no address that starts with https://.", remedy="Secrets need TLS.")
        return Access(self.authentication, self.ca_path, self.timeout)

    def plan(self) -> dict[str, Any]:
        """See Target."""
        return plan_of(self, self.KIND)

    def parts(self) -> tuple[Leaves, Leaves]:
        """The fields that can be read back, and those that cannot."""
        leaves = dict(_leaves(self.settings))
        secret = {path: value for path, value in leaves.items() if ".".join(path) in self.secret_fields}
        return {path: value for path, value in leaves.items() if path not in secret}, secret

    def compare(self, found: FoundObject) -> Change[ApiWrite]:
        """See Target."""
        plain, secret = self.parts()
        present = dict(_leaves(found.content or {}))
        differing = _differing(plain, present)
        renewed = bool(secret) and not matches(_named(secret), found.fingerprint)
        old = {path: present[path] for path in plain if path in present}
        old_words, new_words = ("(secret, to be replaced)", "(secret, new)") if renewed else ("(secret)", "(secret)")
        before = _nested({**old, **dict.fromkeys(secret, old_words)}) if found.content is not None else None
        after = _nested({**plain, **dict.fromkeys(secret, new_words)})
        texts = shown(before, after, "to be replaced"), shown(after, before, "new")
        if found.content is None:
            if self.create_url is None:
                raise InputError("there is no such object.", remedy="Check the address, or set create_url.")
            return Change(self.name, *texts, write=ApiWrite(self, "POST", self.create_url, self.settings))
        if not differing and not renewed:
            return Change(self.name, *texts)
        changed = {**differing, **(secret if renewed else {})}
        body = _nested({**present, **plain, **secret}) if self.update == "PUT" else _nested(changed)
        return Change(self.name, *texts, write=ApiWrite(self, self.update, self.url, body))


@dataclass(frozen=True)
class FoundObject:
    """The object as it is.

    :param content: None if there is none.
    :param fingerprint: of the secret fields that were written last; None if that is not known.
    """

    content: Mapping[str, Any] | None
    fingerprint: str | None


@dataclass(frozen=True)
class ApiWrite:
    """A request that changes the object."""

    target: ApiObject
    method: str
    url: str
    body: Mapping[str, Any]


Target = ApiObject
PORT = "web"


def look(targets: Sequence[ApiObject], port: Web, known: Mapping[str, str]) -> Sequence[FoundObject]:
    """See change.py."""
    return [FoundObject(_get(target, port), known.get(target.name)) for target in targets]


def write(writes: Sequence[ApiWrite], port: Web) -> Mapping[str, Any]:
    """See change.py; gives the ``fingerprints`` of the secret fields, by the targets' names, for the store."""
    sealed = {}
    for one in writes:
        target = one.target
        _accepted(target, one.method, one.url, port.request(one.method, one.url, target.access, one.body))
        plain, secret = target.parts()
        present = dict(_leaves(_get(target, port) or {}))
        others = _differing(plain, present)
        if others:
            raise InputError(
                f"after writing {target.url}, it said something else of {', '.join(_named(others))}.",
                remedy="Check whether the API changes these fields by itself, or somebody else does.",
            )
        if secret:
            sealed[target.name] = seal(_named(secret))
    return {"fingerprints": sealed} if sealed else {}


def _get(target: ApiObject, port: Web) -> Mapping[str, Any] | None:
    answer = port.request("GET", target.url, target.access)
    if answer.status == 404:
        return None
    _accepted(target, "GET", target.url, answer)
    if not isinstance(answer.content, Mapping):
        raise InputError(f"{target.url} gives no JSON object.", remedy="Check the address.")
    return answer.content


def _accepted(target: ApiObject, method: str, url: str, answer: Answer) -> None:
    """Return if the API did what it was asked to."""
    if 200 <= answer.status < 300:
        return
    # What it says of a sign-in may repeat it, in whatever shape.
    said = "" if answer.status == 401 else answer.text
    for secret in (*target.parts()[1].values(), *target.authentication.values()):
        said = said.replace(str(secret), "(secret)")
    message = f"{method} {url} was answered with {answer.status}: {said[:_LENGTH].strip() or 'nothing more'}."
    if answer.status in (401, 403):
        raise AuthenticationError(message, code=str(answer.status), remedy="Check the API's user and its rights.")
    raise InputError(message, code=str(answer.status), remedy="Check the address and the settings.")


def _leaves(fields: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields of an object and of the objects in it, by their paths."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _differing(wanted: Leaves, present: Leaves) -> Leaves:
    return {path: value for path, value in wanted.items() if path not in present or not _same(present[path], value)}


def _same(value: Any, other: Any) -> bool:
    # As text, since Python takes 1 and true for the same.
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def _named(leaves: Leaves) -> dict[str, Any]:
    return {".".join(path): value for path, value in leaves.items()}


def _nested(leaves: Leaves) -> dict[str, Any]:
    """The object that has these leaves."""
    nested: dict[str, Any] = {}
    for path, value in leaves.items():
        *above, name = path
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return nested
