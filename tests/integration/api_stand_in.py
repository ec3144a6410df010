# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A REST API over HTTPS: an object that holds mail settings, and a list of providers; it never gives secrets back."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from http_stand_in import Answer, Request, listening
from served_app import server_tls

_SECRETS = ("password", "clientSecret")
# How many rows an answer has.
_PAGE = 2


@dataclass
class Api:
    """The API.

    :param settings: the object; None while there is none.
    :param providers: the rows of the list.
    :param log: what was asked for, and with what body.
    :param signed_in: whether a person has signed in for the object, which may be enabled only then.
    :param described: the fields that the description of the object has; None if there is no description.
    """

    settings: dict[str, Any] | None
    providers: list[dict[str, Any]] = field(default_factory=list)
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signed_in: bool = False
    described: list[str] | None = None
    password: str = "api~pass-word"
    port: int = 0

    @property
    def root(self) -> str:
        """Where everything is."""
        return f"https://127.0.0.1:{self.port}/api"

    @property
    def url(self) -> str:
        """The object's address."""
        return f"{self.root}/mail"

    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """What was asked for that is no question."""
        return [(method, body) for method, body in self.log if method != "GET"]

    def answer(self, request: Request) -> Answer:
        """Do what the request asks for."""
        said = request.headers.get("Authorization", "")
        if said != "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode():
            return Answer(401, {"error": f"who are you? {said}"})
        self.log.append((request.method, request.json()))
        if request.path == "/api/description" and self.described is not None:
            schema = {"type": "object", "properties": {name: {} for name in self.described}}
            return Answer(200, {"openapi": "3.0.3", "components": {"schemas": {"Mail": schema}}})
        if request.path == "/api/providers":
            return self._list(request)
        row = re.fullmatch(r"/api/providers/(\d+)", request.path)
        if row:
            return self._row(request, int(row[1]))
        return self._object(request)

    def _list(self, request: Request) -> Answer:
        if request.method == "POST":
            self.providers.append({"id": len(self.providers) + 1, **request.json()})
            return Answer(201, _visible(self.providers[-1]))
        offset = int(request.query.get("offset", ["0"])[0])
        rows = [{"id": one["id"], "name": one["name"]} for one in self.providers[offset:offset + _PAGE]]
        return Answer(200, {"count": len(self.providers), "rows": rows})

    def _row(self, request: Request, number: int) -> Answer:
        row = next((one for one in self.providers if one["id"] == number), None)
        if row is None:
            return Answer(404, {"error": "not found"})
        if request.method == "DELETE":
            self.providers.remove(row)
            return Answer(204)
        if request.method in ("PUT", "PATCH"):
            row.update(request.json())
        return Answer(200, _visible(row))

    def _object(self, request: Request) -> Answer:
        body = request.json()
        if request.method == "POST" and request.path == "/api/collection":
            self.settings = body
        elif request.path not in ("/api/mail", "/api/mail/enable") or self.settings is None:
            return Answer(404, {"error": "not found"})
        elif request.path == "/api/mail/enable":
            if not self.signed_in:
                return Answer(400, {"message": "There is no refresh token yet."})
            self.settings["enabled"] = True
        elif request.method == "PATCH":
            if body.get("server") == "refused":
                return Answer(422, {"error": f"no such server; you sent {body}"})
            for name, value in body.items():
                old = self.settings.get(name)
                self.settings[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        elif request.method == "PUT":
            self.settings = body
        return Answer(200, _visible(self.settings))


def _visible(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _SECRETS}


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
