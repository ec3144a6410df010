# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A token that somebody else acquired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control


class ReadyToken:
    """See TokenSource."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, scope: str) -> str:
        """The token, whatever the scope: nobody but its receiver can tell what it is good for."""
        return self._token

    def refresh(self) -> bool:
        """There is no other."""
        return False


def source(options: Mapping[str, Any], connections: Connections) -> ReadyToken:
    """The token in the option ``access_token``."""
    token = required(options, "access_token", "access_token")
    if has_control(token):
        raise InputError(
            "access_token: holds a control character, for example a line break; give it without.",
            remedy="A value that is read from a file often ends in a line break.",
        )
    return ReadyToken(token)


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic."""
    return bool(options.get("access_token"))
