# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The objects of XCALLY Motion by which it uses a mailbox: a cloud provider, and an e-mail account that has it. Pure.

That there are these two, what is in them, and how lists and answers look is the vendor's. No public page names the
paths and the JSON fields, so those are inferred: they stand in one table here, an operator can override each, and
Motion's own description is asked for every one of them before the first write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import did_you_mean, nearest_of, text
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject

#: Where Microsoft sends a person who has signed in; the vendor's.
CALLBACK = "/api/cloudProviders/oauth2/microsoft/callback"
#: What apiDoc makes of the comments in a server's code: https://apidocjs.com
DESCRIPTION = "/apidoc/api_data.json"
LONGEST_KEY = 5
_ADDRESS = re.compile(r"https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    :param what: what people call one.
    :param path: of its list.
    :param key: by which of its fields one is told from the others; None where nothing looks for one.
    :param fields: what each is called in JSON, by its name here.
    :param fixed: what some always are for a mailbox of Microsoft 365, as Motion's pages call it.
    :param secret: the field that Motion takes and never gives back.
    """

    what: str
    path: str
    key: str | None
    fields: Mapping[str, str]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None


CLOUD_PROVIDER = Kind(
    "cloud provider", "/api/cloudProviders", "name",
    {
        "name": "name",
        "service": "service",
        "type": "type",
        "application_id": "applicationId",
        "tenant_id": "tenantId",
        "client_secret": "clientSecret",
        "redirect_uri": "redirectUri",
        # Motion sets these two, once a person has signed in.
        "authenticated": "authenticated",
        "authenticated_at": "authenticatedAt",
    },
    {"service": "Microsoft Azure", "type": "Outlook365"},
    "client_secret",
)
EMAIL_ACCOUNT = Kind(
    "e-mail account", "/api/mail/accounts", "key",
    {
        "name": "name",
        "key": "key",
        "email": "email",
        "list": "ListId",
        "active": "active",
        "service": "service",
        "modern_authentication": "modernAuthentication",
        "username": "user",
        "cloud_provider": "CloudProviderId",
        "delegate": "modernAuthenticationEmail",
        "description": "description",
    },
    {"service": "Outlook365", "modern_authentication": True},
)
#: A mail that an account sends, and one that it has received, the newest first.
MESSAGE = Kind(
    "message", "/api/mail/messages?direction=in&sort=-id", None,
    {"recipient": "to", "subject": "subject", "text": "text"},
)


@dataclass(frozen=True)
class Motion:
    """A Motion server.

    :param url: its address without a path, ``https://HOST``.
    :param authentication: see _web.Access; secrets may be references.
    """

    url: str
    authentication: Mapping[str, Any] = field(default_factory=dict)
    ca_path: str | None = None


@dataclass(frozen=True)
class Names:
    """What an operator says of a kind where Motion has it otherwise than the table.

    :param path: of the list.
    :param fields: what fields are called, by their names in the table.
    :param settings: further fields, or other values of these, as Motion calls them.
    """

    path: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def called(self, kind: Kind) -> Mapping[str, str]:
        """What all fields are called."""
        return {**kind.fields, **self.fields}


def target(kind: Kind, motion: Motion, names: Names, values: Mapping[str, Any], **more: Any) -> ApiObject:
    """The object, with these values.

    :param values: by the names of the table; None is what Motion says where a field is empty.
    :param more: further options of the target.
    """
    fields = names.called(kind)
    wanted = {fields[name]: value for name, value in {**kind.fixed, **values}.items()}
    path = names.path or kind.path
    return ApiObject(
        url=motion.url + path, settings={**wanted, **names.settings},
        secret_fields=[fields[kind.secret]] if kind.secret else [], update="PUT",
        listed={"rows": "rows", "id": "id", "by": {fields[kind.key]: values[kind.key]}} if kind.key else None,
        described_at={"url": motion.url + DESCRIPTION, "format": "apidoc", "object": path},
        undescribed_remedy=f"Say what this version of Motion calls it, among the fields of the {kind.what}.",
        authentication=motion.authentication, ca_path=motion.ca_path, **more,
    )


def asked(motion: Motion, provider: str, account: str) -> dict[str, str]:
    """Who signs in for a cloud provider, and what that person does, as in _sign_ins.SignIn.

    :param provider: its name.
    """
    return {
        "what": "the cloud provider",
        "account": account,
        "do": f"Open {motion.url}, sign in as an administrator of Motion, go to the cloud provider {provider}, press "
        f"Authenticate, and sign in to Microsoft as {account}.",
    }


def shows(names: Names) -> dict[str, str]:
    """By which fields a cloud provider shows that somebody has signed in, and when."""
    called = names.called(CLOUD_PROVIDER)
    return {"field": called["authenticated"], "since_field": called["authenticated_at"]}


def sending(motion: Motion, account: ApiObject, names: Names, mailbox: str) -> dict[str, Any]:
    """How to let an e-mail account send, as the option ``send`` of the module mail_delivery.

    :param names: what a message is called.
    """
    called = names.called(MESSAGE)
    return _side(motion, mailbox, {
        "url": f"{account.url}/{{id}}/send",
        "listed": {"url": account.url, **(account.listed or {})},
        "body": {**{called[name]: {"mail": name} for name in MESSAGE.fields}, **names.settings},
    })


def looking(motion: Motion, names: Names, mailbox: str) -> dict[str, Any]:
    """How to see what Motion has received, as the option ``receive`` of that module."""
    return _side(motion, mailbox, {
        "url": motion.url + (names.path or MESSAGE.path), "rows": "rows", "subject": names.called(MESSAGE)["subject"],
    })


def _side(motion: Motion, mailbox: str, web: Mapping[str, Any]) -> dict[str, Any]:
    trusted = {"ca_path": motion.ca_path} if motion.ca_path else {}
    access = {"authentication": motion.authentication, **trusted}
    return {"transport": "web", "mailbox": mailbox, "web": {**web, **access}}


def address(value: Any) -> str:
    """The address of a Motion server, without a path and without a final slash."""
    if not _ADDRESS.fullmatch(text(value)):
        raise ValueError(f"'{value}' is no address of a server by TLS; write for example https://motion.example.org")
    return str(value).rstrip("/")


def redirect_uri(value: Any) -> str:
    """An address of Motion's to which Entra ID sends a person back."""
    if not text(value).startswith("https://") or not str(value).endswith(CALLBACK):
        raise ValueError(f"'{value}' is no redirect URI of Motion's; it starts with https:// and ends in {CALLBACK}")
    return str(value)


def key(value: Any) -> str:
    """The short name by which Motion tells an e-mail account from others."""
    if len(text(value)) > LONGEST_KEY:
        raise ValueError(f"'{value}' is longer than {LONGEST_KEY} characters, which is all that Motion takes")
    return str(value)


def names_of(kind: Kind) -> Callable[[Any], dict[str, str]]:
    """Reads what the fields of a kind are called in JSON."""

    def read(value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValueError(f"is no dictionary of {', '.join(kind.fields)}")
        for name in value:
            if name not in kind.fields:
                nearest = did_you_mean(nearest_of(str(name), list(kind.fields)))
                raise ValueError(f"a {kind.what} has no '{name}'{nearest}; known: {', '.join(kind.fields)}")
        return {str(name): text(called) for name, called in value.items()}

    return read
