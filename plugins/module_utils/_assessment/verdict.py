# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What there is to say of a way that mail takes: whether Microsoft refuses it, since when, and who says so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.dates import BY_PROTOCOL, EWS, SwitchOff
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.refusals import refusals

#: From harmless to bad.
STATES = ("ok", "unknown", "password", "ending", "refused")
_MICROSOFT = (".office365.com", ".outlook.com", ".office365.us", ".outlook.cn", ".outlook.office.com")


def judged(use: Mapping[str, Any], today: date, tenant: Mapping[str, Any]) -> dict[str, Any]:
    """The use, with ``state``, one of STATES; ``words``, why; ``since``, a day, and ``page``, or null.

    ``password`` is one at a mail server that is not Microsoft's, which no date of Microsoft's is about, and no switch
    of the tenant's either.

    :param use: as the module mail_settings_info returns it.
    :param tenant: what the host's tenant says, see tenant.read.
    """
    state, words, switch_off = _verdict(use, today)
    said = refusals(use, tenant) if is_microsoft(use["host"]) else []
    if any(one.is_certain for one in said):
        state = "refused"
    return {
        **use, "state": state, "words": " ".join([*(one.words for one in said), words]),
        "since": switch_off.since.isoformat() if switch_off else None, "page": switch_off.page if switch_off else None,
    }


def _verdict(use: Mapping[str, Any], today: date) -> tuple[str, str, SwitchOff | None]:
    transport, authentication = use["transport"], use["authentication"]
    if transport == "ews" and authentication != "basic" and is_microsoft(use["host"]):
        return _ended(EWS, today)
    if transport is None or authentication is None:
        return "unknown", "Its configuration does not say how it signs in.", None
    if authentication == "basic" and is_microsoft(use["host"]):
        state, words, switch_off = _ended(BY_PROTOCOL[transport], today)
        return state, f"{words} {EWS.what}: {EWS.words}" if transport == "ews" else words, switch_off
    if authentication == "basic":
        return "password", f"It signs in with a password to {use['host']}, which is not Microsoft's.", None
    how = {
        "none": "It does not sign in.", "oauth2": "It signs in with OAuth.",
        "google_service_account": "It signs in as a service account of Google's.",
    }
    return "ok", how[authentication], None


def _ended(switch_off: SwitchOff, today: date) -> tuple[str, str, SwitchOff]:
    state = "refused" if switch_off.since <= today else "ending"
    return state, f"{switch_off.what}: {switch_off.words}", switch_off


def is_microsoft(host: str | None) -> bool:
    """Whether a mail server is Microsoft's; one that is not named is taken for it, since that is the careful guess."""
    return host is None or f".{host.lower().rstrip('.')}".endswith(_MICROSOFT)
