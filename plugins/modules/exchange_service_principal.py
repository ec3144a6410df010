#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_service_principal
short_description: Manage Exchange Online's service principal of an application
description:
  - Makes an application known to Exchange, without which it can be given neither a mailbox nor a role there.
  - What Exchange keeps is a pointer to the enterprise application in Microsoft Entra ID, by its object id. That id is
    looked up in Entra by O(app_id), so that the one of the app registration is not taken by mistake.
  - A pointer that stands with a wrong object id is removed and made anew, since Exchange cannot change it. Mailbox
    permissions and roles that the wrong one was given are lost with it, and were of no use before.
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.exchange
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.attributes.exchange_group
options:
  app_id:
    description: The application (client) id of the application.
    type: str
    required: true
  object_id:
    description:
      - The object id of the enterprise application (service principal), not that of the app registration.
      - Without it, it is looked up through Microsoft Graph in one request. Give it where the caller may not read Entra.
    type: str
  display_name:
    description:
      - The name in Exchange. One that is made without it gets the name that Entra has.
    type: str
  state:
    description:
      - V(present) makes, repairs or renames it.
      - V(absent) removes it, and with it the roles that it was given in Exchange.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Without O(object_id) the caller needs the Microsoft Graph application permission C(Application.Read.All).
  - In check mode an application whose enterprise application is yet to be made is predicted with a null object id.
seealso:
  - module: mailops.modern_auth.entra_admin_consent
  - module: mailops.modern_auth.exchange_mailbox_permission
  - module: mailops.modern_auth.exchange_application_scope
"""

EXAMPLES = r"""
- name: Make an application known to Exchange
  mailops.modern_auth.exchange_service_principal:
    app_id: "{{ contracts.application.app_id }}"

- name: The same through a Windows host
  mailops.modern_auth.exchange_service_principal:
    app_id: "{{ contracts.application.app_id }}"
    transport: winrm
    organization: contoso.onmicrosoft.com
    winrm:
      host: exchange-admin.contoso.example
      user: CONTOSO\ansible
      password: "{{ windows_password }}"

- name: Remove it
  mailops.modern_auth.exchange_service_principal:
    app_id: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
    state: absent
"""

RETURN = r"""
service_principal:
  description: The service principal as it is now, or as it would be in check mode; null if it is absent.
  returned: success
  type: dict
  contains:
    app_id:
      description: Application (client) id.
      type: str
      returned: always
      sample: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
    object_id:
      description: Object id of the enterprise application.
      type: str
      returned: always
      sample: 8b9d1c52-6c0e-4a51-9a1f-34a2b1a0c9d8
    display_name:
      description: The name in Exchange.
      type: str
      returned: always
      sample: Contracts mail (test)
    sid:
      description: The security identifier by which mailbox permissions refer to it; null for one not yet made.
      type: str
      returned: always
      sample: S-1-5-21-1004336348-1177238915-682003330-512
repaired:
  description: Whether one with a wrong object id was replaced, or would be.
  returned: when state is present
  type: bool
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import service_principal
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the service principal into its state."""
    if params["state"] == "absent":
        async with exchange_session(params) as session:
            return await service_principal.absent(session, params, check_mode)
    right = service_principal.given(params)
    if right is None:
        async with signed_in(params) as graph:
            right = await service_principal.target(graph, params, check_mode)
    async with exchange_session(params) as session:
        return await service_principal.present(session, params, right, check_mode)


def main() -> None:
    """Run the module."""
    module = exchange_module(service_principal.OPTIONS, missing=_graph.MISSING)
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
