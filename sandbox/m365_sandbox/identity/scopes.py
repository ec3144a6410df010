"""What the parameter ``scope`` asks for, and ``resource``, its counterpart of v1.0."""

from __future__ import annotations

from dataclasses import dataclass

from m365_sandbox.identity import errors, person_errors

SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
DEFAULT = ".default"
GRAPH = "https://graph.microsoft.com"


@dataclass(frozen=True)
class ResourceScopes:
    """What is asked of one resource.

    ``resource`` is its URI or appId as the client named it, ``names`` the delegated permissions (or ``.default``: all
    that the application is registered with), ``words`` the words of the parameter that say so.
    """

    resource: str
    names: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """Whether all registered permissions are meant."""
        return self.names == (DEFAULT,)


@dataclass(frozen=True)
class Scope:
    """A whole parameter: the sign-in scopes of OpenID Connect, and the resources in their order.

    ``text`` is the parameter itself.
    """

    text: str
    sign_in: frozenset[str]
    resources: tuple[ResourceScopes, ...]

    @property
    def single(self) -> ResourceScopes:
        """What an access token can be issued for; without a resource that is Graph, which has the user's profile.

        :raises EntraError: 28000 for several resources.
        """
        if len(self.resources) > 1:
            raise errors.several_resources(self.text)
        return self.resources[0] if self.resources else ResourceScopes(GRAPH, (), ())


def parse_scope(text: str) -> Scope:
    """Read a ``scope`` of v2.0. A word without a resource is Graph's; ``https://x//.default`` names ``https://x/``.

    :raises EntraError: 900144 if it is empty, 70011 for a word that cannot be one, or ``.default`` beside other names.
    """
    words = text.split()
    if not words:
        raise errors.missing_parameter("scope")
    sign_in = frozenset(word for word in words if word in SIGN_IN_SCOPES)
    found: dict[str, list[tuple[str, str]]] = {}
    for word in words:
        if word not in SIGN_IN_SCOPES:
            resource, slash, name = word.rpartition("/")
            if not name or (slash and not resource):
                raise person_errors.invalid_scope(word)
            found.setdefault(resource or GRAPH, []).append((name, word))
    resources = tuple(
        ResourceScopes(resource, tuple(name for name, _ in pairs), tuple(word for _, word in pairs))
        for resource, pairs in found.items()
    )
    for one in resources:
        if DEFAULT in one.names and not one.is_default:
            raise person_errors.default_beside_names(text)
    return Scope(text, sign_in, resources)


def scope_of_v1(resource: str) -> Scope:
    """What v1.0's ``resource`` asks for: the registered permissions, an ID token and a refresh token."""
    resources = (ResourceScopes(resource, (DEFAULT,), ()),) if resource else ()
    return Scope("", frozenset({"openid", "profile", "offline_access"}), resources)
