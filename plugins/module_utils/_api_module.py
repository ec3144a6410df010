# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules share that configure one object behind a product's REST API: the options of the fragment ``api``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.modern_auth.plugins.module_utils import _https
from ansible_collections.mailops.modern_auth.plugins.module_utils._https import HttpsClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import ansible_module, require_libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api import Api
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api_states import absent, present
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access

_WAYS = {
    "username": {}, "password": {"no_log": True}, "token": {"no_log": True}, "header": {}, "value": {"no_log": True},
}
_ACCESS: Mapping[str, Mapping[str, Any]] = {
    "url": {"required": True},
    "authentication": {
        "type": "dict", "required": True, "options": _WAYS, "required_one_of": [("username", "token", "header")],
        "mutually_exclusive": [("username", "token", "header")],
        "required_together": [("username", "password"), ("header", "value")],
    },
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
}
_STATE: Mapping[str, Mapping[str, Any]] = {
    "state": {"choices": ["present", "absent"], "default": "present"},
    # By a fingerprint nobody can tell the secret.
    "secret_fingerprint": {"no_log": False},
}


def api_module(argument_spec: Mapping[str, Mapping[str, Any]], **rules: Any) -> AnsibleModule:
    """A module that looks, with the options of the fragment ``api`` beside its own.

    :param rules: what AnsibleModule takes further, for example ``required_if``.
    """
    module = ansible_module({**_ACCESS, **argument_spec}, **rules)
    require_libraries(module, _https.MISSING)
    return module


def api_object_module(argument_spec: Mapping[str, Mapping[str, Any]], **rules: Any) -> AnsibleModule:
    """A module that makes an object present or absent, with the options of the fragment ``api.object`` as well."""
    return api_module({**_STATE, **argument_spec}, **rules)


def access(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an ApiObject that say how it is reached.

    :param params: the module's parameters.
    """
    ways = {name: value for name, value in params["authentication"].items() if value is not None}
    return {"authentication": ways, "ca_path": params["ca_path"], "timeout": params["timeout"]}


def api(params: Mapping[str, Any]) -> Api:
    """The API, for a module that looks."""
    known = access(params)
    return Api(HttpsClient(), Access(**known), [str(one) for one in known["authentication"].values()])


def settle(module: AnsibleModule, target: ApiObject, name: str) -> None:
    """Bring the object into the module's state, or make it present where there is no other, and end the module.

    :param name: what the module calls the object in what it returns; for the rest of that see _targets/api_states.py.
    :raises ModernAuthError: that cannot be done.
    """
    port = HttpsClient()
    if module.params.get("state") == "absent":
        result = absent(target, port, check_mode=module.check_mode)
    else:
        result = present(target, port, module.params["secret_fingerprint"], check_mode=module.check_mode)
    module.exit_json(**{name: result.pop("object")}, **result)
