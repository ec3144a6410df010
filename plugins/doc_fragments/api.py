# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a product's REST API is reached: the options of ``_api_module.api_module`` and ``api_object_module``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.api``, and of it ``.object`` for modules that change an object."""

    DOCUMENTATION = r"""
options:
  url:
    description: The address of the product, C(https://HOST) or C(https://HOST:PORT). It has to be HTTPS.
    type: str
    required: true
  authentication:
    description:
      - How to sign in to the API, in one of three ways. They are O(authentication.username) and
        O(authentication.password), or O(authentication.token), or O(authentication.header) and O(authentication.value).
    type: dict
    required: true
    suboptions:
      username:
        description: A user who may configure the product.
        type: str
      password:
        description: The user's password.
        type: str
      token:
        description: A token that is sent as C(Authorization, Bearer).
        type: str
      header:
        description: The name of a header that has a key of the API.
        type: str
      value:
        description: The key.
        type: str
  ca_path:
    description:
      - A file with certificate authorities in PEM form to trust in place of the public ones, as for a server with a
        certificate of its own. Certificates are always verified.
    type: path
  timeout:
    description: Seconds to wait for a connection, and for each part of an answer.
    type: int
    default: 30
requirements:
  - httpx
"""

    OBJECT = r"""
options:
  state:
    description: Whether the object shall be there.
    type: str
    choices: [present, absent]
    default: present
  secret_fingerprint:
    description:
      - The C(secret_fingerprint) that the module gave back when it wrote the secrets last, since the product does not
        give them back. The secrets are written if they are others. Nobody can tell them by it.
      - Without it they are written each time, and the module says that it has changed something.
    type: str
"""
