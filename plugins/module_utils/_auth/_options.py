# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What sources need of the options. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def required(options: Mapping[str, Any], option: str, source: str) -> str:
    """An option that a source cannot do without.

    :raises InputError: if it is missing.
    """
    value = options.get(option)
    if not value:
        raise InputError(f"{option} is missing; signing in with auth_source {source} needs it.")
    return str(value)
