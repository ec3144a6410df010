# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whoever looks for the proof in a mailbox: whether they can sign in, and may read it. Mail is not looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import READING
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import in_exchange
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import Finding, Subject
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import tokens
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.options import complete
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import PERMISSIONS, is_persons
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import (
    ENDPOINT_OPTIONS,
    GraphSide,
    OAuth2,
    ServerSide,
    settings_from,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of, shown

CHECK = "reader"
_CORRECT = "Correct mail_verify.receive: who reads the mailbox, and with what."


@dataclass(frozen=True)
class Reader:
    """Whoever looks into a mailbox.

    :param subject: the mailbox, and the hosts whose proofs arrive there.
    :param transport: "graph", "imap" or "pop3".
    :param deletes: whether the mail is deleted once it was found.
    """

    subject: Subject
    transport: str
    deletes: bool
    credentials: OAuth2 = field(repr=False)


@dataclass(frozen=True)
class Told:
    """What signing in has told of a reader.

    :param asks: what Exchange has to be asked instead of a finding, since roles of Exchange are in no token.
    """

    findings: list[Finding]
    asks: in_exchange.Reader | None = None


def proof(
    deliveries: Iterable[Mapping[str, Any]], host: str, reads: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The check of a host by which the proof is looked for; None if no application has to. Pure.

    :param deliveries, reads: as the plan has them. The proof comes before what the product itself receives.
    """
    return next((
        one for one in deliveries if reads is not None and one["host"] == host and one.get("send") is not None
        and {name: one["receive"].get(name) for name in reads} == reads
    ), None)


def reader(subject: Subject, check: Mapping[str, Any], receive: Mapping[str, Any]) -> Reader:
    """Who a check says looks into the mailbox. Pure.

    :param receive: the check's, with values in place of references.
    :raises InputError: it makes no sense.
    """
    endpoints = {name: check[name] for name in ENDPOINT_OPTIONS if name in check}
    side = settings_from(complete({**endpoints, "receive": receive, "expect": "refused"})).receive
    if not isinstance(side, GraphSide | ServerSide) or not isinstance(side.credentials, OAuth2):
        raise InputError("mail_verify.receive: names nobody who signs in with a token.", remedy=_CORRECT)
    return Reader(subject, side.transport, check.get("cleanup", True), side.credentials)


def joined(readers: Iterable[Reader]) -> list[Reader]:
    """Those who sign in alike and look into the same mailbox, as one, with the hosts of all. Pure."""
    found: dict[Any, list[Reader]] = {}
    for one in readers:
        credentials = one.credentials.scope, frozenset(one.credentials.options.items())
        found.setdefault((one.subject.about, one.transport, one.deletes, credentials), []).append(one)
    hosts = [tuple(host for one in same for host in one.subject.hosts) for same in found.values()]
    return [
        replace(same[0], subject=replace(same[0].subject, hosts=of_all))
        for same, of_all in zip(found.values(), hosts, strict=True)
    ]


async def look(readers: Sequence[Reader]) -> list[Told]:
    """What a new token of each says."""
    sources = TokenSources()
    return list(await asyncio.gather(*(_look(one, sources) for one in readers)))


async def _look(one: Reader, sources: TokenSources) -> Told:
    if _auth.MISSING:
        return Told(one.subject.unknown([CHECK], f"Python libraries are missing: {', '.join(_auth.MISSING)}"))
    try:
        source = sources.source(one.credentials.options)
        claims = claims_of((await tokens.prove(source, one.credentials.scope, 0)).token)
    except ModernAuthError as error:
        return Told(one.subject.cross(CHECK, error.message, error.remedy or _CORRECT))
    return judge(one, claims)


def judge(one: Reader, claims: Mapping[str, Any]) -> Told:
    """What a token says of its holder's reading. Pure.

    :param claims: the token's; empty if it cannot be read.
    """
    if not claims:
        return Told(one.subject.unknown([CHECK], "its access token does not say what it may do"))
    resource, permission = READING[one.transport]
    kind = "delegated" if is_persons(claims) else "application"
    if kind == "delegated":
        permission = PERMISSIONS.get(one.transport, permission)
    enough = {permission}
    if one.transport == "graph":
        enough |= set() if one.deletes else {"Mail.Read"}
        # By which a person opens somebody else's mailbox.
        enough |= {f"{name}.Shared" for name in enough} if kind == "delegated" else set()
    token = shown(claims)
    if enough & {*token["roles"], *token["scopes"]}:
        return Told(one.subject.ok(CHECK))
    lacking = one.subject.cross(
        CHECK, f"Whoever looks into it by {one.transport} gets a token, but {permission} is not in it.",
        f"Grant {permission} of {resource} as {kind} permission; mailops.modern_auth.bootstrap makes a reader that may "
        "read the mailbox of the proof and no other.",
    )
    if kind == "application" and one.transport == "graph" and token["app_id"] and token["object_id"]:
        ids = token["app_id"], token["object_id"]
        return Told([], in_exchange.Reader(one.subject, *ids, frozenset(enough), lacking))
    return Told(lacking)
