# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is kept of people who have signed in for our own proofs: msal's cache without access tokens, encrypted in the
keyring of the desktop or in the store of the application's credentials.

It has an entry of its own there, beside that of the application, so that nobody who writes one waits for the other::

    client_id   of the application that it is for
    sign_in     msal's cache, which holds all people of the application
    people      {account: when they have signed in}
    renewed     when it was written last
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, Keeper, checked
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._commands import playbook_command
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import HeldEntry

try:
    from msal_extensions import build_encrypted_persistence
except ImportError:
    # Then there is the store.
    build_encrypted_persistence = None

#: What the names of such entries begin with.
PREFIX = "sign-ins/"
#: A refresh token is good for 90 days (AADSTS700082), and each use gives a new one: it is enough to keep one a week.
LIFETIME = timedelta(days=90)
RENEWAL = timedelta(days=7)


def entry_name(unique_name: str) -> str:
    """Under which name a store keeps who has signed in to an application."""
    return PREFIX + unique_name


class Keyring:
    """See Keeper: the desktop's keyring, as one of msal-extensions' encrypted persistences."""

    def __init__(self, persistence: Any) -> None:
        self._persistence = persistence

    def read(self) -> tuple[Entry, str]:
        """See Keeper. What is locked or damaged counts as nothing: who has signed in can do so again."""
        try:
            return checked(json.loads(self._persistence.load())), ""
        except (OSError, RuntimeError, ValueError):
            return {}, ""

    def write(self, entry: Entry, revision: str) -> str:
        """See Keeper. A keyring is one person's, who is at one place at a time."""
        try:
            self._persistence.save(json.dumps(entry))
        except (OSError, RuntimeError) as error:
            raise StoreError(
                f"The keyring did not keep the sign-in ({type(error).__name__}).",
                remedy="Unlock it, or say keep_in: store.",
            ) from error
        return ""


def keyring(client_id: str) -> Keyring | None:
    """The keyring's entry for an application; None where there is no keyring, as on most servers."""
    if build_encrypted_persistence is None:
        return None
    # The file is empty: it tells other programs that what is in the keyring has changed.
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mailops"
    try:
        return Keyring(build_encrypted_persistence(str(folder / f"sign-in-{client_id}")))
    except (ImportError, RuntimeError, ValueError, OSError):
        # No library for it, or nobody answers on the desktop's bus.
        return None


def places_of(client_id: str, store: Keeper | None) -> list[Keeper]:
    """Where an application's entry may be kept, best first.

    :param store: its name in the store; None if there is none.
    """
    return [place for place in (keyring(client_id), store) if place is not None]


class People:
    """Who has signed in to one application.

    :param places: where that may be kept, best first; an entry of another application of the same name is none.
    """

    def __init__(self, client_id: str, places: Sequence[Keeper]) -> None:
        self._client_id = client_id
        self._place = places[0] if places else None
        self._entry: Entry = {}
        for place in places:
            # Where it cannot be read nobody has signed in, and who does is told why it cannot be kept.
            with suppress(StoreError):
                entry, _revision = place.read()
                if entry.get("client_id") == client_id:
                    self._place, self._entry = place, entry
                    break

    @property
    def sign_in(self) -> str | None:
        """What the token source ``signed_in`` takes, a secret; None if nobody has signed in."""
        return self._entry.get("sign_in")

    def since(self, account: str) -> str | None:
        """When somebody has signed in; None if not, or not here."""
        since: str | None = self._entry.get("people", {}).get(account.casefold())
        return since

    def sign_ins(self, unique_name: str, host: str) -> list[SignIn]:
        """All that is kept, as far as can be told without a token.

        :param unique_name: of the application; ``host`` is one that it is for.
        """
        if not self._entry:
            return []
        renewed: str = self._entry["renewed"]
        has_ended = datetime.now(UTC) - datetime.fromisoformat(renewed) > LIFETIME
        why = f"It was last used on {renewed[:10]}; after {LIFETIME.days} days it is of no use." if has_ended else None
        return [
            own_sign_in(unique_name, account, host, why=why, since=since)
            for account, since in self._entry["people"].items()
        ]

    def keep(self, sign_in: str, account: str) -> None:
        """Keep what a sign-in has given."""
        people = {**self._entry.get("people", {}), account.casefold(): _now()}
        self._write({"client_id": self._client_id, "sign_in": sign_in, "people": people, "renewed": _now()})

    def renew(self, sign_in: str) -> None:
        """Keep what its use has given, now and then."""
        if datetime.now(UTC) - datetime.fromisoformat(self._entry["renewed"]) > RENEWAL:
            self._write({**self._entry, "sign_in": sign_in, "renewed": _now()})

    def _write(self, entry: Entry) -> None:
        if self._place is None:
            raise StoreError("There is neither a keyring nor a store where the sign-in can be kept.")
        # What somebody else kept at the same moment is no better.
        HeldEntry(self._place).change(lambda _theirs: entry)
        self._entry = entry


def own_sign_in(
    unique_name: str, account: str, host: str | None, *, why: str | None = None, since: str | None = None
) -> SignIn:
    """A person's sign-in for our own proofs.

    :param unique_name: of the application.
    :param host: the host of the inventory that it is for, for the words of what to run.
    :param why: why it has yet to be done; None if it was.
    :param since: when it was done, if that is known.
    """
    run = playbook_command("sign_in_mail", *(["--limit", host] if host else []))
    do = None if why is None else f"{why} Run `{run}` and sign in as {account}."
    return SignIn("the verification with", unique_name, account, do, since)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
