# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Every combination of what can be asked of CMO's four mailboxes, whether the vendor allows it, and what it writes.

The vendor's tables are written out here once more, by hand, and computed with in another way than the product's.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._references import Reference

TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
CLIENT = "11111111-2222-3333-4444-555555555555"
SECRET = "s3cret~of-the-application"
ROBOT = "cmo-mail@project-1.iam.gserviceaccount.com"
WEB_CONFIG = r"C:\inetpub\cmo\web.config"
KEY_FILE = r"C:\cmo\google.p12"
FOR_PEOPLE = {
    "redirect_uri": "http://localhost", "cache_folder": r"C:\cmo\cache",
    "token_helper": r"C:\cmo\tool\CMO.Microsoft365TokenHelper.exe",
}

_SIGNING_IN = (
    "AuthType", "Login", "Password", "GoogleOAuth2.CertificatePath", "GoogleOAuth2.ServiceAccount",
    "GoogleOAuth2.GsuiteUser",
)
_MICROSOFT365 = (
    "Microsoft365.IntegrationType", "Microsoft365.ConfidentialApp.ClientId", "Microsoft365.ConfidentialApp.TenantId",
    "Microsoft365.ConfidentialApp.Secret", "Microsoft365.ConfidentialApp.UserObjectId",
    "Microsoft365.PublicApp.ClientId", "Microsoft365.PublicApp.TenantId", "Microsoft365.PublicApp.RedirectUri",
    "Microsoft365.PublicApp.AccountName",
)
#: The vendor's keys.
KEYS = {
    "sending": [
        f"Mail.Sending.{name}" for name in (
            "ServerType", *(f"Smtp.{name}" for name in (
                "Server", "NumberOfMessagesPerSession", "UseAuth", "UseSsl", *_SIGNING_IN,
            )), *_MICROSOFT365,
        )
    ],
    "receiving": [
        f"Mail.Receiving.{name}" for name in (
            "ServerType", *(f"Imap.{name}" for name in ("Server", "UseSSL", *_SIGNING_IN)),
            *(f"Pop3.{name}" for name in ("Server", "UseSSL", *_SIGNING_IN)), *_MICROSOFT365,
        )
    ],
    **{
        name: [f"Mail.{prefix}.EmailClient.{key}" for key in ("Server", *_SIGNING_IN, *_MICROSOFT365)]
        for name, prefix in (("new_action", "NewAction"), ("document_import", "DocumentImport"))
    },
}
CACHE = ("MSAL.Cache.Folder", "MSAL.Cache.FileName")
#: What MAPI may read of a mailbox that inherits; nobody but the vendor knows.
_LEFT_TO_MAPI = ("Server", "Login", "Password")
_SERVERS = {"imap": "imap.contoso.example", "pop3": "pop.contoso.example", "smtp": "smtp.contoso.example"}
_GOOGLES = {"imap": "imap.gmail.com:993", "pop3": "pop.gmail.com:995", "smtp": "smtp.gmail.com:587"}


@dataclass(frozen=True)
class Ask:
    """What is asked of a mailbox; None is not said."""

    transport: str | None
    authentication: str | None
    grant: str | None

    def said(self) -> dict[str, str]:
        """As variables."""
        return {name: value for name, value in vars(self).items() if value is not None}


GRANTS = (None, "client_credentials", "token_cache", "authorization_code")
SENDS = [Ask(*one) for one in itertools.product(
    ("graph", "smtp"), (None, "none", "basic", "oauth2", "google_service_account"), GRANTS,
)]
RECEIVES = [Ask(*one) for one in itertools.product(
    ("graph", "imap", "pop3", "mapi"), (None, "basic", "oauth2", "google_service_account"), GRANTS,
)]
#: None is a mailbox of which nothing is said.
FURTHER = [None, *(Ask(None, *one) for one in itertools.product(
    (None, "basic", "oauth2", "google_service_account"), GRANTS,
))]


@dataclass(frozen=True)
class Combination:
    """What is asked of all four."""

    send: Ask
    receive: Ask
    new_action: Ask | None = None
    document_import: Ask | None = None

    def wrong(self) -> list[str]:
        """The variables of the mailboxes that the vendor does not allow; who inherits a fault has none of its own."""
        found = [] if kind_of(self.send) else ["mail_send"]
        found += [] if kind_of(self.receive) else ["mail_receive"]
        for name in ("new_action", "document_import"):
            own = getattr(self, name)
            if own is not None and kind_of(self.receive) and kind_of(together(own, self.receive)) in (None, "mapi"):
                found.append(f"mail_cmo.{name}")
        return found

    def kinds(self) -> dict[str, str | None]:
        """How each mailbox signs in."""
        return {
            "sending": kind_of(self.send), "receiving": kind_of(self.receive),
            **{
                name: kind_of(together(getattr(self, name) or Ask(None, None, None), self.receive))
                for name in ("new_action", "document_import")
            },
        }

    def variables(self) -> dict[str, Any]:
        """What the operator writes."""
        send = {**self.send.said(), "from": address("sending")}
        if self.send.transport == "smtp" and self.send.authentication != "google_service_account":
            send["host"] = _SERVERS["smtp"]
        if self.send.authentication == "basic":
            send |= {"username": "cmo", "password": password("sending")}
        receive: dict[str, Any] = self.receive.said()
        if self.receive.transport != "mapi":
            receive["mailbox"] = address("receiving")
        if self.receive.transport in _SERVERS and self.receive.authentication != "google_service_account":
            receive["host"] = _SERVERS[self.receive.transport]
        if self.receive.authentication == "basic":
            receive["password"] = password("receiving")
        further: dict[str, Any] = {}
        for name in ("new_action", "document_import"):
            own = getattr(self, name)
            if own is not None:
                further[name] = {**own.said(), "mailbox": address(name)}
                if together(own, self.receive).authentication == "basic":
                    further[name]["password"] = password(name)
                    if own.authentication == "basic" and self.receive.transport in _SERVERS:
                        further[name]["host"] = _SERVERS[self.receive.transport]
                if own.authentication == "google_service_account" and self.receive.transport in _GOOGLES:
                    further[name]["host"] = _GOOGLES[self.receive.transport].partition(":")[0]
        kinds = self.kinds().values()
        return {
            "mail_product": "cmo", "mail_environment": "test", "mail_app": {"unique_name": "cmo", "name": "CMO"},
            "mail_entra": {"tenant_id": TENANT}, "mail_send": send, "mail_receive": receive,
            "mail_cmo": {"path": WEB_CONFIG, **further, **(FOR_PEOPLE if "public" in kinds else {})},
            **({"mail_google": {
                "unique_name": "cmo-google", "key_file": "keys/cmo.p12", "service_account": ROBOT,
                "server_path": KEY_FILE,
            }} if "google" in kinds else {}),
        }

    def written(self) -> dict[str, str | None]:
        """What stands in web.config afterwards; None must not."""
        kinds = self.kinds()
        sends = settings("sending", str(self.send.transport), kinds["sending"])
        receives = settings("receiving", str(self.receive.transport), kinds["receiving"])
        found: dict[str, str | None] = dict.fromkeys(itertools.chain(*KEYS.values(), CACHE))
        found |= {f"Mail.Sending.{name}": value for name, value in sends.items()}
        found |= {f"Mail.Receiving.{name}": value for name, value in receives.items()}
        for name, prefix in (("new_action", "Mail.NewAction"), ("document_import", "Mail.DocumentImport")):
            if self.receive.transport == "mapi":
                for key in _LEFT_TO_MAPI:
                    del found[f"{prefix}.EmailClient.{key}"]
            elif getattr(self, name) is not None:
                own = settings(name, str(self.receive.transport), kinds[name])
                found |= {
                    f"{prefix}.EmailClient.{key.removeprefix('Imap.').removeprefix('Pop3.')}": value
                    for key, value in own.items() if receives.get(key) != value
                }
        if "public" in kinds.values():
            found |= dict(zip(CACHE, (FOR_PEOPLE["cache_folder"], "cmo_msal_cache.dat"), strict=True))
        return found

    def effective(self) -> dict[str, dict[str, str]]:
        """What CMO sees of each mailbox."""
        kinds, transport = self.kinds(), str(self.receive.transport)
        found = {
            "sending": settings("sending", str(self.send.transport), kinds["sending"]),
            "receiving": settings("receiving", transport, kinds["receiving"]),
        }
        for name in ("new_action", "document_import"):
            found[name] = found["receiving"] if getattr(self, name) is None else settings(name, transport, kinds[name])
        return found


def kind_of(ask: Ask) -> str | None:
    """How the vendor calls that; None if there is no such thing."""
    if ask.transport == "graph" and ask.authentication in (None, "oauth2"):
        return {"client_credentials": "confidential", "token_cache": "public"}.get(ask.grant or "")
    if ask.grant is not None:
        return None
    if ask.transport == "mapi":
        return "mapi" if ask.authentication is None else None
    if ask.transport == "smtp" and ask.authentication == "none":
        return "anonymous"
    if ask.transport in _SERVERS:
        return {"basic": "basic", "google_service_account": "google"}.get(ask.authentication or "")
    return None


def together(own: Ask, receive: Ask) -> Ask:
    """What a mailbox has that inherits."""
    return Ask(receive.transport, own.authentication or receive.authentication, own.grant or receive.grant)


def settings(name: str, transport: str, kind: str | None) -> dict[str, str]:
    """The settings of a mailbox that count, by what follows its prefix."""
    if kind == "mapi":
        return {"ServerType": "MAPI"}
    if kind == "confidential":
        app = {"ClientId": CLIENT, "TenantId": TENANT, "Secret": SECRET, "UserObjectId": object_id(address(name))}
        return _of_graph("Confidential", app)
    if kind == "public":
        app = {
            "ClientId": CLIENT, "TenantId": TENANT, "RedirectUri": FOR_PEOPLE["redirect_uri"],
            "AccountName": address(name),
        }
        return _of_graph("Public", app)
    section = {"smtp": "Smtp", "imap": "Imap", "pop3": "Pop3"}[transport]
    port = {"smtp": 587, "imap": 993, "pop3": 995}[transport]
    found = {
        "Server": _GOOGLES[transport] if kind == "google" else f"{_SERVERS[transport]}:{port}",
        "AuthType": "GoogleOAuth2" if kind == "google" else "BasicAuth",
        **({"UseSsl": "True", "NumberOfMessagesPerSession": "3", "UseAuth": str(kind != "anonymous")}
           if transport == "smtp" else {"UseSSL": "True"}),
    }
    if kind == "basic":
        found |= {"Login": "cmo" if name == "sending" else address(name), "Password": password(name)}
    if kind == "google":
        found |= {
            "GoogleOAuth2.CertificatePath": KEY_FILE, "GoogleOAuth2.ServiceAccount": ROBOT,
            "GoogleOAuth2.GsuiteUser": address(name),
        }
    server_type = {"smtp": "Smtp", "imap": "IMAP", "pop3": "POP3"}[transport]
    return {"ServerType": server_type, **{f"{section}.{key}": value for key, value in found.items()}}


def _of_graph(kind: str, app: Mapping[str, str]) -> dict[str, str]:
    return {
        "ServerType": "Microsoft365", "Microsoft365.IntegrationType": kind,
        **{f"Microsoft365.{kind}App.{key}": value for key, value in app.items()},
    }


def address(name: str) -> str:
    """The mailbox's."""
    return f"{name.replace('_', '-')}@contoso.example"


def password(name: str) -> str:
    """The one that opens it."""
    return f"s3cret of {name}"


def object_id(mailbox: str) -> str:
    """Of the user whose mailbox it is."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, mailbox))


def value_of(one: Reference) -> str:
    """What a plan's reference stands for."""
    if one.name.startswith("users."):
        return object_id(one.name.removeprefix("users."))
    places = {
        "mail_send.password": "sending", "mail_receive.password": "receiving",
        "mail_cmo.new_action.password": "new_action", "mail_cmo.document_import.password": "document_import",
    }
    if one.name in places:
        return password(places[one.name])
    return {"client_id": CLIENT, "client_secret": SECRET, "service_account": ROBOT}[one.name]


def allowed() -> Iterator[Combination]:
    """All that the vendor allows."""
    for one in itertools.product(filter(kind_of, SENDS), filter(kind_of, RECEIVES), FURTHER, FURTHER):
        if not Combination(*one).wrong():
            yield Combination(*one)


def refused() -> Iterator[Combination]:
    """All that the vendor does not allow of one mailbox, whatever the others are; two that inherit are alike."""
    pairs = itertools.product(SENDS, RECEIVES, [None], [None])
    further = itertools.product([SENDS[1]], RECEIVES, FURTHER, FURTHER)
    for one in itertools.chain(pairs, further):
        if Combination(*one).wrong():
            yield Combination(*one)
