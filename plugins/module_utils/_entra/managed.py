# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which credentials this collection manages, which are due, and which nobody can use any more. Pure.

A managed credential is called ``mailops.modern_auth: NAME (marker)``. The marker tells one attempt to make it from
another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import same_id
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity

OWNER = "mailops.modern_auth: "
#: The code of the error for credentials whose private part nobody here has.
UNKNOWN = "unknown_credentials"

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True)
class Kind:
    """A kind of credential.

    :param noun: what messages call it.
    :param plural: what the modules call several of them.
    :param private: what messages call the part of it that Entra ID never shows.
    :param api: the property of an application that lists them.
    """

    noun: str
    plural: str
    private: str
    api: str


SECRET = Kind("client secret", "secrets", "value", "passwordCredentials")
CERTIFICATE = Kind("certificate", "certificates", "private key", "keyCredentials")


@dataclass(frozen=True)
class Registration:
    """What one read of an application tells about its credentials of one kind.

    :param path: addresses the application by its object id.
    :param credentials: as Graph shows them.
    :param moment: the tenant's time, which decides what has expired.
    :param created: when the application was registered, which decides whether a policy is for it; None if unknown.
    """

    kind: Kind
    path: str
    label: str
    credentials: Sequence[Entity]
    moment: datetime
    created: datetime | None = None

    def find(self, key_id: str | None) -> Entity | None:
        """The credential with the id, or None."""
        return next((one for one in self.credentials if key_id and same_id(one["keyId"], key_id)), None)

    def managed(self, name: str) -> list[Entity]:
        """The managed credentials of that name."""
        return [one for one in self.credentials if is_managed(one, name)]


def duration(option: str, text: str) -> timedelta:
    """A length of time: a number and h, d or w, for hours, days or weeks.

    :raises InputError: if it is none, or is not positive.
    """
    match = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f'{option}: "{text}" is not a length of time.', remedy="Write for example 180d, 24h or 26w.")
    return int(match[1]) * _UNITS[match[2]]


def periods(params: Mapping[str, Any]) -> tuple[timedelta, timedelta]:
    """The options ``lifetime`` and ``renew_within``.

    :raises InputError: if one is no length of time, or every run would make a new credential.
    """
    lifetime, renew_within = (duration(option, params[option]) for option in ("lifetime", "renew_within"))
    if renew_within >= lifetime:
        raise InputError("renew_within has to be shorter than lifetime, or every run would make a new credential.")
    return lifetime, renew_within


def title(name: str, marker: str) -> str:
    """The display name of a managed credential.

    :param marker: eight hexadecimal digits.
    """
    return f"{OWNER}{name} ({marker})"


def is_managed(credential: Mapping[str, Any], name: str | None = None) -> bool:
    """Whether this collection made the credential, under the given name if there is one."""
    shown_name = credential.get("displayName") or ""
    pattern = ".+" if name is None else re.escape(name) + r" \([0-9a-f]{8}\)"
    return re.fullmatch(re.escape(OWNER) + pattern, shown_name) is not None


def managed_name(credential: Mapping[str, Any]) -> str | None:
    """The name under which this collection made the credential; None if it did not."""
    if not is_managed(credential):
        return None
    return re.sub(r" \([0-9a-f]{8}\)\Z", "", credential["displayName"].removeprefix(OWNER))


def shown(credential: Mapping[str, Any]) -> Entity:
    """A credential as modules return it and show it in a diff: of a secret, not even the first letters."""
    return {
        "key_id": credential.get("keyId"),
        "display_name": credential.get("displayName"),
        "start_date_time": credential.get("startDateTime"),
        "end_date_time": credential.get("endDateTime"),
    }


def diff(
    kind: Kind, before: Sequence[Mapping[str, Any]], removed: Collection[str] = (),
    made: Mapping[str, Any] | None = None,
) -> Entity:
    """Credentials before and after, as a module returns the difference.

    :param removed: the key ids of those that are removed.
    :param made: the one that is added.
    """
    after = [one for one in before if one["keyId"] not in removed] + ([made] if made else [])
    return {
        "before": {kind.plural: [shown(one) for one in before]}, "after": {kind.plural: [shown(one) for one in after]},
    }


def is_due(credential: Mapping[str, Any], moment: datetime, renew_within: timedelta) -> bool:
    """Whether the credential has no more than ``renew_within`` left."""
    return datetime.fromisoformat(credential["endDateTime"]) - moment <= renew_within


def orphans(
    registration: Registration, name: str, key_id: str | None, known: Collection[str] | None
) -> list[Entity]:
    """The managed credentials of the name that no store holds, so that nobody has their private part.

    :param known: the ids that the stores hold; None if that is not known, so that none counts as an orphan.
    """
    if known is None:
        return []
    held = {one.lower() for one in (*known, *([key_id] if key_id else []))}
    return [one for one in registration.managed(name) if one["keyId"].lower() not in held]


def unknown(registration: Registration, name: str) -> InputError:
    """The refusal to add a credential beside managed ones that the caller seems to know nothing of."""
    kind = registration.kind
    listed = ", ".join(one["keyId"] for one in registration.managed(name))
    return InputError(
        f'{registration.label} has managed {kind.noun}s named "{name}" ({listed}), whose {kind.private}s cannot be '
        "read.", code=UNKNOWN,
        remedy=f"Give the key_id of the one whose {kind.private} you hold; or known_key_ids: [] if you hold none, to "
        "get a new one and have these removed.",
    )


def must_be_managed(registration: Registration, credential: Mapping[str, Any]) -> None:
    """Refuse to remove a credential that somebody else made.

    :raises InputError: if this collection did not make it.
    """
    if not is_managed(credential):
        raise InputError(
            f"The {registration.kind.noun} {credential['keyId']} of {registration.label} is named "
            f'"{credential.get("displayName")}": this collection did not make it, and does not remove it.',
            remedy="Remove it where it was made, or in the Entra portal.",
        )
