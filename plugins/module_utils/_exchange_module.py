# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every Exchange module shares. It is apart from ``_module`` so that the others need not load the transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import missing_libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import (
    NOTHING,
    ansible_module,
    require_libraries,
)


def exchange_module(
    argument_spec: Mapping[str, Mapping[str, Any]], *, missing: Mapping[str, str] = NOTHING, **rules: Any
) -> AnsibleModule:
    """A module with the options of the fragments ``entra`` and ``exchange`` beside its own; it supports check mode.

    :param missing: the libraries that it needs beside Exchange's, see ``require_libraries``.
    :param rules: what AnsibleModule takes further, for example ``required_one_of``.
    """
    module = ansible_module({**connection_spec(), **exchange_spec(), **argument_spec}, **rules)
    require_libraries(module, {**_auth.MISSING, **missing_libraries(module.params), **missing})
    return module
