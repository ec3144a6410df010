# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens of whoever is signed in to the Azure CLI."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError

SECONDS = 60


class AzureCliTokens:
    """Kept in memory, since each costs the start of a process."""

    def __init__(self, tenant_id: str | None) -> None:
        self._tenant_id = tenant_id
        self._tokens: dict[str, tuple[str, float]] = {}
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token from ``az account get-access-token``."""
        with self._one_at_a_time:
            token, expires = self._tokens.get(scope, ("", 0.0))
            if time.time() > expires - 300:
                token, expires = self._tokens[scope] = self._ask(scope)
        return token

    def refresh(self) -> bool:
        """The CLI decides itself when its tokens are renewed."""
        return False

    def _ask(self, scope: str) -> tuple[str, float]:
        program = shutil.which("az")
        if program is None:
            raise InputError(
                "The Azure CLI (az) is not installed.",
                remedy="Install it, or sign in in another way: auth_source, or mail_administrator for bootstrap.",
            )
        command = [program, "account", "get-access-token", "--output", "json"]
        command += ["--resource", scope.removesuffix("/.default")]
        if self._tenant_id:
            command += ["--tenant", self._tenant_id]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise AuthenticationError(f"The Azure CLI gave no token within {SECONDS} seconds.") from error
        if done.returncode:
            error_ = authentication_error({"error_description": done.stderr.strip()}, "the Azure CLI")
            error_.remedy = error_.remedy or "Sign in with `az login` as the user that runs Ansible."
            raise error_
        try:
            answer = json.loads(done.stdout)
            # expires_on (epoch seconds) came with Azure CLI 2.54; without it every call asks again.
            return str(answer["accessToken"]), float(answer.get("expires_on", 0))
        except (ValueError, KeyError) as error:
            raise AuthenticationError("The Azure CLI answered with something that is not a token.") from error


def source(options: Mapping[str, Any], connections: Connections) -> AzureCliTokens:
    """The account that the CLI has chosen, in the tenant of the option ``tenant_id`` if it is given."""
    return AzureCliTokens(options.get("tenant_id"))


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic."""
    return shutil.which("az") is not None
