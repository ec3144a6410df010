#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_application_scope
short_description: Limit what an application may do in Exchange Online to some mailboxes
description:
  - Gives an application roles in Exchange (RBAC for Applications), limited to named mailboxes or to the members of a
    group, in place of a permission in Microsoft Entra ID that holds for every mailbox.
  - Rights add up. As long as Entra grants the same permission, the scope limits nothing; the module warns and returns
    what defeats it in RV(defeated_by). It does not revoke it; M(mailops.modern_auth.entra_admin_consent) does.
  - What O(mailboxes) or O(group) says is set exactly. A management scope that has the same filter under another name is
    taken over, since Exchange does not have two of them.
  - Application access policies, the older way, are reported with advice and never made or changed.
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
    description:
      - The application (client) id of the application. Exchange has to know it by
        M(mailops.modern_auth.exchange_service_principal).
    type: str
    required: true
  roles:
    description:
      - The roles, for example V(Application Mail.Send). C(Application) may be left out.
      - There is none for IMAP or POP. V(Application SMTP.SendAsApp) needs no right on the mailbox beside it, and works
        only if SMTP.SendAsApp is not granted in Entra.
      - Required with O(state=present). With O(state=absent) none means all that are limited by the scope.
    type: list
    elements: str
  mailboxes:
    description: The mailboxes, by address, user principal name or id. The scope names them by their primary address.
    type: list
    elements: str
  group:
    description:
      - A mail-enabled security group, distribution group or Microsoft 365 group, in place of O(mailboxes).
      - Its direct members are meant.
    type: str
  scope_name:
    description: The management scope's name. Default is C(mailops) and the application's id.
    type: str
  purge:
    description:
      - Take away every other role that the application has in Exchange.
      - With O(state=absent) it takes away all of them.
    type: bool
    default: false
  check_entra_grants:
    description: Look up through Microsoft Graph whether permissions granted in Entra defeat the scope.
    type: bool
    default: true
  state:
    description:
      - V(present) makes the scope and gives the roles.
      - V(absent) takes the roles away, and removes the scope O(scope_name) if nothing else uses it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - A change needs between 30 minutes and two hours to act.
  - O(check_entra_grants) needs the Microsoft Graph application permission C(Application.Read.All).
  - In check mode an application that Exchange does not know yet is predicted as one without roles.
seealso:
  - module: mailops.modern_auth.exchange_application_scope_info
  - module: mailops.modern_auth.exchange_service_principal
  - module: mailops.modern_auth.entra_admin_consent
  - name: Role Based Access Control for Applications in Exchange Online
    description: Microsoft's page on these roles.
    link: https://learn.microsoft.com/exchange/permissions-exo/application-rbac
"""

EXAMPLES = r"""
- name: Let an application send as two mailboxes and no other
  mailops.modern_auth.exchange_application_scope:
    app_id: "{{ contracts.application.app_id }}"
    roles: [Application Mail.Send]
    mailboxes: [contracts@contoso.example, invoices@contoso.example]

- name: Let it read the mailboxes of a group, and take away everything else that it had
  mailops.modern_auth.exchange_application_scope:
    app_id: "{{ contracts.application.app_id }}"
    roles: [Mail.Read]
    group: contracts-mailboxes@contoso.example
    scope_name: Contracts mailboxes
    purge: true

- name: Take its roles away
  mailops.modern_auth.exchange_application_scope:
    app_id: "{{ contracts.application.app_id }}"
    state: absent
"""

RETURN = r"""
scope:
  description: The management scope as it is now, or as it would be in check mode; null if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: Contracts mailboxes
    mailboxes:
      description: The primary addresses that it names, in small letters; null if it is of another kind.
      type: list
      elements: str
      returned: always
      sample: [contracts@contoso.example]
    group:
      description: The distinguished name of the group whose members it means, in small letters; or null.
      type: str
      returned: always
    filter:
      description: The filter of a scope that is of neither kind; or null.
      type: str
      returned: always
roles:
  description: The roles that the application has in the scope.
  returned: success
  type: list
  elements: str
  sample: [Application Mail.Send]
other_assignments:
  description: What else the application has in Exchange.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The role.
      type: str
      returned: always
    scope:
      description: The management scope that limits it; or null.
      type: str
      returned: always
    limit:
      description: The group or administrative unit that limits it; or null.
      type: str
      returned: always
    enabled:
      description: Whether it is in force.
      type: bool
      returned: always
defeated_by:
  description: What gives the application beyond the scope what the roles give it there.
  returned: success
  type: list
  elements: dict
  sample: [{granted_in: entra, permission: Mail.Send, resource: Microsoft Graph, scope: null}]
  contains:
    granted_in:
      description: Where, V(entra) or V(exchange).
      type: str
      returned: always
    permission:
      description: The permission in Entra, or the role in Exchange.
      type: str
      returned: always
    resource:
      description: The resource of a permission in Entra.
      type: str
      returned: always
    scope:
      description: What limits the role in Exchange; null if nothing does.
      type: str
      returned: always
access_policies:
  description: The application access policies that the application has.
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: Its identity.
      type: str
      returned: always
    access_right:
      description: V(RestrictAccess) or V(DenyAccess).
      type: str
      returned: always
    scope:
      description: Display name of its group.
      type: str
      returned: always
    description:
      description: Its description.
      type: str
      returned: always
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import application_scope
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find out what has to change, and change it."""
    in_entra: tuple[str | None, list[dict[str, Any]]] = (None, [])
    if params["check_entra_grants"]:
        async with signed_in(params) as graph:
            in_entra = await application_scope.grants(graph, params)
    async with exchange_session(params) as session:
        return await application_scope.settle(session, params, in_entra, check_mode)


def main() -> None:
    """Run the module."""
    module = exchange_module(
        application_scope.OPTIONS, missing=_graph.MISSING, mutually_exclusive=[("mailboxes", "group")],
        required_if=[("state", "present", ["roles"]), ("state", "present", ["mailboxes", "group"], True)],
    )
    with reporting(module):
        result = asyncio.run(run(module.params, module.check_mode))
        for warning in result.pop("warnings"):
            module.warn(warning)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
