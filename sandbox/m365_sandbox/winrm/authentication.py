"""Who is at the other end of a connection: Basic, or NTLM in three messages."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import spnego
from spnego.exceptions import SpnegoError

from m365_sandbox.state.files import write_private

#: pyspnego's acceptor looks its users up in the file that this variable names.
_USER_FILE_VARIABLE = "NTLM_USER_FILE"
CHALLENGES = ("Negotiate", 'Basic realm="WSMAN"')


class Refused(Exception):
    """No user yet. ``challenges`` are the values of WWW-Authenticate."""

    def __init__(self, *challenges: str) -> None:
        super().__init__()
        self.challenges = challenges or CHALLENGES


class Authentication:
    """The host's accounts. NTLM authenticates a connection once, Basic every request.

    :param users: password by account name; neither may hold a colon, which ends a field of the acceptor's file.
    :param folder: a private folder, for the file that the NTLM acceptor reads.
    """

    def __init__(self, users: Mapping[str, str], folder: Path) -> None:
        self._users = dict(users)
        path = folder / "winrm-users"
        write_private(path, "".join(f":{name}:{password}\n" for name, password in users.items()).encode())
        os.environ[_USER_FILE_VARIABLE] = str(path)
        self._contexts: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def user(self, connection: Any, header: str | None) -> str:
        """The user who sends a request.

        :param connection: the TCP connection's transport.
        :raises Refused: with what the client has to answer next.
        """
        if header is None:
            known = self._known.get(connection)
            if known is None:
                raise Refused
            return known
        scheme, _, text = header.partition(" ")
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise Refused from error
        match scheme.casefold():
            case "basic":
                return self._basic(token)
            case "negotiate" | "ntlm":
                return self._ntlm(connection, scheme, token)
            case _:
                raise Refused

    def _basic(self, token: bytes) -> str:
        name, _, password = token.decode("cp1252", "replace").partition(":")
        expected = self._users.get(name)
        if expected is None or not secrets.compare_digest(expected.encode(), password.encode()):
            raise Refused
        return name

    def _ntlm(self, connection: Any, scheme: str, token: bytes) -> str:
        # The first of the three messages begins anew; its type stands behind the signature.
        if token[8:12] == b"\x01\x00\x00\x00":
            self._contexts[connection] = spnego.server(protocol="ntlm")
        context = self._contexts.get(connection)
        if context is None:
            raise Refused
        try:
            challenge = context.step(token)
        except SpnegoError as error:
            raise Refused from error
        if not context.complete:
            raise Refused(f"{scheme} {base64.b64encode(challenge).decode()}")
        name = str(context.client_principal)
        self._known[connection] = name
        return name
