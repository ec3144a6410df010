# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for an application that trusts somebody else's token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._application import (
    ApplicationTokens,
    application,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def source(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application that trusts the token in the file of the option ``federated_token_file``."""
    path = Path(required(options, "federated_token_file", "workload_identity"))

    def assertion() -> str:
        # Whoever issues these tokens replaces the file every hour or so.
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise InputError(f"federated_token_file: {path} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise InputError(f"federated_token_file: {path} holds no token, but bytes that are no text.") from error

    assertion()
    return application(options, connections, "workload_identity", {"client_assertion": assertion}, str(path))


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic."""
    return bool(options.get("federated_token_file"))
