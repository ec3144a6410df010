"""The session script, in Python: one loop over standard input with the same answers."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from typing import Any, TextIO

from m365_sandbox.powershell.exchange_module import ExchangeModule
from m365_sandbox.powershell.installed import MODULE, installed_version, version_key
from m365_sandbox.powershell.records import RecordError, command_not_found, module_not_found, thrown
from m365_sandbox.powershell.shipped import is_script
from m365_sandbox.powershell.wire import answer_line, error_answer, parse_request

POWERSHELL_VERSION = "7.6.5"
MINIMUM_MODULE = "3.2.0"
_CMDLET = re.compile(r"[A-Za-z]+-[A-Za-z0-9]+")


class AlienScript(Exception):
    """The first line of input is not the script that the collection ships."""


class Session:
    """What the script keeps between requests."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._module = ExchangeModule(environment)
        self._version = installed_version(environment)
        self.nonce = ""

    def receive(self, line: str) -> tuple[dict[str, Any], bool]:
        """The answer to a line, and whether the session ends with it."""
        answer: dict[str, Any] = {"id": None, "ok": False}
        warnings: list[str] = []
        is_last = False
        try:
            request = parse_request(line.strip())
            answer["id"] = request.get("id")
            is_last = request.get("op") == "bye"
            answer |= self._handle(request, warnings)
            answer["ok"] = True
        except RecordError as error:
            answer["error"] = error_answer(error)
        answer["warnings"] = warnings
        return answer, is_last

    def _handle(self, request: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
        match request.get("op"):
            case "hello":
                self.nonce = request["nonce"]
                return {
                    "powershell": POWERSHELL_VERSION, "edition": "Core", "module": self._version,
                    "process": os.getpid(),
                }
            case "connect":
                if self._version is None or version_key(self._version) < version_key(MINIMUM_MODULE):
                    raise module_not_found(MODULE, MINIMUM_MODULE)
                self._module.connect({**request["parameters"], **request["secure"]})
                return {}
            case "invoke":
                name = request["cmdlet"]
                if not _CMDLET.fullmatch(name):
                    raise thrown("System.ArgumentException", f"'{name}' is not the name of a cmdlet.")
                if self._version is None:
                    raise command_not_found(name)
                return {"value": self._module.invoke(name, request["parameters"], warnings)}
            case "bye":
                self._module.disconnect()
                return {}
            case op:
                raise thrown("System.ArgumentException", f"unknown op '{op}'")


def run(source: TextIO, sink: TextIO, environment: Mapping[str, str]) -> None:
    """Take the script from the first line of input, then answer line by line until ``bye`` or the end of input.

    :raises AlienScript: for any other script.
    """
    if not is_script(base64.b64decode(source.readline())):
        raise AlienScript
    session = Session(environment)
    for line in source:
        if not line.strip():
            continue
        answer, is_last = session.receive(line)
        sink.write(answer_line(session.nonce, answer) + "\n")
        sink.flush()
        if is_last:
            # PowerShell stays until its input is closed, although the script has exited.
            source.read()
            return
