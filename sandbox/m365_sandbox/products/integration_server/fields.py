"""The fields of the Administrator API's objects: one table each, for what is checked and what is described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from m365_sandbox.products.integration_server.release import Release

_TYPES = {"string": str, "integer": int, "boolean": bool}

REDIRECT_PAGE = "/WmRoot/security-oauth-get-authcode.dsp"


@dataclass(frozen=True)
class Field:
    """One field of an object.

    :param default: of a field that is left out; None for none.
    :param choices: the texts that it may have.
    :param bounds: of a number.
    :param pattern: that a whole text must match.
    :param secret: never given back.
    :param oauth: unknown to a release without OAuth for the object.
    """

    type: Literal["string", "integer", "boolean"] = "string"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    pattern: str | None = None
    secret: bool = False
    read_only: bool = False
    oauth: bool = False

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value; None if nothing is."""
        kind: type = type(value)
        if kind is not _TYPES[self.type]:
            return f"must be of type {self.type}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            return f"valid range {self.bounds[0]}-{self.bounds[1]}"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        return None


Fields = Mapping[str, Field]

_URL = r"https?://[A-Za-z0-9].*"
_REDIRECT_URL = rf"https?://[^/\s]+{re.escape(REDIRECT_PAGE)}"
_NO = Field("boolean", default=False)
_YES = Field("boolean", default=True)

_EMAIL_PORT: Fields = {
    "alias": Field(required=True, pattern=r"[A-Za-z0-9_.\-]{1,255}"),
    "packageName": Field(required=True),
    "description": Field(),
    "enabled": Field("boolean", default=False, read_only=True),
    "type": Field(default="IMAP", choices=("IMAP", "POP3")),
    "host": Field(required=True, pattern=r"""[^#&@^!%$/\\`;,~+=)(|}{\]\[><"]+"""),
    "serverPort": Field("integer", bounds=(1, 65535)),
    "user": Field(required=True),
    "authentication": Field(default="Basic", choices=("Basic", "OAuth"), oauth=True),
    "password": Field(secret=True),
    "authURL": Field(pattern=_URL, oauth=True),
    "clientID": Field(oauth=True),
    "clientSecret": Field(secret=True, oauth=True),
    "scope": Field(oauth=True),
    "accessTokenURL": Field(pattern=_URL, oauth=True),
    "redirectURL": Field(pattern=_REDIRECT_URL, oauth=True),
    "tlsSettings": Field(default="None", choices=("None", "Explicit", "Implicit")),
    "interval": Field("integer", required=True, bounds=(1, 9999)),
    "runAsUser": Field(),
    "authenticateWithMessage": _YES,
    "globalService": Field(),
    "defaultService": Field(),
    "reply": _NO,
    "replyOnError": _NO,
    "multiThreaded": _NO,
    "numThreads": Field("integer", default=0, bounds=(0, 99)),
    "includeHeaders": _NO,
    "logout": _NO,
    "remove": _YES,
    "deleteInvalid": _YES,
    "invokePerPart": _NO,
    "urlEncodedBody": _YES,
}

_NOTIFICATION: Fields = {
    "smtpServer": Field(),
    "smtpPort": Field("integer", bounds=(1, 65535)),
    "transportSecurity": Field(default="none", choices=("none", "explicit", "implicit")),
    "trustStoreAlias": Field(),
    "internalEmail": Field(),
    "serviceMail": Field(),
    "defaultCharset": Field(),
    "userName": Field(),
    "password": Field(secret=True),
    "authType": Field(default="Basic", choices=("Basic", "OAuth"), oauth=True),
    "authURL": Field(pattern=_URL, oauth=True),
    "clientId": Field(oauth=True),
    "clientSecret": Field(secret=True, oauth=True),
    "scope": Field(oauth=True),
    "accessTokenURL": Field(pattern=_URL, oauth=True),
    "redirectURL": Field(pattern=_REDIRECT_URL, oauth=True),
    "authorizationCode": Field(secret=True, oauth=True),
    "tokenRefreshInterval": Field("integer", bounds=(1, 9999), oauth=True),
    "accessTokenExpiryTime": Field(read_only=True, oauth=True),
}

PORT_OAUTH = ("authURL", "clientID", "clientSecret", "scope", "accessTokenURL", "redirectURL")
NOTIFICATION_OAUTH = ("authURL", "clientId", "clientSecret", "scope", "accessTokenURL", "redirectURL")


def email_port(release: Release) -> Fields:
    """Those of an e-mail port."""
    return _known(_EMAIL_PORT, release.has_oauth)


def notification(release: Release) -> Fields:
    """Those of the SMTP server that notifications go through."""
    return _known(_NOTIFICATION, release.has_oauth_for_notifications)


def _known(fields: Fields, has_oauth: bool) -> Fields:
    return {name: field for name, field in fields.items() if has_oauth or not field.oauth}


def shown(fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
    """An object as it is given back: with its defaults, and without its secrets."""
    whole = {name: values.get(name, field.default) for name, field in fields.items() if not field.secret}
    return {name: value for name, value in whole.items() if value is not None}
