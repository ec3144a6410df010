# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What became of a load check and of a restart, in words for a person, without secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import Loaded, Ran

# How much of a program's words is repeated.
_LENGTH = 500


def loads_told(loaded: Iterable[Loaded]) -> list[str]:
    """How each file was tried."""
    return [_load_told(one) for one in loaded]


def _load_told(one: Loaded) -> str:
    if one.ran.code is None:
        return f"{one.path} was not tried ({one.ran.errors})"
    if one.loaded:
        return f"{one.path} was loaded as {one.owner}"
    return (
        f"of {one.path} only the syntax was checked, since it is run as nobody but its owner, and never as root; it "
        f"belongs to {one.owner}"
    )


def failed_load(one: Loaded, secrets: Iterable[str], marker: str | None) -> ModernAuthError:
    """The error of a file that does not load.

    :param secrets: are not repeated.
    :param marker: the file that says that this is still to be done.
    """
    return ModernAuthError(
        f"{one.path} cannot be loaded as {one.owner} (exit code {one.ran.code}): {_said(one.ran, secrets)}",
        code="load", details={"restart": "failed"},
        remedy=f"Repair it and run this again; {marker} remembers that it is still to be loaded and restarted.",
    )


def failed_restart(
    command: Sequence[str], ran: Ran, secrets: Iterable[str], marker: str | None
) -> ModernAuthError:
    """The error of a restart command; the parameters are those of failed_load."""
    by_hand = f"restart it by hand and remove {marker} on the server" if marker else "restart it by hand"
    how = "could not be started" if ran.code is None else f"failed (exit code {ran.code})"
    return ModernAuthError(
        f"The settings are written, but mail_restart_command `{' '.join(command)}` {how}: {_said(ran, secrets)}",
        code="restart", details={"restart": "failed"},
        remedy="Repair it and run this again: the next run restarts the product although nothing else changes. Or "
        f"{by_hand}.",
    )


def restart_told(restart: str) -> str:
    """What is said of the product."""
    return {
        "done": "the product was restarted",
        "needed": "the product has to be restarted (set mail_restart_command to have it done)",
    }[restart]


def _said(ran: Ran, secrets: Iterable[str]) -> str:
    """The lines of its standard error that name an error, else the last one: others repeat lines of the file."""
    lines = ran.errors.splitlines() or ["it said nothing"]
    text = " ".join([line for line in lines if "Error" in line] or lines[-1:]).strip()
    for secret in secrets:
        text = text.replace(secret, "(secret)")
    return (text[:_LENGTH].rstrip(".") or "it said nothing") + "."
