# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for an application with a client secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._application import (
    ApplicationTokens,
    application,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import GUID


def source(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application whose secret is in the option ``client_secret``."""
    secret = required(options, "client_secret", "client_secret")
    if GUID.fullmatch(secret.strip()):
        raise InputError(
            "client_secret looks like the secret's ID, not its value: it is a GUID, and values never are.",
            remedy="Give the value, which the portal shows once, after creation; if it is lost, make a new secret.",
        )
    return application(options, connections, "client_secret", secret, secret)


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic."""
    return bool(options.get("client_secret"))
