# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a module is told which application it is about; documented in the fragment ``application``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import Identity

_NAMES = ("app_id", "object_id", "unique_name")
#: The options, and the rules that hold for them.
OPTIONS: Mapping[str, dict[str, Any]] = {name: {} for name in _NAMES}
RULES: Mapping[str, Any] = {"required_one_of": [_NAMES], "mutually_exclusive": [_NAMES]}


def identity_from(params: Mapping[str, Any]) -> Identity:
    """The application that a module's options name."""
    return Identity(**{name: params[name] for name in _NAMES})
