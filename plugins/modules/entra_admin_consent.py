#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_admin_consent
short_description: Grant permissions to an application in Microsoft Entra ID (admin consent)
description:
  - Creates the application's service principal (enterprise application) and grants it permissions by name, application
    and delegated ones.
  - What is granted already is left alone, and what others granted stays, unless O(purge=true).
  - Delegated permissions are granted for all users of the tenant.
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.attributes.entra_group
options:
  app_id:
    description: The application (client) id of the application that is given the permissions.
    type: str
    required: true
  permissions:
    description:
      - The permissions to grant, or with O(state=absent) to revoke.
      - A name that the resource does not offer is refused, with the nearest names that it does offer.
    type: list
    elements: dict
    default: []
    suboptions:
      resource:
        description:
          - C(Microsoft Graph), C(Office 365 Exchange Online), an application (client) id, or the display name of a
            service principal in the tenant.
        type: str
        required: true
      application:
        description: Names of application permissions (app roles), for example C(Mail.Send).
        type: list
        elements: str
        default: []
      delegated:
        description: Names of delegated permissions (scopes).
        type: list
        elements: str
        default: []
  purge:
    description:
      - Revoke every permission, on any resource, that O(permissions) does not name.
      - With O(state=absent) it revokes every permission.
    type: bool
    default: false
  state:
    description:
      - V(present) creates the service principal and grants.
      - V(absent) revokes. The service principal stays.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The caller needs the Microsoft Graph application permissions C(Application.Read.All), and
    C(Application.ReadWrite.OwnedBy) to create the service principal of an application that it owns.
  - Granting application permissions needs C(AppRoleAssignment.ReadWrite.All) beside them. It lets the caller grant any
    permission to any application, so guard its credential accordingly.
  - Delegated permissions, and O(purge), need C(DelegatedPermissionGrant.ReadWrite.All).
  - A token that was issued before a grant does not carry it; a new one may need a minute.
seealso:
  - module: mailops.modern_auth.entra_admin_consent_info
  - module: mailops.modern_auth.entra_application
"""

EXAMPLES = r"""
- name: Let an application send mail
  mailops.modern_auth.entra_admin_consent:
    app_id: "{{ contracts.application.app_id }}"
    permissions:
      - resource: Microsoft Graph
        application: [Mail.Send]

- name: Exactly these permissions and no others
  mailops.modern_auth.entra_admin_consent:
    app_id: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
    purge: true
    permissions:
      - resource: Office 365 Exchange Online
        application: [IMAP.AccessAsApp, SMTP.SendAsApp]
      - resource: Microsoft Graph
        delegated: [User.Read]

- name: Take one away
  mailops.modern_auth.entra_admin_consent:
    app_id: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
    state: absent
    permissions:
      - resource: Microsoft Graph
        application: [Mail.ReadWrite]
"""

RETURN = r"""
service_principal:
  description: The service principal, with a null object id where check mode would create it; null if there is none.
  returned: success
  type: dict
  contains:
    object_id:
      description: Object id of the service principal, which is the one that Exchange wants to know.
      type: str
      returned: always
      sample: 8b9d1c52-6c0e-4a51-9a1f-34a2b1a0c9d8
    app_id:
      description: Application (client) id.
      type: str
      returned: always
      sample: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
granted:
  description:
    - All that is granted now, or would be in check mode.
    - Application permissions on resources that the task does not mention are shown by id, unless it purges. Delegated
      ones are included only if the task names some or purges.
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
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import admin_consent
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> Entity:
    """Grant, or revoke."""
    async with signed_in(params) as graph:
        return await admin_consent.settle(graph, params, check_mode)


def main() -> None:
    """Run the module."""
    module = graph_module(admin_consent.OPTIONS)
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
