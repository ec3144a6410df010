# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which application a credential belongs to: the options of ``_entra.addressed``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.application``."""

    DOCUMENTATION = r"""
options:
  app_id:
    description: The application (client) id of the application.
    type: str
  object_id:
    description: The object id of the application registration.
    type: str
  unique_name:
    description: The unique name of the application.
    type: str
"""
