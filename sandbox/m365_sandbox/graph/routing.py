"""From a path to a handler: routes, what a handler gets, what it gives back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from starlette.datastructures import Headers

from m365_sandbox.graph.errors import GraphError, authorization_denied, gateway_refusal
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES
from m365_sandbox.state.json_text import parse_json
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant

V1, BETA = "/v1.0", "/beta"
ADMINISTRATOR = DIRECTORY_ROLES["Global Administrator"]
OWNED_BY = "Application.ReadWrite.OwnedBy"
ALTERNATE_KEYS = {
    "applications": ("appId", "uniqueName"), "servicePrincipals": ("appId",), "federatedIdentityCredentials": ("name",),
}

_KEYED = re.compile(r"(?P<name>[^()]+)\((?:(?P<property>\w+)=)?(?P<value>'(?:[^']|'')*'|[^'()=]+)\)")
# A slash inside a quoted key belongs to the key: /applications(uniqueName='a/b')/owners.
_SEGMENT = re.compile(r"(?:[^/(]|\((?:'(?:[^']|'')*'|[^')])*\)|\()+")


class Key(str):
    """The value by which a path addresses an object, and the property that it is a value of (``id`` mostly)."""

    __slots__ = ("property",)
    property: str

    def __new__(cls, value: str, property_name: str = "id") -> Key:
        key = super().__new__(cls, value)
        key.property = property_name
        return key


@dataclass(frozen=True)
class Answer:
    """What a handler gives back.

    ``body``: a dict becomes JSON, a str becomes text/plain, bytes go out as they are (say their type in ``headers``),
    None is no body. ``batch`` are the requests of a ``$batch``, each as {method, url, status}.
    """

    status: int = 200
    body: dict[str, Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    batch: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Call:
    """One request, authenticated and authorised, on its way to the handler.

    :param post_office: sends what leaves a mailbox, and has the mailboxes' store.
    :param params: the values of the template's ``{names}``, percent-decoded.
    :param query: the query options, percent-decoded, with their ``$``.
    :param claims: the token's claims.
    :param lag: seconds by which the replica that answers trails the writes; for ``Collection.get`` and ``values``.
    :param origin: scheme, host and port, for example ``https://127.0.0.1:8443``.
    :param version: ``V1`` or ``BETA``.
    :param owned_only: True when only Application.ReadWrite.OwnedBy lets the caller in, so the object has to be its own.
    """

    sandbox: Sandbox
    post_office: PostOffice
    method: str
    path: str
    params: Mapping[str, Key]
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    claims: Mapping[str, Any]
    lag: float
    origin: str
    version: str = V1
    owned_only: bool = False

    @property
    def base_url(self) -> str:
        """Where paths begin: ``https://127.0.0.1:8443/v1.0``."""
        return f"{self.origin}{self.version}"

    @property
    def store(self) -> MailStore:
        """The mailboxes."""
        return self.post_office.store

    @property
    def tenant(self) -> Tenant:
        """The state behind all faces."""
        return self.sandbox.tenant

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; GraphError with the gateway's refusals if it is none."""
        content_type = self.headers.get("content-type", "")
        if not content_type:
            raise gateway_refusal("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise gateway_refusal("Entity only allows writes with a JSON Content-Type header.")
        if not self.body.strip():
            raise gateway_refusal("Empty Payload. JSON content expected.")
        try:
            content = parse_json(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise gateway_refusal(
                "Unable to read JSON request payload. "
                "Please ensure Content-Type header is set and payload is of valid JSON format."
            )
        return content


Handler = Callable[[Call], Awaitable[Answer]]
Roles = tuple[frozenset[str], ...]


def any_of(*roles: str | frozenset[str]) -> Roles:
    """Alternatives of which one has to hold; a frozenset is an alternative that needs every role in it."""
    return tuple(role if isinstance(role, frozenset) else frozenset({role}) for role in roles)


def person_of(claims: Mapping[str, Any]) -> str | None:
    """The object id of the person whose token it is; None for an application's."""
    return str(claims["oid"]) if "scp" in claims else None


def permissions_of(claims: Mapping[str, Any]) -> list[str]:
    """The delegated permissions of a person's token, the application permissions of an application's."""
    return list(claims["scp"].split() if "scp" in claims else claims.get("roles", ()))


def authorise(roles: Roles, granted: Sequence[str]) -> bool:
    """Check granted roles against alternatives; GraphError 403 if they fulfil none.

    :returns: True if they let the caller in only for the objects that it owns.
    """
    fulfilled = [alternative for alternative in roles if alternative <= set(granted)]
    if roles and not fulfilled:
        raise authorization_denied()
    return bool(fulfilled) and all(OWNED_BY in alternative for alternative in fulfilled)


@dataclass(frozen=True)
class Route:
    """A method and a path template, who may use it, and what answers.

    :param path: for example ``/users/{user}/sendMail``; literal segments are matched without regard to case.
    :param roles: alternatives; each is the set of all roles that it needs. No alternative = any valid token.
    :param workload: ``mail`` handlers check their callers and, where they change the tenant, save it themselves.
    :param own: alternatives beside ``roles`` that will do for a person's own object.
    :param versions: of Graph, in which the sandbox has it.
    """

    method: str
    path: str
    roles: Roles
    handler: Handler
    workload: Literal["directory", "mail"] = "directory"
    own: Roles = ()
    versions: tuple[str, ...] = (V1,)

    def authorise(self, claims: Mapping[str, Any], *, is_own: bool) -> bool:
        """Check the token's permissions as the function does. About mail Exchange decides, by mailbox.

        :param is_own: whether the user in the path is the person whose token it is.
        """
        if self.workload == "mail":
            return False
        # A member of the tenant reads the directory; what an application does for a person, the person must be able to.
        changes = bool(self.roles) and self.method != "GET"
        if changes and person_of(claims) is not None and ADMINISTRATOR not in claims["wids"]:
            raise authorization_denied()
        return authorise((*self.roles, *self.own) if is_own else self.roles, permissions_of(claims))


def split_path(path: str) -> list[str | Key]:
    """The segments of a percent-encoded path; ``name(key)`` becomes two of them. GraphError 400 for an alien key."""
    segments: list[str | Key] = []
    for raw in _SEGMENT.findall(path):
        # UTF-8 that is no UTF-8 can name nothing here, so what it is replaced with is refused like any unknown name.
        segment = unquote(raw)
        keyed = _KEYED.fullmatch(segment)
        if keyed is None:
            segments.append(segment)
            continue
        name, property_name, value = keyed["name"], keyed["property"], keyed["value"]
        if property_name is not None and property_name not in ALTERNATE_KEYS.get(name, ()):
            raise gateway_refusal(f"Resource not found for the segment '{name}'.")
        if value.startswith("'"):
            value = value[1:-1].replace("''", "'")
        segments += [name, Key(value, property_name or "id")]
    return segments


class Router:
    """Finds the route of a path. Literal segments win over parameters."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(tuple(route.path.strip("/").split("/")), route) for route in routes]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, Key]]:
        """The route and the values of its parameters.

        GraphError 400 with the first segment that leads nowhere, 405 where the path has other methods only.
        """
        segments = split_path(path)
        candidates = self._routes
        for position, segment in enumerate(segments):
            here = [pair for pair in candidates if len(pair[0]) > position]
            literal = [pair for pair in here if not isinstance(segment, Key)
                       and pair[0][position].lower() in _spellings(segment)]
            candidates = literal or [pair for pair in here if pair[0][position].startswith("{")]
            if not candidates:
                raise gateway_refusal(f"Resource not found for the segment '{segment}'.")
        complete = [route for template, route in candidates if len(template) == len(segments)]
        if not complete:
            raise gateway_refusal(f"Resource not found for the segment '{segments[-1] if segments else ''}'.")
        for route in complete:
            if route.method == method:
                return route, _parameters(route, segments)
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def _spellings(segment: str) -> tuple[str, str]:
    """A literal as templates may write it: Graph's namespace has the alias ``graph``, which its SDKs use [CSDL]."""
    return segment.lower(), f"microsoft.{segment.lower()}"


def _parameters(route: Route, segments: Sequence[str | Key]) -> dict[str, Key]:
    template = route.path.strip("/").split("/")
    return {
        name[1:-1]: segment if isinstance(segment, Key) else Key(segment)
        for name, segment in zip(template, segments, strict=True) if name.startswith("{")
    }
