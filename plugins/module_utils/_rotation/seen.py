# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Entra ID has of an application, and the terms on which its credentials come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import id_of, written


@dataclass(frozen=True)
class Terms:
    """When credentials come and go.

    :param renew_within: how long before its end a credential is replaced. One that lives less than twice as long is
        replaced after half of its life, so that a tenant's policy of short lives does not mean a new one each night.
    :param overlap: how long the previous one is kept at least.
    :param lease: how long a lock holds without a sign of life.
    :param force: replace the credential although it is not due.
    """

    renew_within: timedelta
    overlap: timedelta
    lease: timedelta
    force: bool = False


@dataclass(frozen=True)
class Seen:
    """What Entra ID has of an application.

    :param secrets: as the module mail_credentials_info gives them, of the kind secret.
    :param moment: the tenant's time when it was read.
    :param name: under which the managed ones that count were made; those of other names are left alone.
    """

    secrets: Sequence[Mapping[str, Any]]
    moment: str
    name: str

    @property
    def now(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.moment)

    def find(self, credential: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The credential of a slot as Entra ID has it, or None."""
        return next((one for one in self.secrets if credential and id_of(one) == id_of(credential)), None)

    def works(self, credential: Mapping[str, Any] | None) -> bool:
        """Whether somebody can sign in with the credential of a slot."""
        found = self.find(credential)
        return found is not None and not self.has_ended(found)

    def has_ended(self, secret: Mapping[str, Any]) -> bool:
        """Whether it has expired."""
        return datetime.fromisoformat(secret["end"]) <= self.now

    def is_managed(self, secret: Mapping[str, Any] | None) -> bool:
        """Whether it is one that the rotation may remove."""
        return secret is not None and bool(secret["managed"]) and secret["name"] == self.name

    @property
    def managed(self) -> list[Mapping[str, Any]]:
        """Those that the rotation may remove."""
        return [one for one in self.secrets if self.is_managed(one)]


def due(secret: Mapping[str, Any], terms: Terms) -> datetime:
    """From when on a credential is to be replaced."""
    end = datetime.fromisoformat(secret["end"])
    if not secret.get("start"):
        return end - terms.renew_within
    return end - min(terms.renew_within, (end - datetime.fromisoformat(secret["start"])) / 2)


def newest(entry: Mapping[str, Any]) -> str:
    """The slot of the credential that every host is to have: pending, or else current."""
    return "pending" if "pending" in entry else "current"


def until(moment: str, passed: timedelta, lease: timedelta) -> str:
    """The end of a lease.

    :param passed: how much time went by since the moment, by the machine's clock.
    """
    return written(datetime.fromisoformat(moment) + passed + lease)
