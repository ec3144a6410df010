"""Who is meant by ``-User`` and ``-Trustee``, and how an entry's principal is printed."""

from __future__ import annotations

from m365_sandbox.exchange.acl import Acl
from m365_sandbox.exchange.cmdlet import Call
from m365_sandbox.exchange.directory import SECURITY_PRINCIPALS, by_id, principals, resolve
from m365_sandbox.exchange.errors import security_principal_not_found
from m365_sandbox.exchange.objects import sid


def grantee(call: Call, name: str) -> str:
    """The object id of the principal that a parameter names; AdminError 404 without one, 400 with several."""
    found = resolve(principals(call.tenant, SECURITY_PRINCIPALS, call.lag), name)
    if found is None:
        raise security_principal_not_found(name)
    return found.id


def grantee_or_orphan(call: Call, name: str, acl: Acl, who: str) -> str:
    """Like ``grantee``, but an entry whose principal is gone can be named by its SID or object id."""
    for entry in (*acl["entries"], *acl["denied"]):
        if name.casefold() in (entry[who].casefold(), sid(call.tenant, entry[who]).casefold()):
            return str(entry[who])
    return grantee(call, name)


def printed(call: Call, object_id: str) -> str | None:
    """How Get cmdlets print a principal; None if it is gone."""
    found = by_id(call.tenant, object_id, call.lag)
    return found.resolved_name if found else None
