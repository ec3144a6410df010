# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules share that read and replace an entry of a store."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.entry``."""

    DOCUMENTATION = r"""
options:
  entry:
    description: What the store shall hold of the application from now on. Without it, the store is only read.
    type: dict
  revision:
    description: The revision of the entry that is to be replaced, as it was returned when that one was read.
    type: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: Only if O(revision) is that of the entry as it is.
notes:
  - What it returns holds secrets and is never shown. The task needs no C(no_log), which would hide failures as well.
"""
