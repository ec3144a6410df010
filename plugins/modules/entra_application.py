#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_application
short_description: Manage an application registration in Microsoft Entra ID
description:
  - Creates, updates, restores and deletes application registrations, with permissions by name.
  - An option that is left out is left alone. Only what differs is written, in one request.
  - Declaring a permission grants nothing; M(mailops.modern_auth.entra_admin_consent) does that, and creates the service
    principal (enterprise application), without which the application cannot sign in.
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
  unique_name:
    description:
      - The application's unique name in the tenant, an identity that is set when it is created and never changes.
      - Creating needs it, since it lets Graph tell a new application from one that is there even if an answer got lost.
      - A soft-deleted application with this unique name is restored, its service principal included.
    type: str
  app_id:
    description: The application (client) id of an existing application.
    type: str
  object_id:
    description: The object id of an existing application registration.
    type: str
  display_name:
    description:
      - The name that people see. Display names are not unique, so it identifies an application only with O(adopt=true).
      - Required when the application is created.
    type: str
  adopt:
    description:
      - Take over the application whose display name is O(display_name), if no other identity finds one and exactly one
        has that name. Two of that name are an error that lists them.
      - An application that was adopted keeps having no unique name, for Graph sets it at creation only; it is found by
        its display name again, or better by its O(app_id).
    type: bool
    default: false
  sign_in_audience:
    description:
      - Whose accounts may sign in. An application that is created without it gets V(AzureADMyOrg).
    type: str
    choices: [AzureADMyOrg, AzureADMultipleOrgs, AzureADandPersonalMicrosoftAccount, PersonalMicrosoftAccount]
  redirect_uris:
    description: Redirect URIs by platform. Each list is set exactly; a platform that is left out is left alone.
    type: dict
    suboptions:
      web:
        description: Of web applications.
        type: list
        elements: str
      spa:
        description: Of single-page applications.
        type: list
        elements: str
      public_client:
        description: Of mobile and desktop applications.
        type: list
        elements: str
  permissions:
    description:
      - The permissions that the application declares to need (C(requiredResourceAccess)).
      - What is said of a resource is set exactly; resources that are not mentioned are left alone.
    type: list
    elements: dict
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
  public_client:
    description: Whether public client flows (device code, user name and password) are allowed.
    type: bool
  tags:
    description: Free words on the application. The list is set exactly.
    type: list
    elements: str
  notes:
    description: Free text for the administrators. An empty text removes it.
    type: str
  owners:
    description:
      - Object ids of users or service principals, or user principal names, that shall own the application.
      - Owners are added, never removed. An application that creates another owns it from the start.
    type: list
    elements: str
  state:
    description:
      - V(present) creates, restores or updates the application.
      - V(absent) moves it to the deleted items, where Entra keeps it for 30 days.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The caller needs the Microsoft Graph application permission C(Application.ReadWrite.OwnedBy) for applications that
    it owns, which are those it created, or C(Application.ReadWrite.All) for all.
  - Reading the permissions that a resource offers needs C(Application.Read.All).
  - O(owners) needs C(Application.Read.All) to read, C(Directory.Read.All) to add, and C(User.ReadBasic.All) for user
    principal names.
seealso:
  - module: mailops.modern_auth.entra_application_info
  - module: mailops.modern_auth.entra_admin_consent
  - module: mailops.modern_auth.entra_application_secret
"""

EXAMPLES = r"""
- name: An application that sends mail
  mailops.modern_auth.entra_application:
    unique_name: contracts-mail-test
    display_name: Contracts mail (test)
    permissions:
      - resource: Microsoft Graph
        application: [Mail.Send]
  register: contracts

- name: Take over an application that somebody made by hand
  mailops.modern_auth.entra_application:
    display_name: CMO mail
    adopt: true
    permissions:
      - resource: Office 365 Exchange Online
        application: [IMAP.AccessAsApp, POP.AccessAsApp]

- name: Let two people look after it
  mailops.modern_auth.entra_application:
    app_id: "{{ contracts.application.app_id }}"
    owners: [admin@contoso.example, ops@contoso.example]
    notes: Managed by Ansible

- name: Delete it (it can be restored for 30 days)
  mailops.modern_auth.entra_application:
    unique_name: contracts-mail-test
    state: absent
"""

RETURN = r"""
application:
  description:
    - The application as it is now, or as it would be in check mode, where the ids of one not yet created are null.
    - Null if it is absent.
  returned: success
  type: dict
  contains:
    object_id:
      description: Object id of the registration; not that of the service principal.
      type: str
      returned: always
      sample: 1a3a1f77-43a1-4f0c-9d2c-2f0c3a3b4d11
    app_id:
      description: Application (client) id.
      type: str
      returned: always
      sample: 5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f
    unique_name:
      description: The unique name, if it has one.
      type: str
      returned: always
      sample: contracts-mail-test
    display_name:
      description: The name that people see.
      type: str
      returned: always
      sample: Contracts mail (test)
    sign_in_audience:
      description: Whose accounts may sign in.
      type: str
      returned: always
      sample: AzureADMyOrg
    redirect_uris:
      description: Redirect URIs by platform (web, spa, public_client).
      type: dict
      returned: always
      sample: {web: [], spa: [], public_client: []}
    public_client:
      description: Whether public client flows are allowed.
      type: bool
      returned: always
    tags:
      description: Free words.
      type: list
      elements: str
      returned: always
    notes:
      description: Free text.
      type: str
      returned: always
    permissions:
      description:
        - The declared permissions in the shape of the option.
        - Those of resources that the task does not mention are shown by id.
      type: list
      elements: dict
      returned: always
      sample: [{resource: Microsoft Graph, application: [Mail.Send], delegated: []}]
    owners:
      description: Object ids of the owners.
      type: list
      elements: str
      returned: when O(owners) is given
restored:
  description: Whether a soft-deleted application was restored, or would be.
  returned: when state is present
  type: bool
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import application
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> Entity:
    """Bring the application into its state."""
    async with signed_in(params) as graph:
        if params["state"] == "absent":
            return await application.absent(graph, params, check_mode)
        return (await application.present(graph, params, check_mode)).result


def main() -> None:
    """Run the module."""
    module = graph_module(
        application.OPTIONS, required_one_of=[("unique_name", "app_id", "object_id", "display_name")]
    )
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
