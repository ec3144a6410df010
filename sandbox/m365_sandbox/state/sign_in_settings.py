"""What Entra asks of a user beside the name, and what it remembers of the attempts.

Lockout: Microsoft's page on smart lockout has ten failed attempts, and a minute for the first time.
"""

from __future__ import annotations

import hmac

from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant, digest

LOCKOUT_ATTEMPTS = 10
LOCKOUT_SECONDS = 60.0

DEFAULTS: Entity = {
    # What the second factor is to show; null asks for none.
    "multiFactorCode": None,
    "blockedByConditionalAccess": False,
    # After how many seconds Conditional Access asks for the password again; null is never.
    "signInFrequencySeconds": None,
    "passwordExpired": False,
    # What was granted before this moment (seconds since 1970) is revoked.
    "validFrom": 0.0,
    "failedAttempts": 0,
    "lockedUntil": 0.0,
}


def sign_in_settings(tenant: Tenant, user_id: str) -> Entity:
    """The settings of a user, by object id, complete."""
    return {**DEFAULTS, **(tenant["sign_in_settings"].get(user_id) or {})}


def change_sign_in_settings(tenant: Tenant, user_id: str, **changes: object) -> None:
    """Change some of ``DEFAULTS``. The caller saves."""
    tenant["sign_in_settings"].put(user_id, {**sign_in_settings(tenant, user_id), **changes})


def revoke_sessions(tenant: Tenant, user_id: str) -> None:
    """End every sign-in and every refresh token of the user. The caller saves."""
    change_sign_in_settings(tenant, user_id, validFrom=now().timestamp())


def change_password(tenant: Tenant, user_id: str, password: str) -> None:
    """Give the user another password, which revokes what the old one got. The caller saves."""
    tenant["password_digests"].put(user_id, {"digest": digest(password)})
    change_sign_in_settings(tenant, user_id, passwordExpired=False, failedAttempts=0, lockedUntil=0.0)
    revoke_sessions(tenant, user_id)


def is_locked(tenant: Tenant, user_id: str) -> bool:
    """Whether too many wrong passwords were tried just now."""
    return bool(now().timestamp() < sign_in_settings(tenant, user_id)["lockedUntil"])


def try_password(tenant: Tenant, user_id: str, password: str) -> bool:
    """Whether it is the user's password; counts the attempt. The caller saves."""
    stored = tenant["password_digests"].get(user_id)
    if stored is not None and hmac.compare_digest(stored["digest"], digest(password)):
        change_sign_in_settings(tenant, user_id, failedAttempts=0)
        return True
    attempts = sign_in_settings(tenant, user_id)["failedAttempts"] + 1
    change_sign_in_settings(tenant, user_id, failedAttempts=attempts % LOCKOUT_ATTEMPTS)
    if attempts == LOCKOUT_ATTEMPTS:
        change_sign_in_settings(tenant, user_id, lockedUntil=now().timestamp() + LOCKOUT_SECONDS)
    return False
