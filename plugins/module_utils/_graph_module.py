# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module shares that talks to Microsoft Graph. The others need not load msgraph-sdk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import entra_module


def graph_module(
    argument_spec: Mapping[str, Mapping[str, Any]], *, missing: Mapping[str, str] | None = None, **rules: Any
) -> AnsibleModule:
    """A module with the options of the fragment ``entra`` beside its own; it supports check mode.

    :param missing: the libraries that it needs beside Graph's, see ``require_libraries``.
    :param rules: what AnsibleModule takes further, for example ``required_one_of``.
    """
    return entra_module(argument_spec, missing={**_graph.MISSING, **(missing or {})}, **rules)


@asynccontextmanager
async def signed_in(params: Mapping[str, Any], version: str = "v1.0") -> AsyncIterator[_graph.GraphClient]:
    """A Graph client for the connection options of a module; closed at the end."""
    async with _graph.graph_client(params, _auth.token_source(params), version=version) as graph:
        yield graph
