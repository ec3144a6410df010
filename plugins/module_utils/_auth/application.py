# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for an application with a credential of its own: a secret, a certificate, or somebody else's token."""

from __future__ import annotations

import hashlib
import re
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.http import Connections, HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.private_files import private_folder
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.token_cache import FileTokenCache
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import GUID

MISSING: dict[str, str] = {}
try:
    import msal
except ImportError:
    MISSING["msal>=1.31"] = traceback.format_exc()

_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


class ApplicationTokens:
    """Tokens for an application with a credential of its own, by the client credentials grant.

    :param credential: what msal calls client_credential.
    """

    def __init__(
        self, cloud: Cloud, tenant_id: str, client_id: str, credential: str | Mapping[str, Any],
        http: HttpClient, cache: Path | None,
    ) -> None:
        self._cloud = cloud
        self._authority = f"{cloud.authority_host}/{tenant_id}"
        self._client_id = client_id
        self._credential = credential
        self._http = http
        self._cache = cache
        self._who = f"client {client_id} in tenant {tenant_id}"
        self._application: Any = None
        self._refusals: dict[str, Any] = {}
        self._came_from_cache = False
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token, from the cache while it is valid for five minutes more."""
        # Whoever comes second finds in the cache what the first has got.
        with self._one_at_a_time:
            if self._application is None:
                self._application = self._build()
            # msal would answer from memory for a minute after a refusal, and hide that a new secret has replicated.
            self._refusals.clear()
            answer = self._application.acquire_token_for_client([scope])
            if answer.get("token_source") == "identity_provider":
                self._came_from_cache = False
        if "access_token" not in answer:
            error = authentication_error(answer, self._who)
            error.client_id = self._client_id
            raise error
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """Forget every token of the application that is cached on disk, unless this process acquired it itself."""
        with self._one_at_a_time:
            if not self._came_from_cache:
                return False
            self._application.remove_tokens_for_client()
            self._came_from_cache = False
            return True

    def _build(self) -> Any:
        tokens = None
        if self._cache is not None:
            self._came_from_cache = True
            tokens = FileTokenCache(self._cache)
        try:
            return msal.ConfidentialClientApplication(
                self._client_id, client_credential=self._credential, authority=self._authority, token_cache=tokens,
                instance_discovery=None if self._cloud.is_known_to_microsoft else False,
                http_client=self._http, http_cache=self._refusals,
            )
        except ValueError as error:
            # Raised for a certificate or key that cannot be used; the library's words hold no secret.
            raise InputError(f"The credential of {self._who} is unusable: {error}") from error


def with_secret(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application whose secret is in the option ``client_secret``."""
    secret = required(options, "client_secret", "client_secret")
    if GUID.fullmatch(secret.strip()):
        raise InputError(
            "client_secret looks like the secret's ID, not its value: it is a GUID, and values never are.",
            remedy="Give the value, which the portal shows once, after creation; if it is lost, make a new secret.",
        )
    return _application(options, connections, "client_secret", secret, secret)


def with_certificate(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application whose certificate and private key are in the file of the option ``certificate_path``."""
    path = Path(required(options, "certificate_path", "client_certificate"))
    password = options.get("certificate_password")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"certificate_path: {path} cannot be read ({error.strerror}).") from error
    credential: dict[str, Any] = {"passphrase": password} if password else {}
    if path.suffix.lower() in (".pfx", ".p12"):
        credential["private_key_pfx_path"] = str(path)
    else:
        blocks = [(match[1], match[0]) for match in _PEM_BLOCK.finditer(content.decode("utf-8", "replace"))]
        keys = [text for label, text in blocks if label.endswith("PRIVATE KEY")]
        certificates = [text for label, text in blocks if label == "CERTIFICATE"]
        if not keys or not certificates:
            raise InputError(
                f"certificate_path: {path} has to hold a private key and its certificate, both in PEM form.",
                remedy="Put both into the file, or give a .pfx or .p12 file.",
            )
        credential |= {"private_key": keys[0], "public_certificate": certificates[0]}
    return _application(options, connections, "client_certificate", credential, content.hex())


def with_federated_token(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application that trusts the token in the file of the option ``federated_token_file``."""
    path = Path(required(options, "federated_token_file", "workload_identity"))

    def assertion() -> str:
        # Whoever issues these tokens replaces the file every hour or so.
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise InputError(f"federated_token_file: {path} cannot be read ({error.strerror}).") from error

    assertion()
    return _application(options, connections, "workload_identity", {"client_assertion": assertion}, str(path))


def _application(
    options: Mapping[str, Any], connections: Connections, source: str, credential: str | Mapping[str, Any],
    fingerprint: str,
) -> ApplicationTokens:
    cloud = cloud_from(options)
    tenant_id = required(options, "tenant_id", source)
    client_id = required(options, "client_id", source)
    folder = private_folder(options.get("token_cache"))
    # The credential is part of the name, or a wrong one would go unnoticed as long as the right one's token is cached.
    name = hashlib.sha256("\n".join((cloud.authority_host, tenant_id, client_id, source, fingerprint)).encode())
    http = connections.http(options.get("ca_path"), options.get("timeout") or 30, folder)
    return ApplicationTokens(
        cloud, tenant_id, client_id, credential, http, folder and folder / f"tokens-{name.hexdigest()[:32]}.json"
    )
