"""/users."""

from __future__ import annotations

from m365_sandbox.graph.errors import authorization_denied, resource_not_found
from m365_sandbox.graph.filter_syntax import parse_filter, paths
from m365_sandbox.graph.query import View, answer_collection, answer_count, answer_entity
from m365_sandbox.graph.roles import OWN_USER_READ, PROFILES_READ, USERS_READ
from m365_sandbox.graph.routing import Answer, Call, Route, permissions_of, person_of
from m365_sandbox.state.entity_types import USER
from m365_sandbox.state.history import Entity

VIEW = View(USER)
# What User.ReadBasic.All shows [GR:permissions]; a filter by anything else is refused.
BASIC_PROFILE = ("id", "displayName", "givenName", "surname", "mail", "userPrincipalName")


async def show_all(call: Call) -> Answer:
    """GET /users."""
    return answer_collection(call, VIEW, _users(call))


async def count(call: Call) -> Answer:
    """GET /users/$count."""
    return answer_count(call, USER, _users(call))


async def show(call: Call) -> Answer:
    """GET /users/{object id or user principal name}; other addresses of the mailbox do not name the user."""
    key = call.params["user"]
    for user in _users(call):
        if key.casefold() in (user["id"], user["userPrincipalName"].casefold()):
            return answer_entity(call, VIEW, user)
    raise resource_not_found(key)


def _users(call: Call) -> list[Entity]:
    """The users as the caller may see them; a person sees the own one whole.

    Their proxyAddresses are the addresses of their mailboxes.
    """
    users = [
        {**user, "proxyAddresses": _proxy_addresses(call.tenant["mailboxes"].get(user["id"], call.lag))}
        for user in call.tenant["users"].values(call.lag)
    ]
    if not PROFILES_READ.isdisjoint(permissions_of(call.claims)):
        return users
    if "$filter" in call.query and not set(paths(parse_filter(call.query["$filter"]))).issubset(BASIC_PROFILE):
        raise authorization_denied()
    own = person_of(call.claims)
    return [
        user if user["id"] == own else {name: user[name] for name in BASIC_PROFILE if name in user} for user in users
    ]


def _proxy_addresses(mailbox: Entity | None) -> list[str]:
    """The primary address is written with SMTP: in capitals, the others with smtp:."""
    if mailbox is None:
        return []
    primary = mailbox["address"].casefold()
    return [
        ("SMTP:" if address.casefold() == primary else "smtp:") + address for address in mailbox["addresses"]
    ]


ROUTES = (
    Route("GET", "/users", USERS_READ, show_all),
    Route("GET", "/users/$count", USERS_READ, count),
    Route("GET", "/users/{user}", USERS_READ, show, own=OWN_USER_READ),
)
