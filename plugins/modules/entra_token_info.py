#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_token_info
short_description: Prove that credentials get an access token from Microsoft Entra ID
description:
  - Signs in with the given credentials, and says for whom, for what and for how long the token is that comes back. The
    token itself is not returned.
  - The token is always a new one, never one from O(token_cache), for that would prove a credential that is gone.
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.attributes.entra_group
options:
  scope:
    description:
      - What the token is asked for, as C(https://RESOURCE/.default).
      - Without it, the permissions on Microsoft Graph in the O(cloud).
    type: str
  wait:
    description:
      - Seconds to wait for an application, a credential or a grant that was made moments ago. Until every replica of
        the identity platform has heard of it, it is refused in the same words as a wrong one.
      - Other refusals, such as an expired secret, are final at once.
    type: int
    default: 0
notes:
  - Credentials that the environment provides count as well. To be sure which ones are proven, say O(auth_source).
  - The claims are read, not verified, which only the service that the token is for can do. They may be null where that
    service encrypts its tokens.
seealso:
  - module: mailops.modern_auth.entra_application_secret
  - module: mailops.modern_auth.entra_application_certificate
  - module: mailops.modern_auth.entra_federated_credential
"""

EXAMPLES = r"""
- name: Wait until the new secret signs in everywhere
  mailops.modern_auth.entra_token_info:
    auth_source: client_secret
    client_id: "{{ contracts.application.app_id }}"
    client_secret: "{{ renewed.secret_text }}"
    scope: https://outlook.office365.com/.default
    wait: 180
  register: proof

- name: It may send mail
  ansible.builtin.assert:
    that: "'SMTP.SendAsApp' in proof.claims.roles"
"""

RETURN = r"""
scope:
  description: What the token was asked for.
  returned: success
  type: str
  sample: https://graph.microsoft.com/.default
attempts:
  description: How often the token was asked for; more than once while a new credential had not arrived everywhere.
  returned: success, and when the identity platform refused
  type: int
  sample: 1
claims:
  description: What the token says; null where it says nothing.
  returned: success
  type: dict
  contains:
    app_id:
      description: The application (client) id of the application that signed in.
      type: str
      returned: always
    tenant_id:
      description: The tenant.
      type: str
      returned: always
    object_id:
      description: The object id of the service principal, or of the user.
      type: str
      returned: always
    audience:
      description: The resource that the token is for.
      type: str
      returned: always
      sample: https://graph.microsoft.com
    roles:
      description: The application permissions that were granted on the resource. Without any, there is a token as well.
      type: list
      elements: str
      returned: always
      sample: [Mail.Send]
    scopes:
      description: The delegated permissions, if a user signed in.
      type: list
      elements: str
      returned: always
    directory_roles:
      description: The ids of the directory roles' templates, by which Exchange judges an administrator.
      type: list
      elements: str
      returned: always
    expires_date_time:
      description: Until when the token is good. A credential that is removed does not end it.
      type: str
      returned: always
      sample: "2026-01-01T01:12:34Z"
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import tokens
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import entra_module, reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of, shown


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """Get the token, and say what it is."""
    scope = params["scope"] or cloud_from(params).graph_scope
    proof = asyncio.run(tokens.prove(token_source(params), scope, params["wait"]))
    return {"changed": False, "scope": scope, "attempts": proof.attempts, "claims": shown(claims_of(proof.token))}


def main() -> None:
    """Run the module."""
    module = entra_module({"scope": {}, "wait": {"type": "int", "default": 0}})
    with reporting(module):
        module.exit_json(**run(module.params))


if __name__ == "__main__":
    main()
