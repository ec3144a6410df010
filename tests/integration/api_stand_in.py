# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A REST API over HTTPS with one object that holds mail settings; it never gives its password back."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from http_stand_in import Answer, Request, listening
from served_app import server_tls


@dataclass
class Api:
    """The API.

    :param settings: the object; None while there is none.
    :param log: what was asked for, and with what body.
    """

    settings: dict[str, Any] | None
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    password: str = "api~pass-word"
    port: int = 0

    @property
    def url(self) -> str:
        """The object's address."""
        return f"https://127.0.0.1:{self.port}/api/mail"

    def answer(self, request: Request) -> Answer:
        """Do what the request asks for."""
        said = request.headers.get("Authorization", "")
        if said != "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode():
            return Answer(401, {"error": f"who are you? {said}"})
        body = request.json()
        self.log.append((request.method, body))
        if request.method == "POST" and request.path == "/api/collection":
            self.settings = body
        elif request.path != "/api/mail" or self.settings is None:
            return Answer(404, {"error": "not found"})
        elif request.method == "PATCH":
            if body.get("server") == "refused":
                return Answer(422, {"error": f"no such server; you sent {body}"})
            for name, value in body.items():
                old = self.settings.get(name)
                self.settings[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        elif request.method == "PUT":
            self.settings = body
        visible = {name: value for name, value in self.settings.items() if name != "password"}
        return Answer(200, visible)


@contextmanager
def serving(folder: Path, settings: dict[str, Any] | None) -> Iterator[tuple[Api, Path]]:
    """The API, and the file with the certificate of its authority."""
    authority = trustme.CA()
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    api = Api(settings)
    with listening(api.answer, server_tls(authority)) as port:
        api.port = port
        yield api, trusted
