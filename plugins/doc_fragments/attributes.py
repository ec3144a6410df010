# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module documents: its attributes, and the Python that it needs."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments ``mailops.modern_auth.attributes``; and ``.change``, ``.info``, ``.entra_group``, ``.exchange_group``.

    The last two are not called ``.entra`` and ``.exchange``, since Ansible would take the files of these names.
    """

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
  diff_mode:
    description: Returns details on what has changed (or would change in check_mode) when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
requirements:
  - python >= 3.11, where the module runs
"""

    CHANGE = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    support: full
    details: Reads only.
  diff_mode:
    support: none
    details: Changes nothing.
  idempotent:
    support: full
"""

    ENTRA_GROUP = r"""
attributes:
  action_group:
    description: Use C(group/mailops.modern_auth.entra) in C(module_defaults) to set defaults for this module.
    support: full
    membership: [mailops.modern_auth.entra]
"""

    EXCHANGE_GROUP = r"""
attributes:
  action_group:
    description: Use C(group/mailops.modern_auth.exchange) in C(module_defaults) to set defaults for this module.
    support: full
    membership: [mailops.modern_auth.exchange]
"""
