# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The kinds of targets, one module each, found by its name."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry


def named(name: str) -> Any:
    """The kind of that name, a _targets.change.Kind.

    :raises InputError: there is none.
    """
    return registry.named(__name__, __path__, name, "kind of target")
