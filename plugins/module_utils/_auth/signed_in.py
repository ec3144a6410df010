# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens of a person who has signed in to an application once. Nobody is asked anything here, see _flows.py for that.
"""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._token_cache import intact
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError

MISSING: dict[str, str] = {}
try:
    import msal
except ImportError:
    MISSING["msal>=1.35"] = traceback.format_exc()

#: What of msal's cache is worth keeping. An access token would say for an hour what is true no more.
_KEPT = ("RefreshToken", "Account", "AppMetadata")


class SignedIn:
    """See TokenSource. One person, and one application.

    :param application: msal's.
    :param cache: its cache.
    :param account: the name by which the person signs in.
    :param who: as messages name both.
    """

    def __init__(self, application: Any, cache: Any, account: str, who: str) -> None:
        self.application = application
        self.account = account
        self.who = who
        self._cache = cache
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token of the person's.

        :raises AuthenticationError: with ``needs_person`` if nobody has signed in, or that is over.
        """
        with self._one_at_a_time:
            known = self.application.get_accounts(username=self.account)
            answer = self.application.acquire_token_silent_with_error([scope], account=known[0]) if known else None
        if answer is None:
            raise nobody(self.who)
        if "access_token" not in answer:
            raise authentication_error(answer, self.who)
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """No access token is kept."""
        return False

    @property
    def kept(self) -> str:
        """What has to be kept of msal's cache, a secret: with it, ``source`` gives the same person's tokens again."""
        cache = json.loads(self._cache.serialize())
        return json.dumps({section: cache.get(section, {}) for section in _KEPT})


def nobody(who: str) -> AuthenticationError:
    """The error where no person's sign-in is kept."""
    error = AuthenticationError(f"Nobody has signed in yet for {who}.")
    error.needs_person = True
    return error


def source(options: Mapping[str, Any], connections: Connections) -> SignedIn:
    """The person of the option ``account``, at the application ``client_id``, which has a ``client_secret`` or none.

    The option ``sign_in`` is what ``SignedIn.kept`` was; what is damaged counts as nothing.
    """
    cloud = cloud_from(options)
    tenant_id, client_id, account = (
        required(options, option, "signed_in") for option in ("tenant_id", "client_id", "account")
    )
    cache = msal.SerializableTokenCache()
    cache.deserialize(intact(str(options.get("sign_in") or "").encode()))
    secret = options.get("client_secret")
    kind = msal.ConfidentialClientApplication if secret else msal.PublicClientApplication
    application = kind(
        client_id, client_credential=secret, authority=f"{cloud.authority_host}/{tenant_id}", token_cache=cache,
        instance_discovery=None if cloud.is_known_to_microsoft else False,
        http_client=connections.http(options.get("ca_path"), options.get("timeout") or 30),
    )
    return SignedIn(application, cache, account, f"{account} at the application {client_id} in tenant {tenant_id}")
