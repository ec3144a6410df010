#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_application_scope_info
short_description: Look up what an application may do in Exchange Online, and in which mailboxes
description:
  - Reads the roles that an application has in Exchange, and asks Exchange for each of some mailboxes which of them
    reach it (C(Test-ServicePrincipalAuthorization)).
  - What Entra grants, and application access policies, are not part of Exchange's answer. Nor are the hours that a
    change needs to act.
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.exchange
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.attributes.exchange_group
options:
  app_id:
    description: The application (client) id of the application.
    type: str
    required: true
  mailboxes:
    description: The mailboxes to ask for, by address, user principal name or id.
    type: list
    elements: str
    default: []
seealso:
  - module: mailops.modern_auth.exchange_application_scope
  - module: mailops.modern_auth.entra_admin_consent_info
"""

EXAMPLES = r"""
- name: What may the application do in these two?
  mailops.modern_auth.exchange_application_scope_info:
    app_id: "{{ contracts.application.app_id }}"
    mailboxes: [contracts@contoso.example, board@contoso.example]
  register: access

- name: It must not reach the board's mailbox
  ansible.builtin.assert:
    that: access.mailboxes[1].roles == []
"""

RETURN = r"""
service_principal:
  description: The application as Exchange knows it; null if it does not.
  returned: success
  type: dict
  contains:
    app_id:
      description: Application (client) id.
      type: str
      returned: always
    object_id:
      description: Object id of the enterprise application.
      type: str
      returned: always
    display_name:
      description: The name in Exchange.
      type: str
      returned: always
    sid:
      description: The security identifier by which mailbox permissions refer to it.
      type: str
      returned: always
assignments:
  description: The roles that the application has in Exchange.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The role.
      type: str
      returned: always
      sample: Application Mail.Send
    permissions:
      description: What it contains.
      type: list
      elements: str
      returned: always
      sample: [Mail.Send]
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
mailboxes:
  description: What of that reaches each mailbox.
  returned: success
  type: list
  elements: dict
  contains:
    mailbox:
      description: The mailbox as the task names it.
      type: str
      returned: always
    roles:
      description: The roles that reach it.
      type: list
      elements: str
      returned: always
      sample: [Application Mail.Send]
    permissions:
      description: What they contain.
      type: list
      elements: str
      returned: always
      sample: [Mail.Send]
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
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    application_access,
    application_roles,
    application_scopes,
    service_principals,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import distinct
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """Look the roles up."""
    names = distinct(params["mailboxes"])
    async with exchange_session(params) as session:
        pointer = await service_principals.known(session, params["app_id"])
        state = await application_access.read(session, params["app_id"], pointer)
        reached = await application_access.reached(session, pointer, names)
    return {
        "changed": False, "service_principal": pointer and pointer.shown(),
        "assignments": [
            {**one.shown(), "permissions": list(application_roles.permissions(one.role))} for one in state.assignments
        ],
        "mailboxes": [
            {
                "mailbox": name, "roles": roles,
                "permissions": sorted({one for role in roles for one in application_roles.permissions(role)}),
            }
            for name, roles in reached.items()
        ],
        "access_policies": application_scopes.shown_policies(state),
    }


def main() -> None:
    """Run the module."""
    module = exchange_module({
        "app_id": {"required": True}, "mailboxes": {"type": "list", "elements": "str", "default": []},
    })
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
