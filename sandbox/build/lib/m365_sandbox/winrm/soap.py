"""WS-Management messages: taking requests apart, putting answers and faults together. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
MANAGEMENT = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
COMMAND_SHELL = f"{SHELL}/cmd"

# [MS-WSMV] and winrm's error codes; pywinrm reads the first as "ask again".
OPERATION_TIMEOUT = 2150858793
NO_SUCH_SHELL = 2150858843
INVALID_REQUEST = 2150858752

_NAMES = {"s": ENVELOPE, "a": ADDRESSING, "w": MANAGEMENT, "rsp": SHELL}
_SECONDS = re.compile(r"PT(\d+(?:\.\d+)?)S")


class SoapFault(Exception):
    """A refusal: ``code`` is WSManFault's, ``subcode`` the SOAP fault's."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason


def operation_timeout() -> SoapFault:
    """What a Receive is answered when nothing came within the operation timeout."""
    return SoapFault(
        OPERATION_TIMEOUT, "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
    )


def no_such_shell(shell_id: str) -> SoapFault:
    """What every request is answered whose shell idled out, was ended or never was."""
    return SoapFault(
        NO_SUCH_SHELL, "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation.",
    )


def invalid_request(reason: str) -> SoapFault:
    """A message that this service does not understand."""
    return SoapFault(INVALID_REQUEST, "w:SchemaValidationError", reason)


@dataclass(frozen=True)
class Request:
    """A request's header, and its body for whoever knows the action.

    ``timeout`` is the operation timeout in seconds; ``shell_id`` is empty for Create.
    """

    action: str
    message_id: str
    timeout: float
    shell_id: str
    body: ET.Element

    def text(self, path: str) -> str:
        """The text of an element of the body, or ""."""
        return self.body.findtext(path, "", _NAMES) or ""

    def element(self, path: str) -> ET.Element:
        """An element of the body.

        :raises SoapFault: if it is not there.
        """
        found = self.body.find(path, _NAMES)
        if found is None:
            raise invalid_request(f"The element {path} is missing.")
        return found


def parse(content: bytes) -> Request:
    """Take a request apart.

    :raises SoapFault: if it is no WS-Management request for a command shell.
    """
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        raise invalid_request(f"The message is not XML: {error}.") from error
    header, body = root.find("s:Header", _NAMES), root.find("s:Body", _NAMES)
    if header is None or body is None:
        raise invalid_request("The message is no SOAP envelope.")
    if header.findtext("w:ResourceURI", "", _NAMES) != COMMAND_SHELL:
        raise invalid_request("Only command shells are known here.")
    seconds = _SECONDS.fullmatch(header.findtext("w:OperationTimeout", "PT60S", _NAMES))
    if seconds is None:
        raise invalid_request("OperationTimeout is not understood.")
    return Request(
        action=header.findtext("a:Action", "", _NAMES),
        message_id=header.findtext("a:MessageID", "", _NAMES),
        timeout=float(seconds[1]),
        shell_id=header.findtext("w:SelectorSet/w:Selector[@Name='ShellId']", "", _NAMES),
        body=body,
    )


def decoded(text: str) -> bytes:
    """The bytes in a stream element.

    :raises SoapFault: if they are not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid_request("The stream is not base64.") from error


def answer(request: Request, body: str) -> bytes:
    """The envelope of an answer."""
    return _envelope(f"{request.action}Response", request.message_id, body)


def fault(error: SoapFault, message_id: str) -> bytes:
    """The envelope of a refusal."""
    reason = escape(error.reason)
    return _envelope(
        f"{ADDRESSING}/fault", message_id,
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{FAULT}" Code="{error.code}" Machine="sandbox">'
        f"<f:Message>{reason}</f:Message></f:WSManFault></s:Detail></s:Fault>",
    )


def created(shell_id: str) -> str:
    """The body that answers Create."""
    return (
        f'<x:ResourceCreated xmlns:x="{TRANSFER}"><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters>'
        f"<w:ResourceURI>{COMMAND_SHELL}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
    )


def command_started(command_id: str) -> str:
    """The body that answers Command."""
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def received(command_id: str, streams: Sequence[tuple[str, bytes]], exit_code: int | None) -> str:
    """The body that answers Receive.

    :param streams: pieces of output, each with the name of its stream, in the order in which they came.
    :param exit_code: None while the command runs.
    """
    identifier = quoteattr(command_id)
    pieces = "".join(
        f'<rsp:Stream Name="{name}" CommandId={identifier}>{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in streams
    )
    state = "Running" if exit_code is None else "Done"
    code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    return (
        f"<rsp:ReceiveResponse>{pieces}<rsp:CommandState CommandId={identifier} "
        f'State="{SHELL}/CommandState/{state}">{code}</rsp:CommandState></rsp:ReceiveResponse>'
    )


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:w="{MANAGEMENT}" '
        f'xmlns:rsp="{SHELL}"><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
