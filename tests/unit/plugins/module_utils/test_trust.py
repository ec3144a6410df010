# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which authorities are trusted, judged by what each kind of client makes of a server's certificate."""

from __future__ import annotations

import asyncio
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
import trustme
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import bundle, client_context

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    for name in (*VARIABLES, "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return trustme.CA()


@pytest.fixture
def port(authority: trustme.CA) -> Iterator[int]:
    """An HTTPS server whose certificate the authority has issued."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def by_httpx(port: int, ca_path: str | None) -> None:
    async def get() -> None:
        async with httpx.AsyncClient(verify=client_context(ca_path, "web")) as client:
            await client.head(f"https://127.0.0.1:{port}/")

    asyncio.run(get())


def by_requests(port: int, ca_path: str | None) -> None:
    requests.head(f"https://127.0.0.1:{port}/", verify=bundle(ca_path), timeout=10)


def by_mail(port: int, ca_path: str | None) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        client_context(ca_path, "mail").wrap_socket(plain, server_hostname="127.0.0.1").close()


CLIENTS = pytest.mark.parametrize("client", [by_httpx, by_requests, by_mail])
Client = Callable[[int, "str | None"], None]


@CLIENTS
def test_an_unknown_authority_is_not_trusted(port: int, client: Client) -> None:
    with pytest.raises((httpx.ConnectError, requests.exceptions.SSLError, ssl.SSLCertVerificationError)):
        client(port, None)


@CLIENTS
@pytest.mark.parametrize("source", ["ca_path", *VARIABLES])
def test_each_way_to_name_an_authority_works_alone(
    authority: trustme.CA, port: int, client: Client, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(path)
    if source != "ca_path":
        monkeypatch.setenv(source, path)
    client(port, path if source == "ca_path" else None)


@CLIENTS
def test_what_the_task_says_goes_before_the_environment(
    authority: trustme.CA, port: int, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, one in ((tmp_path / "ca.pem", authority), (tmp_path / "other.pem", trustme.CA())):
        one.cert_pem.write_to_path(str(path))
    for name in VARIABLES:
        monkeypatch.setenv(name, str(tmp_path / "other.pem"))
    client(port, str(tmp_path / "ca.pem"))


def test_the_public_authorities_are_those_of_the_system_and_of_certifi(authority: trustme.CA) -> None:
    assert len(client_context(None, "mail").get_ca_certs()) > 50
    assert bundle(None) is True


def test_certificates_and_host_names_are_always_verified() -> None:
    context = client_context(None, "mail")
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_it_is_read_once_and_not_shared_between_the_web_and_mail() -> None:
    # HTTP clients offer their own protocol by the context (ALPN), which a mail server may refuse.
    assert client_context(None, "mail") is client_context(None, "mail")
    assert client_context(None, "mail") is not client_context(None, "web")


@pytest.mark.parametrize("source", ["ca_path", *VARIABLES])
@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_file_without_certificates_is_refused_by_the_name_of_its_option(
    authority: trustme.CA, tmp_path: Path, source: str, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    if source != "ca_path":
        monkeypatch.setenv(source, str(path))
    given = str(path) if source == "ca_path" else None
    with pytest.raises(InputError, match=rf"{source}: .*ca\.pem cannot be read"):
        client_context(given, "web")
    if content is None:
        with pytest.raises(InputError, match=rf"{source}: .*ca\.pem cannot be read"):
            bundle(given)


def test_a_file_that_was_replaced_is_read_again(authority: trustme.CA, port: int, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    with pytest.raises(ssl.SSLCertVerificationError):
        by_mail(port, str(path))
    authority.cert_pem.write_to_path(str(path))
    by_mail(port, str(path))
