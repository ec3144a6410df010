# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module shares: the connection options, and the one place where a failure is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, _load_params
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._texts import require_texts
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import defect


def ansible_module(argument_spec: Mapping[str, Mapping[str, Any]], **rules: Any) -> AnsibleModule:
    """A module that supports check mode, and takes a text for a text alone.

    :param rules: what AnsibleModule takes further, for example ``required_one_of``.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **rules)
    with reporting(module):
        # Ansible offers it to modules that want to see what they were given: its own would convert it first.
        require_texts(argument_spec, _load_params())
    return module


def entra_module(
    argument_spec: Mapping[str, Mapping[str, Any]], *, missing: Mapping[str, str] | None = None, **rules: Any
) -> AnsibleModule:
    """A module with the connection options beside its own; it supports check mode.

    :param missing: see ``require_libraries``; what signing in needs comes on top.
    :param rules: what AnsibleModule takes further, for example ``required_one_of``.
    """
    module = ansible_module({**connection_spec(), **argument_spec}, **rules)
    require_libraries(module, {**_auth.MISSING, **(missing or {})})
    return module


def require_libraries(module: AnsibleModule, missing: Mapping[str, str]) -> None:
    """Fail if Python libraries are missing, naming all of them and the command that installs them.

    :param missing: the traceback of each failed import, by the requirement as pip takes it.
    """
    with reporting(module):
        _libraries.require(missing)


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
