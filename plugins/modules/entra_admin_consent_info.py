#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_admin_consent_info
short_description: Look up what an application was granted in Microsoft Entra ID
description:
  - Reads the service principal (enterprise application) of an application and every permission that it was granted, by
    name, application permissions and those delegated for all users.
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.attributes.entra_group
options:
  app_id:
    description: The application (client) id of the application.
    type: str
    required: true
notes:
  - The caller needs the Microsoft Graph application permissions C(Application.Read.All) and C(Directory.Read.All).
seealso:
  - module: mailops.modern_auth.entra_admin_consent
"""

EXAMPLES = r"""
- name: What may it do?
  mailops.modern_auth.entra_admin_consent_info:
    app_id: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
  register: consent

- name: It must not send as everybody
  ansible.builtin.assert:
    that: "'Mail.Send' not in consent.granted | map(attribute='application') | flatten"
"""

RETURN = r"""
service_principal:
  description: The service principal; null if there is none.
  returned: success
  type: dict
  contains:
    object_id:
      description: Object id of the service principal.
      type: str
      returned: always
      sample: 8b9d1c52-6c0e-4a51-9a1f-34a2b1a0c9d8
    app_id:
      description: Application (client) id.
      type: str
      returned: always
      sample: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
granted:
  description: All that it was granted.
  returned: success
  type: list
  elements: dict
  sample: [{resource: Microsoft Graph, application: [Mail.Send], delegated: []}]
  contains:
    resource:
      description: Display name of the resource.
      type: str
      returned: always
    application:
      description: Names of application permissions.
      type: list
      elements: str
      returned: always
    delegated:
      description: Names of delegated permissions.
      type: list
      elements: str
      returned: always
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import consent
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: Mapping[str, Any]) -> Entity:
    """Look the consent up."""
    async with signed_in(params) as graph:
        found = await consent.read(graph, params["app_id"], delegated=True)
        resources = await consent.read_resources(graph, found)
    return {
        "changed": False, "service_principal": consent.shown_principal(found),
        "granted": consent.granted_by_name(found, resources),
    }


def main() -> None:
    """Run the module."""
    module = graph_module({"app_id": {"required": True}})
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
