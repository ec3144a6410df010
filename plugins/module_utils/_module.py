# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module shares: the connection options, and the one place where a failure is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import defect


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
