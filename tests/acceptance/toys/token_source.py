# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens of a service that gives one to whoever asks."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections


class Tokens:
    """See TokenSource."""

    def __init__(self, url: str, ca_path: str) -> None:
        self._url = url
        self._context = ssl.create_default_context(cafile=ca_path)

    def token(self, scope: str) -> str:
        """Another one each time."""
        with urllib.request.urlopen(f"{self._url}/token?scope={scope}", timeout=10, context=self._context) as answer:
            return str(json.loads(answer.read())["access_token"])

    def refresh(self) -> bool:
        """None is kept."""
        return False


def source(options: Mapping[str, Any], connections: Connections) -> Tokens:
    """The service at the option ``authority_host``."""
    return Tokens(options["authority_host"], options["ca_path"])
