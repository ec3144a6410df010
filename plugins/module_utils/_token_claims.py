# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an access token says of itself. Pure.

Nothing here checks a signature: a token belongs to the service that it is for, and its claims are read for people only.
Their meaning: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JSON web token; empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def shown(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that say who got the token, for what and for how long; null where the token says nothing.

    Tokens of version 1.0 and 2.0 name the client differently: ``appid`` and ``azp``.
    """
    return {
        "app_id": claims.get("appid") or claims.get("azp"),
        "tenant_id": claims.get("tid"),
        "object_id": claims.get("oid"),
        "audience": claims.get("aud"),
        "roles": sorted(claims.get("roles") or []),
        "scopes": sorted(str(claims.get("scp") or "").split()),
        "directory_roles": sorted(claims.get("wids") or []),
        "expires_date_time": _timestamp(claims.get("exp")),
    }


def _timestamp(seconds: object) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
