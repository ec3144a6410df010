# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options that say how Exchange is reached; documented in the fragment ``exchange``."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    ENVIRONMENTS,
    SIGN_INS,
    TRANSPORTS,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.winrm import (
    AUTHENTICATIONS,
    ENCRYPTIONS,
    SCHEMES,
)


def exchange_spec() -> dict[str, dict[str, Any]]:
    """The options beside those of the fragment ``entra``."""
    return {
        "transport": {
            "choices": list(TRANSPORTS), "default": "rest", "fallback": (env_fallback, ["MAILOPS_EXCHANGE_TRANSPORT"]),
        },
        "organization": {"fallback": (env_fallback, ["MAILOPS_EXCHANGE_ORGANIZATION"])},
        "exchange_endpoint": {"fallback": (env_fallback, ["MAILOPS_EXCHANGE_ENDPOINT"])},
        "exchange_environment": {"choices": list(ENVIRONMENTS)},
        "exchange_auth": {"choices": list(SIGN_INS), "default": "access_token"},
        "exchange_access_token": {"no_log": True, "fallback": (env_fallback, ["MAILOPS_EXCHANGE_ACCESS_TOKEN"])},
        "exchange_certificate_path": {},
        "exchange_certificate_password": {"no_log": True},
        "exchange_certificate_thumbprint": {},
        "exchange_managed_identity_id": {},
        "pwsh_path": {"default": "pwsh", "fallback": (env_fallback, ["MAILOPS_PWSH"])},
        "connect_timeout": {"type": "int", "default": 120},
        "command_timeout": {"type": "int", "default": 300},
        "winrm": {"type": "dict", "options": winrm_spec()},
    }


def winrm_spec() -> dict[str, dict[str, Any]]:
    """The options below ``winrm``; their defaults are those of ``winrm.WinRmHost``."""
    return {
        "host": {"required": True},
        "port": {"type": "int", "default": 5986},
        "scheme": {"choices": list(SCHEMES), "default": "https"},
        "auth": {"choices": list(AUTHENTICATIONS), "default": "ntlm"},
        "user": {},
        "password": {"no_log": True},
        "certificate_path": {"type": "path"},
        "certificate_key_path": {"type": "path", "no_log": False},
        "ca_path": {"type": "path"},
        "proxy": {},
        "message_encryption": {"choices": list(ENCRYPTIONS), "default": "auto"},
        "kerberos_delegation": {"type": "bool", "default": False},
        "kerberos_hostname": {},
        "operation_timeout": {"type": "int", "default": 20},
        "read_timeout": {"type": "int", "default": 30},
        "powershell": {"default": "powershell"},
    }
