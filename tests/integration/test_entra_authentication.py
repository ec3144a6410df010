"""Every way to sign in, and every way in which it is refused, through a module that only reads."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from module_runner import Modules
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
READ = {GRAPH: ["Application.Read.All"]}
CREDENTIALS = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    """A caller that knows the tenant, but has no credential yet."""
    modules = Modules(clean)
    for name in CREDENTIALS:
        del modules.environment[name]
    return modules


def read(modules: Modules, **arguments: Any) -> dict[str, Any]:
    return modules.run("entra_application_info", unique_name="nobody", **arguments)


def application(modules: Modules, **properties: Any) -> dict[str, Any]:
    added: dict[str, Any] = modules.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Caller", "roles": READ, **properties}
    )
    return added


def ready_token(modules: Modules, **properties: Any) -> str:
    app_id = application(modules)["appId"]
    issued = modules.sandbox.control(
        "POST", "/tenant/tokens", {"appId": app_id, "resource": "https://graph.microsoft.com", **properties}
    )
    return str(issued["access_token"])


class KeyPair:
    """A private key and a certificate that it signed itself."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "caller")])
        moment = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=30)).sign(self.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def write(self, folder: Path, form: str, password: str | None) -> Path:
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        path = folder / f"caller.{form}"
        if form == "pem":
            private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()
            path.write_text(private + self.pem, "utf-8")
        else:
            path.write_bytes(pkcs12.serialize_key_and_certificates(
                b"caller", self.key, self.certificate, None, encryption
            ))
        return path


def test_a_client_secret(modules: Modules) -> None:
    caller = application(modules, secret=True)
    result = read(modules, client_id=caller["appId"], client_secret=caller["secret"])
    assert result["applications"] == []
    assert caller["secret"] not in str(result)


@pytest.mark.parametrize("form", ["pem", "pfx"])
@pytest.mark.parametrize("password", [None, "correct horse"])
def test_a_certificate(modules: Modules, tmp_path: Path, form: str, password: str | None) -> None:
    pair = KeyPair()
    caller = application(modules, certificate=pair.pem)
    path = pair.write(tmp_path, form, password)
    arguments = {"client_id": caller["appId"], "certificate_path": str(path), "certificate_password": password}
    assert read(modules, **arguments)["applications"] == []
    if password:
        wrong = read(modules, **{**arguments, "certificate_password": "wrong"})
        assert wrong["msg"].startswith("The credential of client")
        assert "wrong" not in wrong["msg"]


def test_a_certificate_that_the_application_does_not_have(modules: Modules, tmp_path: Path) -> None:
    caller = application(modules, certificate=KeyPair().pem)
    path = KeyPair().write(tmp_path, "pem", None)
    result = read(modules, client_id=caller["appId"], certificate_path=str(path))
    assert result["code"] == "AADSTS700027"
    assert "Upload the public certificate" in result["remedy"]


def test_a_certificate_without_its_key(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "caller.pem"
    path.write_text(KeyPair().pem, "utf-8")
    result = read(modules, client_id="11111111-1111-1111-1111-111111111111", certificate_path=str(path))
    assert "private key and its certificate" in result["msg"]


def test_a_federated_token_from_a_file(modules: Modules, tmp_path: Path) -> None:
    pair = KeyPair()
    caller = application(modules, certificate=pair.pem)
    environment = modules.sandbox.env
    token_endpoint = f"{environment['AZURE_AUTHORITY_HOST']}/{environment['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    now = int(time.time())
    assertion = jwt.encode(
        {
            "aud": token_endpoint, "iss": caller["appId"], "sub": caller["appId"], "jti": "1", "nbf": now,
            "exp": now + 300,
        },
        pair.key, algorithm="PS256",
        headers={"x5t#S256": _base64url(pair.certificate.fingerprint(hashes.SHA256()))},
    )
    path = tmp_path / "token"
    path.write_text(assertion + "\n", "utf-8")
    assert read(modules, client_id=caller["appId"], federated_token_file=str(path))["applications"] == []


def _base64url(content: bytes) -> str:
    return jwt.utils.base64url_encode(content).decode()


def test_a_ready_token_and_an_expired_one(modules: Modules) -> None:
    assert read(modules, access_token=ready_token(modules))["applications"] == []
    expired = read(modules, access_token=ready_token(modules, seconds=-60))
    assert expired["code"] == "InvalidAuthenticationToken"
    assert "expired" in expired["msg"]


def test_the_azure_cli(modules: Modules, tmp_path: Path) -> None:
    token = ready_token(modules)
    answer = {"accessToken": token, "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    program = tmp_path / "az"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(tmp_path / 'arguments')!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"print({json.dumps(answer)!r})\n",
        "utf-8",
    )
    program.chmod(0o755)
    modules.environment["PATH"] = f"{tmp_path}:{modules.environment['PATH']}"
    assert read(modules)["applications"] == []
    (arguments,) = (tmp_path / "arguments").read_text("utf-8").splitlines()
    assert json.loads(arguments) == [
        "account", "get-access-token", "--output", "json", "--resource", "https://graph.microsoft.com",
        "--tenant", modules.sandbox.env["AZURE_TENANT_ID"],
    ]
    program.write_text("#!/bin/sh\necho 'Please run az login to setup account.' >&2\nexit 1\n", "utf-8")
    refused = read(modules, auth_source="azure_cli")
    assert "Please run az login" in refused["msg"]
    assert "Sign in with `az login`" in refused["remedy"]


@contextmanager
def identity_endpoint(status: int, body: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What App Service offers to the code that it runs: an address, and a header that proves where the caller is."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            granted = self.headers.get("X-IDENTITY-HEADER") == "proof"
            content = json.dumps(body).encode()
            self.send_response(status if granted else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/msi/token", paths
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_managed_identity(modules: Modules) -> None:
    answer = {"access_token": ready_token(modules), "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
    with identity_endpoint(200, answer) as (address, paths):
        modules.environment |= {"IDENTITY_ENDPOINT": address, "IDENTITY_HEADER": "proof"}
        assert read(modules)["applications"] == []
        assert read(modules, managed_identity_client_id="some-id")["applications"] == []
    assert "resource=https%3A%2F%2Fgraph.microsoft.com" in paths[0]
    assert "client_id=some-id" in paths[1]


def test_a_managed_identity_that_is_not_there(modules: Modules) -> None:
    with identity_endpoint(400, {"statusCode": 400, "message": "No managed identity was found"}) as (address, _):
        modules.environment |= {"IDENTITY_ENDPOINT": address, "IDENTITY_HEADER": "proof"}
        result = read(modules, auth_source="managed_identity")
    assert "the system-assigned managed identity" in result["msg"]
    assert "assigned to this Azure resource" in result["remedy"]


def test_nothing_to_sign_in_with(modules: Modules, tmp_path: Path) -> None:
    modules.environment["PATH"] = str(tmp_path)
    assert read(modules)["msg"].startswith("No credential to sign in with")
    missing = read(modules, auth_source="client_secret", client_secret="x")
    assert missing["msg"] == "client_id is missing; signing in with auth_source client_secret needs it."


@pytest.mark.parametrize(("change", "code", "remedy"), [
    ({"client_secret": "wrong~but~not~an~id"}, "AADSTS7000215", "secret's value"),
    ({"client_id": "11111111-1111-1111-1111-111111111111"}, "AADSTS700016", "client_id and tenant_id"),
    ({"tenant_id": "11111111-1111-1111-1111-111111111111"}, "AADSTS90002", "Check tenant_id"),
])
def test_refusals_carry_number_identifiers_and_remedy(
    modules: Modules, change: dict[str, str], code: str, remedy: str
) -> None:
    caller = application(modules, secret=True)
    result = read(modules, **{"client_id": caller["appId"], "client_secret": caller["secret"], **change})
    assert result["failed"]
    assert result["code"] == code
    assert remedy in result["remedy"]
    assert result["msg"].count(code) == 1
    assert "Trace ID" not in result["msg"]
    assert result["request_id"].startswith("trace ")
    assert caller["secret"] not in str(result)


def test_an_expired_secret(modules: Modules) -> None:
    caller = application(modules, secret=True, secretSeconds=-60)
    result = read(modules, client_id=caller["appId"], client_secret=caller["secret"])
    assert result["code"] == "AADSTS7000222"
    assert "make a new one" in result["remedy"]


def test_an_application_without_service_principal(modules: Modules) -> None:
    operator = Modules(modules.sandbox)
    made = operator.ok("entra_application", unique_name="caller", display_name="Caller")["application"]
    secret = operator.ok("entra_application_secret", app_id=made["app_id"])["secret_text"]
    result = read(modules, client_id=made["app_id"], client_secret=secret)
    assert result["code"] == "AADSTS7000229"
    assert "service principal" in result["remedy"]


def test_the_id_of_a_secret_is_refused_before_anything_is_sent(modules: Modules) -> None:
    caller = application(modules, secret=True)
    modules.count("identity")
    result = read(modules, client_id=caller["appId"], client_secret=caller["keyId"])
    assert "looks like the secret's ID" in result["msg"]
    assert modules.count("identity") == 0


def test_an_untrusted_certificate_says_which_option_to_give(modules: Modules) -> None:
    caller = application(modules, secret=True)
    token = ready_token(modules)
    del modules.environment["MAILOPS_CA_FILE"]
    by_identity = read(modules, client_id=caller["appId"], client_secret=caller["secret"])
    by_graph = read(modules, access_token=token)
    for result in (by_identity, by_graph):
        assert "not trusted" in result["msg"]
        assert "ca_path (environment MAILOPS_CA_FILE)" in result["remedy"]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used(modules: Modules, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, "utf-8")
    caller = application(modules, secret=True)
    result = read(modules, client_id=caller["appId"], client_secret=caller["secret"], ca_path=str(path))
    assert result["msg"].startswith("ca_path: ")


@pytest.mark.parametrize("option", ["authority_host", "graph_endpoint"])
def test_a_host_that_cannot_be_reached(modules: Modules, option: str) -> None:
    caller = application(modules, secret=True)
    nowhere = {option: "https://127.0.0.1:9"}
    result = read(modules, client_id=caller["appId"], client_secret=caller["secret"], **nowhere)
    assert "127.0.0.1:9 cannot be reached" in result["msg"]
    assert option in result["remedy"]


def test_endpoints_that_are_no_addresses(modules: Modules) -> None:
    assert "authority_host: 'http://x'" in read(modules, access_token="ready", authority_host="http://x")["msg"]
    del modules.environment["MAILOPS_GRAPH_ENDPOINT"]
    assert "cloud: custom needs both" in read(modules, access_token="ready", cloud="custom")["msg"]


def test_a_token_cache_serves_the_modules_of_a_play(modules: Modules, tmp_path: Path) -> None:
    caller = application(modules, secret=True)
    folder = tmp_path / "cache"
    arguments = {"client_id": caller["appId"], "client_secret": caller["secret"], "token_cache": str(folder)}
    modules.count("identity")
    for _ in range(3):
        assert read(modules, **arguments)["applications"] == []
    assert modules.count("identity") == 2  # the tenant's metadata and one token
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in folder.glob("tokens-*.json"))
    assert all(caller["secret"] not in path.read_text("utf-8") for path in folder.iterdir())
    wrong = read(modules, **{**arguments, "client_secret": "wrong~but~not~an~id"})
    assert wrong["code"] == "AADSTS7000215"


def test_a_cached_token_that_lacks_a_new_permission_is_replaced(modules: Modules, tmp_path: Path) -> None:
    caller = application(modules, secret=True, roles={})
    arguments = {
        "client_id": caller["appId"], "client_secret": caller["secret"], "token_cache": str(tmp_path / "cache"),
    }
    assert "Application.Read.All" in read(modules, **arguments)["remedy"]
    Modules(modules.sandbox).ok("entra_admin_consent", app_id=caller["appId"], permissions=[
        {"resource": "Microsoft Graph", "application": ["Application.Read.All"]},
    ])
    assert read(modules, **arguments)["applications"] == []


def test_a_token_cache_that_others_may_enter_is_refused(modules: Modules, tmp_path: Path) -> None:
    caller = application(modules, secret=True)
    os.chmod(tmp_path, 0o755)
    result = read(
        modules, client_id=caller["appId"], client_secret=caller["secret"], token_cache=str(tmp_path)
    )
    assert "others may enter" in result["msg"]
    assert list(tmp_path.iterdir()) == []
