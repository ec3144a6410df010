from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
import requests
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    InputError,
    ModernAuthError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.clixml import readable
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.winrm import WinRmHost, WinRmPipe, explain
from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError, WSManFaultError

HOST = WinRmHost("host.contoso.example", user="CONTOSO\\operator", password="hidden-password", proxy="http://proxy:3128")


@pytest.mark.parametrize(
    "given",
    [
        {"user": "u", "password": "p"}, {"auth": "kerberos"},
        {"auth": "kerberos", "scheme": "http", "port": 5985},
        {"auth": "ntlm", "scheme": "http", "user": "u", "password": "pä"},
        {"auth": "certificate", "certificate_path": "c", "certificate_key_path": "k"},
    ],
)
def test_hosts_that_can_be_tried(given: dict[str, Any]) -> None:
    assert WinRmHost("h", **given).host == "h"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"auth": "basic", "scheme": "http", "user": "u", "password": "p"}, "readable on the network"),
        ({"auth": "ntlm", "scheme": "http", "message_encryption": "never", "user": "u", "password": "p"}, "readable"),
        ({"auth": "certificate", "scheme": "http", "certificate_path": "c", "certificate_key_path": "k"}, "readable"),
        ({"auth": "certificate", "certificate_path": "c"}, "certificate_key_path"),
        ({"user": "u"}, "user and password"),
        ({"auth": "basic", "user": "u", "password": "pä"}, "ASCII"),
        ({"user": "u", "password": "p", "operation_timeout": 30}, "read_timeout"),
        ({"user": "u", "password": "p", "operation_timeout": 0}, "read_timeout"),
    ],
)
def test_hosts_that_cannot(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        WinRmHost("h", **given)
    assert words in caught.value.message


def fault(code: int | None, reason: str = "because") -> WSManFaultError:
    return WSManFaultError(500, "m", "<x/>", reason, wsman_fault_code=code, fault_subcode="w:Quota")


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (InvalidCredentialsError("rejected"), AuthenticationError, "winrm.password"),
        (PermissionError("Access denied: Server did not respond with NTLM challenge token"), AuthenticationError,
         "winrm.auth"),
        (fault(5), AuthenticationError, "Remote Management Users"),
        (fault(2150859174, "quota"), TransportError, "quota"),
        (WinRMError("requested auth method is kerberos, but pykerberos is not installed"), InputError,
         "pywinrm[ntlm]"),
        (WinRMTransportError("http", 503, ""), TransportError, "HTTP 503"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), TransportError, "winrm.ca_path"),
        (requests.exceptions.ProxyError("407"), TransportError, "winrm.proxy"),
        (requests.exceptions.ReadTimeout("late"), TransportError, "winrm.read_timeout"),
        (requests.exceptions.ConnectTimeout("late"), TransportError, "firewall"),
        (requests.exceptions.ConnectionError("refused"), TransportError, "firewall"),
        (FileNotFoundError(2, "No such file", "ca.pem"), InputError, "winrm.ca_path"),
    ],
)
def test_what_failures_mean(error: Exception, expected: type[ModernAuthError], words: str) -> None:
    found = explain(error, HOST)
    assert found.__class__ is expected
    assert words in str(found.result()["msg"])
    assert "hidden-password" not in str(found.result())


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"", ""),
        (b"plain words\r\n", "plain words"),
        (
            b'#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress" RefId="0"><PR N="Record"/></Obj></Objs>', ""
        ),
        (
            b'#< CLIXML\r\n<Objs><S S="Error">a &lt;b&gt;_x000D__x000A_</S><S S="Error">    + more_x000D__x000A_</S>'
            b'<S S="verbose">no</S></Objs>',
            "a <b>\n    + more",
        ),
        (b'<PR/></Obj><S S="Error">cut</S></Objs>', "cut"),
        (b"half of it</S></Objs>", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_standard_error_for_a_person(output: bytes, text: str) -> None:
    assert readable(output) == text


def test_many_sessions_at_once_leave_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[object] = []
    monkeypatch.setattr(os, "putenv", lambda *change: changed.append(change))
    monkeypatch.setattr(os, "unsetenv", changed.append)
    host = WinRmHost("127.0.0.1", port=9, user="operator", password="hidden-password")

    async def start() -> BaseException:
        pipe = WinRmPipe(host)
        try:
            await pipe.start()
        except ModernAuthError as error:
            return error
        raise AssertionError("nothing listens there")

    async def many() -> list[BaseException]:
        return await asyncio.gather(*(start() for _number in range(60)))

    assert {type(error) for error in asyncio.run(many())} == {TransportError}
    assert changed == []


@pytest.mark.parametrize(("proxy", "used"), [(None, ""), ("http://own.example:3128", "http://own.example:3128")])
def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, proxy: str | None, used: str
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://foreign.example:3128")
    seen: list[dict[str, str]] = []

    def send(session: requests.Session, request: object, **options: Any) -> None:
        assert not session.trust_env
        seen.append(dict(session.proxies))
        raise requests.ConnectionError("stopped by the test")

    monkeypatch.setattr(requests.Session, "send", send)
    host = WinRmHost("host.example", user="operator", password="hidden-password", proxy=proxy)
    with pytest.raises(TransportError):
        asyncio.run(WinRmPipe(host).start())
    assert seen[0]["https"] == used
