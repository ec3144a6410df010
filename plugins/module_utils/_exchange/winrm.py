# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""PowerShell as a process on a Windows host, through WinRM."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    InputError,
    ModernAuthError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.clixml import readable
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.powershell import BrokenPipe
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import arguments
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import bundle

MISSING: dict[str, str] = {}
try:
    import requests
    from winrm.exceptions import (
        InvalidCredentialsError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )
    from winrm.protocol import Protocol
except ImportError:
    MISSING["pywinrm>=0.5"] = traceback.format_exc()

Authentication = Literal["ntlm", "kerberos", "credssp", "certificate", "basic"]
AUTHENTICATIONS: tuple[Authentication, ...] = ("ntlm", "kerberos", "credssp", "certificate", "basic")
Encryption = Literal["auto", "always", "never"]
ENCRYPTIONS: tuple[Encryption, ...] = ("auto", "always", "never")
Scheme = Literal["https", "http"]
SCHEMES: tuple[Scheme, ...] = ("https", "http")

#: Bytes of input in one message: base64 makes it a third more, and MaxEnvelopeSize is 153,600 on older hosts.
_PIECE = 65536
_COMPLAINT = 4096
_UTF8_CODE_PAGE = 65001
#: WSManFault codes: https://learn.microsoft.com/windows/win32/winrm/winrm-error-codes (values as pywinrm sees them).
_ACCESS_DENIED = 5
_NO_SUCH_SHELL = 2150858843

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class WinRmHost:
    """How a Windows host is reached.

    :param port: TCP; 5986 is https, 5985 http.
    :param certificate_path: PEM file of the client certificate, for ``certificate``.
    :param certificate_key_path: PEM file of its private key.
    :param ca_path: PEM file of authorities to trust; None for the public ones, or those that the environment names.
    :param proxy: URL, or None for a direct connection whatever the environment says.
    :param operation_timeout: seconds that one WinRM request may wait for output.
    :param read_timeout: seconds until the connection counts as dead; more than ``operation_timeout``.
    :param powershell: the program to start.
    """

    host: str
    port: int = 5986
    scheme: Scheme = "https"
    auth: Authentication = "ntlm"
    user: str | None = None
    password: str | None = None
    certificate_path: str | None = None
    certificate_key_path: str | None = None
    ca_path: str | None = None
    proxy: str | None = None
    message_encryption: Encryption = "auto"
    kerberos_delegation: bool = False
    kerberos_hostname: str | None = None
    operation_timeout: int = 20
    read_timeout: int = 30
    powershell: str = "powershell"

    def __post_init__(self) -> None:
        """Refuse what would show a password, or could not work at all.

        :raises InputError: naming the option of ``winrm``.
        """
        seals = self.auth in ("ntlm", "kerberos", "credssp") and self.message_encryption != "never"
        if self.scheme == "http" and not seals:
            raise InputError(
                "winrm: over http, everything including the access token would be readable on the network.",
                remedy="Use https, or ntlm, kerberos or credssp with message_encryption: auto.",
            )
        if self.auth == "certificate" and not (self.certificate_path and self.certificate_key_path):
            raise InputError("winrm: auth certificate needs certificate_path and certificate_key_path.")
        if self.auth not in ("certificate", "kerberos") and not (self.user and self.password):
            raise InputError(f"winrm: auth {self.auth} needs user and password.")
        if self.auth == "basic" and not f"{self.user}{self.password}".isascii():
            # A host reads them in its own code page, which nobody here knows.
            raise InputError(
                "winrm: auth basic takes user and password in ASCII only.", remedy="Use ntlm, which takes any."
            )
        if not 1 <= self.operation_timeout < self.read_timeout:
            raise InputError("winrm: read_timeout has to be greater than operation_timeout.")


class WinRmPipe:
    """A PowerShell process in a shell of its own on a Windows host.

    pywinrm blocks, so each of its calls runs in a thread; they never overlap.
    """

    def __init__(self, host: WinRmHost) -> None:
        self.where = host.host
        self._host = host
        self._protocol: Any = None
        self._shell: str | None = None
        self._command: str | None = None
        self._complaint = b""
        self._is_done = False

    async def start(self) -> None:
        """Open a shell and start PowerShell in it."""
        host = self._host
        known: dict[str, Any] = {
            "transport": host.auth, "username": host.user, "password": host.password,
            "cert_pem": host.certificate_path, "cert_key_pem": host.certificate_key_path,
            # No proxy at all is said by an empty one: for None pywinrm changes the environment of the whole process
            # for a moment, which breaks another session that does the same in another thread.
            "ca_trust_path": bundle(host.ca_path), "proxy": host.proxy or "",
            "message_encryption": host.message_encryption, "kerberos_delegation": host.kerberos_delegation,
            "kerberos_hostname_override": host.kerberos_hostname,
            "read_timeout_sec": host.read_timeout, "operation_timeout_sec": host.operation_timeout,
        }
        address = f"{host.scheme}://{host.host}:{host.port}/wsman"
        self._protocol = await self._connecting(lambda: _protocol(address, known))
        self._shell = await self._connecting(lambda: self._protocol.open_shell(codepage=_UTF8_CODE_PAGE))
        # Windows PowerShell runs no unsigned module files otherwise; the module's own files have to load.
        words = ["-ExecutionPolicy", "Bypass", *arguments()]
        self._command = await self._connecting(
            lambda: self._protocol.run_command(self._shell, host.powershell, words)
        )

    async def write(self, data: bytes) -> None:
        """Send input in messages that every host takes."""
        for start in range(0, len(data), _PIECE):
            piece = data[start:start + _PIECE]
            await self._using(partial(self._protocol.send_command_input, self._shell, self._command, piece))

    async def read(self, seconds: float) -> bytes | None:
        """What the process wrote; waits for the operation timeout at most, however many seconds are given."""
        if self._is_done:
            raise BrokenPipe("it has ended")
        try:
            stdout, stderr, code, self._is_done = await self._using(
                lambda: self._protocol.get_command_output_raw(self._shell, self._command)
            )
        except WinRMOperationTimeoutError:
            return None
        self._complaint = (self._complaint + stderr)[-_COMPLAINT:]
        if self._is_done and not stdout:
            raise BrokenPipe(f"it ended with exit code {code}")
        return bytes(stdout)

    async def close(self) -> None:
        """End the input, the command and the shell, each as far as it is still there."""
        if self._protocol is None:
            return
        if self._shell and self._command:
            if not self._is_done:
                with suppress(BrokenPipe):
                    await self._using(
                        lambda: self._protocol.send_command_input(self._shell, self._command, b"", end=True)
                    )
            with suppress(BrokenPipe):
                await self._using(lambda: self._protocol.cleanup_command(self._shell, self._command))
        if self._shell:
            with suppress(BrokenPipe):
                await self._using(lambda: self._protocol.close_shell(self._shell))
        await asyncio.to_thread(self._protocol.transport.close_session)
        self._protocol = self._shell = self._command = None

    def complaint(self) -> str:
        """The error texts on standard error."""
        return readable(self._complaint)

    async def _connecting(self, action: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.to_thread(action)
        except WinRMOperationTimeoutError as error:
            raise TransportError(
                f"WinRM on {self.where} did not start PowerShell within {self._host.operation_timeout} seconds.",
                remedy="The host is overloaded, or raise winrm.operation_timeout and winrm.read_timeout.",
            ) from error
        except (WinRMError, WinRMTransportError, OSError) as error:
            raise explain(error, self._host) from error

    async def _using(self, action: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.to_thread(action)
        except WSManFaultError as error:
            if error.wsman_fault_code == _NO_SUCH_SHELL:
                raise BrokenPipe("its shell is gone (ended from outside, restarted, or idle too long)") from error
            raise BrokenPipe(f"WinRM refused: {error.reason}") from error
        except (WinRMError, WinRMTransportError, OSError) as error:
            raise BrokenPipe(explain(error, self._host).message) from error


def _protocol(address: str, known: dict[str, Any]) -> Any:
    """pywinrm's client, with a session that takes nothing further from the environment."""
    protocol = Protocol(address, **known)
    protocol.transport.build_session().trust_env = False
    return protocol


def explain(error: Exception, host: WinRmHost) -> ModernAuthError:
    """The error for what pywinrm raises while it connects. Pure.

    requests derives its own errors from OSError, as requests_ntlm's PermissionError is.
    """
    where = f"WinRM on {host.host}:{host.port}"
    denied = AuthenticationError(
        f"{where} rejected the credentials of {host.user or 'the client certificate'} ({host.auth}).",
        remedy="Check winrm.user, winrm.password and winrm.auth; the account must be a local administrator or in the "
        "group Remote Management Users, and the host must allow this kind of authentication (winrm get "
        "winrm/config/service/auth).",
    )
    match error:
        case InvalidCredentialsError() | PermissionError():
            return denied
        case WSManFaultError(wsman_fault_code=code) if code == _ACCESS_DENIED:
            return denied
        case WSManFaultError():
            return TransportError(
                f"{where} refused a shell: {error.reason}", code=str(error.wsman_fault_code or error.fault_subcode),
                remedy="Check the quotas and the settings of WinRM on the host (winrm get winrm/config).",
            )
        case WinRMError():
            return InputError(
                f"winrm: {error}.",
                remedy=f"Install pywinrm[{host.auth}], or choose another winrm.auth." if "not installed" in str(error)
                else None,
            )
        case WinRMTransportError():
            return TransportError(
                f"{where} answered HTTP {error.code} to WinRM.",
                remedy="Check winrm.port, winrm.scheme and winrm.proxy: something else than WinRM may listen there.",
            )
        case requests.exceptions.SSLError():
            return TransportError(
                f"{where}: its certificate is not trusted, or TLS could not be agreed on ({_innermost(error)}).",
                remedy="Give the issuing authority's file as winrm.ca_path, and the host as its certificate names it.",
            )
        case requests.exceptions.ProxyError():
            return TransportError(
                f"{where}: the proxy {host.proxy} does not let the connection through ({_innermost(error)}).",
                remedy="Check winrm.proxy.",
            )
        case requests.exceptions.ReadTimeout():
            return TransportError(
                f"{where} gave no answer within {host.read_timeout} seconds.",
                remedy="Check winrm.port and the host's load; winrm.read_timeout can be raised.",
            )
        case requests.exceptions.RequestException():
            return TransportError(
                f"{where} cannot be reached ({_innermost(error)}).",
                remedy="Check winrm.host, winrm.port and the firewall, and that WinRM listens over https "
                "(winrm enumerate winrm/config/listener).",
            )
        case _:
            return InputError(
                f"winrm: a file cannot be used: {error}.",
                remedy="Check winrm.ca_path, winrm.certificate_path and winrm.certificate_key_path.",
            )


def _innermost(error: BaseException) -> str:
    while error.__context__ is not None:
        error = error.__context__
    return str(error).partition(" (_ssl.c")[0] or type(error).__name__
