# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""CMO's keys in the appSettings of its web.config: one table, from which they are written, removed and read. Pure.

The names, the defaults and when a key counts are the vendor's. Four mailboxes have settings: one that CMO sends from,
one that it receives from, and two further ones that inherit from that whatever they do not override.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SENDING, RECEIVING = "sending", "receiving"
NEW_ACTION, DOCUMENT_IMPORT = "new_action", "document_import"
#: Where the site finds the token cache.
CACHE_FOLDER, CACHE_FILE = "MSAL.Cache.Folder", "MSAL.Cache.FileName"


@dataclass(frozen=True)
class Setting:
    """One of a mailbox's settings.

    :param name: what follows the mailbox's prefix.
    :param when: what other settings must be for it to count.
    :param default: what CMO takes where the key is missing.
    """

    name: str
    when: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    @property
    def override(self) -> str:
        """What it is called by a mailbox that inherits, which has no place of its own for each protocol."""
        return self.name.removeprefix("Imap.").removeprefix("Pop3.")


@dataclass(frozen=True)
class Mailbox:
    """One of the four.

    :param overrides: whether it inherits, and what it says of its own has another place.
    """

    prefix: str
    settings: tuple[Setting, ...]
    overrides: bool = False


def _signing_in(section: str, when: Mapping[str, str]) -> Iterator[Setting]:
    """How it signs in to a server.

    :param section: what the names begin with.
    :param when: what has to hold for it to sign in at all.
    """
    authentication = f"{section}AuthType"
    yield Setting(authentication, {"ServerType": when["ServerType"]}, "BasicAuth")
    for kind, names in (
        ("BasicAuth", ("Login", "Password")),
        ("GoogleOAuth2", tuple(f"GoogleOAuth2.{one}" for one in ("CertificatePath", "ServiceAccount", "GsuiteUser"))),
    ):
        for name in names:
            yield Setting(f"{section}{name}", {**when, authentication: kind})


def _microsoft365() -> Iterator[Setting]:
    """An application of Entra's, that signs in by itself or for a person."""
    integration = "Microsoft365.IntegrationType"
    yield Setting(integration, {"ServerType": "Microsoft365"})
    for kind, names in (
        ("Confidential", ("ClientId", "TenantId", "Secret", "UserObjectId")),
        ("Public", ("ClientId", "TenantId", "RedirectUri", "AccountName")),
    ):
        for name in names:
            yield Setting(f"Microsoft365.{kind}App.{name}", {integration: kind})


_SMTP = {"ServerType": "Smtp"}
_TO_SEND = (
    Setting("ServerType"),
    Setting("Smtp.Server", _SMTP),
    Setting("Smtp.NumberOfMessagesPerSession", _SMTP, "3"),
    Setting("Smtp.UseAuth", _SMTP, "False"),
    Setting("Smtp.UseSsl", _SMTP, "False"),
    *_signing_in("Smtp.", {**_SMTP, "Smtp.UseAuth": "True"}),
    *_microsoft365(),
)
_TO_RECEIVE = (
    Setting("ServerType"),
    *(
        setting for section, kind in (("Imap.", "IMAP"), ("Pop3.", "POP3")) for setting in (
            Setting(f"{section}Server", {"ServerType": kind}),
            Setting(f"{section}UseSSL", {"ServerType": kind}, "False"),
            *_signing_in(section, {"ServerType": kind}),
        )
    ),
    *_microsoft365(),
)
MAILBOXES: Mapping[str, Mailbox] = {
    SENDING: Mailbox("Mail.Sending.", _TO_SEND),
    RECEIVING: Mailbox("Mail.Receiving.", _TO_RECEIVE),
    NEW_ACTION: Mailbox("Mail.NewAction.EmailClient.", _TO_RECEIVE, overrides=True),
    DOCUMENT_IMPORT: Mailbox("Mail.DocumentImport.EmailClient.", _TO_RECEIVE, overrides=True),
}
#: What a mailbox that inherits cannot say: how mail is received, and whether by TLS.
_INHERITED = ("ServerType", "UseSSL")
#: What MAPI may read of a mailbox that inherits; the vendor does not say, so that it is left as it is.
_OF_MAPI = ("Server", "Login", "Password")


def keys(mailbox: Mailbox) -> list[str]:
    """Its keys."""
    if not mailbox.overrides:
        return [mailbox.prefix + one.name for one in mailbox.settings]
    names = dict.fromkeys(one.override for one in mailbox.settings if one.override not in _INHERITED)
    return [mailbox.prefix + name for name in names]


def written(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What has to stand in appSettings, and with None what must not, for the mailboxes to have these settings.

    :param wanted: the settings that count, by their names, of the mailboxes that are to be configured.
    """
    found: dict[str, Any] = {}
    for name, settings in wanted.items():
        mailbox = MAILBOXES[name]
        if not mailbox.overrides:
            found |= {mailbox.prefix + one.name: settings.get(one.name) for one in mailbox.settings}
            continue
        inherited = wanted[RECEIVING]
        found |= dict.fromkeys(
            key for key in keys(mailbox)
            if inherited["ServerType"] != "MAPI" or key.removeprefix(mailbox.prefix) not in _OF_MAPI
        )
        found |= {
            mailbox.prefix + one.override: settings[one.name] for one in mailbox.settings
            if one.name in settings and settings[one.name] != inherited.get(one.name)
        }
    return found


def read(settings: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The settings that count of each mailbox, as CMO sees them: in any capitals, and inherited where they are missing.

    :param settings: the appSettings.
    """
    # https://learn.microsoft.com/dotnet/api/system.collections.specialized.namevaluecollection
    known = {key.lower(): value for key, value in settings.items()}
    return {name: _read(known, mailbox) for name, mailbox in MAILBOXES.items()}


def _read(known: Mapping[str, str], mailbox: Mailbox) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in mailbox.settings:
        if all(found.get(name, "").lower() == value.lower() for name, value in one.when.items()):
            value = next((known[key] for key in _places(mailbox, one) if key in known), one.default)
            if value is not None:
                found[one.name] = value
    return found


def _places(mailbox: Mailbox, setting: Setting) -> Iterator[str]:
    """Where CMO looks for a setting, one place after the other."""
    if mailbox.overrides and setting.override not in _INHERITED:
        yield (mailbox.prefix + setting.override).lower()
    yield (MAILBOXES[RECEIVING].prefix if mailbox.overrides else mailbox.prefix).lower() + setting.name.lower()
