# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module shares: the connection options, and the one place where a failure is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import CLOUD_NAMES
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import defect

AUTH_SOURCES = (
    "auto", "client_secret", "client_certificate", "managed_identity", "azure_cli", "workload_identity", "access_token",
)


def endpoint_spec() -> dict[str, dict[str, Any]]:
    """The options that say where the services are and how to talk to them; documented in the fragment ``endpoints``."""
    return {
        "cloud": {"choices": list(CLOUD_NAMES), "default": "global", "fallback": (env_fallback, ["MAILOPS_CLOUD"])},
        "authority_host": {"fallback": (env_fallback, ["AZURE_AUTHORITY_HOST"])},
        "graph_endpoint": {"fallback": (env_fallback, ["MAILOPS_GRAPH_ENDPOINT"])},
        "ca_path": {"type": "path", "fallback": (env_fallback, ["MAILOPS_CA_FILE"])},
        "timeout": {"type": "int", "default": 30},
        "token_cache": {"type": "path", "no_log": False, "fallback": (env_fallback, ["MAILOPS_TOKEN_CACHE"])},
    }


def connection_spec() -> dict[str, dict[str, Any]]:
    """The options by which a module signs in and finds the services; documented in the fragment ``entra``."""
    return {
        "auth_source": {
            "choices": list(AUTH_SOURCES), "default": "auto", "fallback": (env_fallback, ["MAILOPS_AUTH_SOURCE"]),
        },
        "tenant_id": {"fallback": (env_fallback, ["AZURE_TENANT_ID"])},
        "client_id": {"fallback": (env_fallback, ["AZURE_CLIENT_ID"])},
        "client_secret": {"no_log": True, "fallback": (env_fallback, ["AZURE_CLIENT_SECRET"])},
        "certificate_path": {"type": "path", "fallback": (env_fallback, ["AZURE_CLIENT_CERTIFICATE_PATH"])},
        "certificate_password": {"no_log": True, "fallback": (env_fallback, ["AZURE_CLIENT_CERTIFICATE_PASSWORD"])},
        "federated_token_file": {
            "type": "path", "no_log": False, "fallback": (env_fallback, ["AZURE_FEDERATED_TOKEN_FILE"]),
        },
        "access_token": {"no_log": True, "fallback": (env_fallback, ["MAILOPS_ACCESS_TOKEN"])},
        "managed_identity_client_id": {},
        **endpoint_spec(),
    }


def entra_module(argument_spec: Mapping[str, Mapping[str, Any]], **rules: Any) -> AnsibleModule:
    """A module with the connection options beside its own; it supports check mode.

    :param rules: what AnsibleModule takes further, for example ``required_one_of``.
    """
    module = AnsibleModule(
        argument_spec={**connection_spec(), **argument_spec}, supports_check_mode=True, **rules
    )
    require_libraries(module, _auth.MISSING)
    return module


def require_libraries(module: AnsibleModule, missing: Mapping[str, str]) -> None:
    """Fail with Ansible's own words if Python libraries are missing.

    :param missing: the traceback of each failed import, by the name under which pip knows the library.
    """
    for library, trace in missing.items():
        module.fail_json(msg=missing_required_lib(library), exception=trace)


@contextmanager
def reporting(module: AnsibleModule) -> Iterator[None]:
    """Turn whatever is raised inside into a failed module: the only caller of ``fail_json`` for errors of this tree."""
    try:
        yield
    except ModernAuthError as error:
        module.fail_json(**error.result())
    except Exception as error:
        # The reporting boundary.
        module.fail_json(**defect(error).result())
