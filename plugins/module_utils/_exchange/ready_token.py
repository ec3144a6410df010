# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a token that somebody brings along says of itself. Pure.

Exchange answers every token that it does not take with the same 401, so what can be told before is told before.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of

_EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"


def examine(token: str, now: datetime, resource: str) -> None:
    """Refuse a token that Exchange will not take for sure. One that cannot be read is left to Exchange.

    :param resource: the audience that tokens for Exchange have in this cloud.
    :raises AuthenticationError: it is for another service, or has expired.
    """
    claims = claims_of(token)
    audience = claims.get("aud")
    if isinstance(audience, str) and audience != _EXCHANGE_APP_ID and "outlook" not in audience.casefold():
        raise AuthenticationError(
            f"exchange_access_token is a token for {audience}, not for Exchange.", code="wrong_audience",
            remedy=f"Get one for Exchange, by asking for the scope {resource}/.default.",
        )
    expires = claims.get("exp")
    if isinstance(expires, int | float) and 0 <= expires <= now.timestamp():
        moment = datetime.fromtimestamp(expires, UTC)
        raise AuthenticationError(
            f"exchange_access_token has expired, at {moment:%Y-%m-%d %H:%M:%S} UTC.", code="token_expired",
            remedy="Get a new one, or give a credential with which the module gets its tokens itself.",
        )
