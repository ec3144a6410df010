# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Access tokens for the caller, through msal and the Azure CLI.

``token_source`` takes the options of the doc fragment ``entra`` as a plain dictionary, so that the credentials of an
application under test can be tried in the same way as the caller's own.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import subprocess
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    InputError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    ATTEMPTS,
    CONNECTION_ATTEMPTS,
    THROTTLED,
    UNAVAILABLE,
    pause,
    retry_after,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import bundle

MISSING: dict[str, str] = {}
try:
    import msal
except ImportError:
    MISSING["msal"] = traceback.format_exc()
try:
    import msal_extensions
except ImportError:
    MISSING["msal-extensions"] = traceback.format_exc()
try:
    import requests
except ImportError:
    MISSING["requests"] = traceback.format_exc()

#: The metadata of a tenant hardly ever changes; msal keeps it in memory for the same time.
DISCOVERY_SECONDS = 24 * 3600
#: The instance metadata service answers within milliseconds, or is not there at all.
MANAGED_IDENTITY_SECONDS = 5
AZURE_CLI_SECONDS = 60

_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


class TokenSource(Protocol):
    """Where access tokens come from."""

    def token(self, scope: str) -> str:
        """An access token for a scope such as "https://graph.microsoft.com/.default".

        :raises AuthenticationError: if it is refused; ``code`` is "AADSTS…" where the identity platform gave a number.
        :raises TransportError: if the identity platform cannot be reached.
        """

    def refresh(self) -> bool:
        """Forget tokens that an earlier process cached; False if the next token would be no fresher than the last."""


def token_source(options: Mapping[str, Any]) -> TokenSource:
    """The token source that the connection options describe.

    ``auth_source: auto`` takes the first that is configured, in the order access token, client secret, certificate,
    federated token, managed identity (where its environment announces it, or managed_identity_client_id is given) and
    at last a signed-in Azure CLI.

    :raises InputError: if what the source needs is missing or unusable; nothing was sent.
    """
    source = options.get("auth_source") or "auto"
    return _SOURCES[_detect(options) if source == "auto" else source](options)


def _detect(options: Mapping[str, Any]) -> str:
    for option, source in (
        ("access_token", "access_token"),
        ("client_secret", "client_secret"),
        ("certificate_path", "client_certificate"),
        ("federated_token_file", "workload_identity"),
        ("managed_identity_client_id", "managed_identity"),
    ):
        if options.get(option):
            return source
    if msal.managed_identity.get_managed_identity_source() is not msal.managed_identity.DEFAULT_TO_VM:
        return "managed_identity"
    if shutil.which("az"):
        return "azure_cli"
    raise InputError(
        "No credential to sign in with: there is no access_token, client_secret, certificate_path or "
        "federated_token_file, no managed identity in the environment, and no Azure CLI.",
        remedy="Give one of them, or its environment variable (AZURE_CLIENT_SECRET …); "
        "on an Azure virtual machine say auth_source: managed_identity.",
    )


class ReadyToken:
    """A token that somebody else acquired."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, scope: str) -> str:
        """The token, whatever the scope: nobody but its receiver can tell what it is good for."""
        return self._token

    def refresh(self) -> bool:
        """There is no other."""
        return False


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
            raise authentication_error(answer, self._who)
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
            tokens = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(str(self._cache)))
        try:
            return msal.ConfidentialClientApplication(
                self._client_id, client_credential=self._credential, authority=self._authority, token_cache=tokens,
                instance_discovery=None if self._cloud.is_known_to_microsoft else False,
                http_client=self._http, http_cache=self._refusals,
            )
        except ValueError as error:
            # Raised for a certificate or key that cannot be used; the library's words hold no secret.
            raise InputError(f"The credential of {self._who} is unusable: {error}") from error


class ManagedIdentityTokens:
    """Tokens for the identity of the Azure resource on which the module runs."""

    def __init__(self, client_id: str | None, http: HttpClient) -> None:
        identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
        )
        self._client = msal.ManagedIdentityClient(identity, http_client=http)
        self._who = f"the managed identity {client_id}" if client_id else "the system-assigned managed identity"

    def token(self, scope: str) -> str:
        """An access token from the instance metadata service or its like."""
        try:
            answer = self._client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
        except (msal.ManagedIdentityError, TransportError) as error:
            raise AuthenticationError(
                f"Could not get a token for {self._who}: {error}",
                remedy="Run on an Azure resource with a managed identity, or choose another auth_source.",
            ) from error
        if "access_token" not in answer:
            error_ = authentication_error(answer, self._who)
            error_.remedy = error_.remedy or "Check that the identity is assigned to this Azure resource."
            raise error_
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """The metadata service keeps tokens itself and cannot be asked for fresher ones."""
        return False


class AzureCliTokens:
    """Tokens of whoever is signed in to the Azure CLI; kept in memory, since each costs the start of a process."""

    def __init__(self, tenant_id: str | None) -> None:
        self._tenant_id = tenant_id
        self._tokens: dict[str, tuple[str, float]] = {}

    def token(self, scope: str) -> str:
        """An access token from ``az account get-access-token``."""
        token, expires = self._tokens.get(scope, ("", 0.0))
        if time.time() > expires - 300:
            token, expires = self._tokens[scope] = self._ask(scope)
        return token

    def refresh(self) -> bool:
        """The CLI decides itself when its tokens are renewed."""
        return False

    def _ask(self, scope: str) -> tuple[str, float]:
        program = shutil.which("az")
        if program is None:
            raise InputError("The Azure CLI (az) is not installed.", remedy="Install it or choose another auth_source.")
        command = [program, "account", "get-access-token", "--output", "json"]
        command += ["--resource", scope.removesuffix("/.default")]
        if self._tenant_id:
            command += ["--tenant", self._tenant_id]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=AZURE_CLI_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise AuthenticationError(f"The Azure CLI gave no token within {AZURE_CLI_SECONDS} seconds.") from error
        if done.returncode:
            error_ = authentication_error({"error_description": done.stderr.strip()}, "the Azure CLI")
            error_.remedy = error_.remedy or "Sign in with `az login` as the user that runs Ansible."
            raise error_
        try:
            answer = json.loads(done.stdout)
            # expires_on (epoch seconds) came with Azure CLI 2.54; without it every call asks again.
            return str(answer["accessToken"]), float(answer.get("expires_on", 0))
        except (ValueError, KeyError) as error:
            raise AuthenticationError("The Azure CLI answered with something that is not a token.") from error


class HttpClient:
    """The client that msal is handed: trusts the given CA, retries, turns failures into errors of this collection.

    :param ca_path: a PEM file to trust in place of the public authorities.
    :param timeout: seconds for a connection, and for each part of an answer.
    :param discovery: a folder that keeps the tenants' metadata documents for a day, or None.
    """

    def __init__(
        self, ca_path: str | None, timeout: float, discovery: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = requests.Session()
        self._verify = bundle(ca_path)
        self._timeout = timeout
        self._discovery = discovery
        self._sleep = sleep

    def get(
        self, url: str, params: Any = None, headers: Mapping[str, str] | None = None, **ignored: Any
    ) -> requests.Response:
        """GET; a tenant's metadata comes from the folder if it is there."""
        is_metadata = url.endswith("/.well-known/openid-configuration")
        if not is_metadata:
            return self._send("GET", url, params=params, headers=headers)
        kept = self._kept(url)
        if kept is not None:
            return kept
        response = self._send("GET", url, params=params, headers=headers)
        if response.status_code >= 400:
            # msal would only say that the document is unavailable, and lose the reason: mostly an unknown tenant.
            raise authentication_error(_json(response), f"the sign-in at {urlsplit(url).netloc}")
        self._keep(url, response.text)
        return response

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Mapping[str, str] | None = None, **ignored: Any
    ) -> requests.Response:
        """POST. A token request changes nothing, so it is repeated like any other."""
        return self._send("POST", url, params=params, data=data, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(self, method: str, url: str, **arguments: Any) -> requests.Response:
        host = urlsplit(url).netloc
        for attempt in range(1, ATTEMPTS + 1):
            asked = None
            try:
                response = self._session.request(
                    method, url, timeout=self._timeout, verify=self._verify, allow_redirects=False, **arguments
                )
            except requests.exceptions.SSLError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error) or attempt == CONNECTION_ATTEMPTS:
                    raise TransportError(
                        f"Could not get a token: the certificate of {host} is not trusted, or it does not speak TLS.",
                        remedy="Give the certificate authority's file in ca_path (environment MAILOPS_CA_FILE).",
                    ) from error
            except OSError as error:
                # requests derives its own errors from OSError; a CA file that is not there is a plain one.
                if not isinstance(error, requests.exceptions.RequestException):
                    raise InputError(f"ca_path: {self._verify} cannot be used ({error}).") from error
                if attempt == ATTEMPTS or (_never_connected(error) and attempt == CONNECTION_ATTEMPTS):
                    raise TransportError(
                        f"Could not get a token: {host} cannot be reached ({type(error).__name__}).",
                        remedy="Check authority_host, cloud, name resolution, proxy (HTTPS_PROXY) and firewall.",
                    ) from error
            else:
                if response.status_code not in THROTTLED | UNAVAILABLE or attempt == ATTEMPTS:
                    return response
                asked = retry_after(response.headers.get("Retry-After"))
            self._sleep(pause(attempt, asked))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _kept(self, url: str) -> requests.Response | None:
        path = self._document(url)
        try:
            if path is None or time.time() - path.stat().st_mtime > DISCOVERY_SECONDS:
                return None
            content = path.read_bytes()
            json.loads(content)
        except (OSError, ValueError):
            return None
        response = requests.Response()
        response.status_code, response._content = 200, content
        return response

    def _keep(self, url: str, text: str) -> None:
        path = self._document(url)
        if path is None:
            return
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)

    def _document(self, url: str) -> Path | None:
        return self._discovery and self._discovery / f"discovery-{_digest(url)}.json"


def _ready(options: Mapping[str, Any]) -> TokenSource:
    return ReadyToken(_required(options, "access_token", "access_token"))


def _with_secret(options: Mapping[str, Any]) -> TokenSource:
    secret = _required(options, "client_secret", "client_secret")
    if _is_guid(secret):
        raise InputError(
            "client_secret looks like the secret's ID, not its value: it is a GUID, and values never are.",
            remedy="Give the value, which the portal shows once, after creation; if it is lost, make a new secret.",
        )
    return _application(options, "client_secret", secret, secret)


def _with_certificate(options: Mapping[str, Any]) -> TokenSource:
    path = Path(_required(options, "certificate_path", "client_certificate"))
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
    return _application(options, "client_certificate", credential, content.hex())


def _with_federated_token(options: Mapping[str, Any]) -> TokenSource:
    path = Path(_required(options, "federated_token_file", "workload_identity"))

    def assertion() -> str:
        # Whoever issues these tokens replaces the file every hour or so.
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise InputError(f"federated_token_file: {path} cannot be read ({error.strerror}).") from error

    assertion()
    return _application(options, "workload_identity", {"client_assertion": assertion}, str(path))


def _with_managed_identity(options: Mapping[str, Any]) -> TokenSource:
    http = HttpClient(None, MANAGED_IDENTITY_SECONDS)
    return ManagedIdentityTokens(options.get("managed_identity_client_id"), http)


def _with_azure_cli(options: Mapping[str, Any]) -> TokenSource:
    return AzureCliTokens(options.get("tenant_id"))


_SOURCES: Mapping[str, Callable[[Mapping[str, Any]], TokenSource]] = {
    "access_token": _ready,
    "client_secret": _with_secret,
    "client_certificate": _with_certificate,
    "workload_identity": _with_federated_token,
    "managed_identity": _with_managed_identity,
    "azure_cli": _with_azure_cli,
}


def _application(
    options: Mapping[str, Any], source: str, credential: str | Mapping[str, Any], fingerprint: str
) -> TokenSource:
    cloud = cloud_from(options)
    tenant_id = _required(options, "tenant_id", source)
    client_id = _required(options, "client_id", source)
    folder = _private_folder(options.get("token_cache"))
    # The credential is part of the name, or a wrong one would go unnoticed as long as the right one's token is cached.
    name = _digest("\n".join((cloud.authority_host, tenant_id, client_id, source, fingerprint)))
    http = HttpClient(options.get("ca_path"), options.get("timeout") or 30, folder)
    return ApplicationTokens(
        cloud, tenant_id, client_id, credential, http, folder and folder / f"tokens-{name}.json"
    )


def _required(options: Mapping[str, Any], option: str, source: str) -> str:
    value = options.get(option)
    if not value:
        raise InputError(f"{option} is missing; signing in with auth_source {source} needs it.")
    return str(value)


def _private_folder(path: str | None) -> Path | None:
    if path is None:
        return None
    folder = Path(path).expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise InputError(f"token_cache: {folder} cannot be used as a folder ({error.strerror}).") from error
    if stat.S_IMODE(mode) & 0o077:
        raise InputError(
            f"token_cache: others may enter {folder}, and tokens will lie in it.",
            remedy=f"Give a folder of its own, or restrict this one: chmod 700 {folder}.",
        )
    return folder


def _is_guid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.strip(), re.IGNORECASE) is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _never_connected(error: Exception) -> bool:
    return isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in repr(error) or (
        "NameResolutionError" in repr(error)
    )


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"error": f"HTTP {response.status_code}"}
