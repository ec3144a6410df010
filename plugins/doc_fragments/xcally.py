# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What XCALLY Motion's API calls things: the options of ``_xcally_module``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.xcally``, and of it ``.object`` for modules that change an object."""

    DOCUMENTATION = r"""
options:
  path:
    description: The path of the API's list of such objects, if it is another one than this module knows.
    type: str
  fields:
    description:
      - What the API calls the fields that this module knows, if that is something else, by their names here. They are
        those of the options; C(docs/xcally.md) of the collection has the table.
    type: dict
    default: {}
notes:
  - What the objects hold is documented by Motion's vendor. The paths and JSON fields of its API are not, and are
    inferred.
"""

    OBJECT = r"""
options:
  settings:
    description:
      - Further fields, or other values of these, as the API calls them.
    type: dict
    default: {}
notes:
  - Before the first write each field is looked up in the server's own description (C(/apidoc)), and one that it does
    not know is refused.
"""
