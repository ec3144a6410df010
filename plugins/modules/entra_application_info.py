#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_application_info
short_description: Look up application registrations in Microsoft Entra ID
description:
  - Reads application registrations, with the permissions that they declare by name and their client secrets without
    values.
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
  unique_name:
    description: The application's unique name.
    type: str
  app_id:
    description: The application (client) id.
    type: str
  object_id:
    description: The object id of the registration.
    type: str
  display_name:
    description: The display name. Every application of that name is returned, for display names are not unique.
    type: str
notes:
  - The caller needs the Microsoft Graph application permission C(Application.Read.All).
seealso:
  - module: mailops.modern_auth.entra_application
"""

EXAMPLES = r"""
- name: Who is called that?
  mailops.modern_auth.entra_application_info:
    display_name: CMO mail
  register: found

- name: Show when their secrets expire
  ansible.builtin.debug:
    msg: "{{ item.app_id }}: {{ item.secrets | map(attribute='end_date_time') | join(', ') }}"
  loop: "{{ found.applications }}"
"""

RETURN = r"""
applications:
  description: The applications that were found; empty if there is none.
  returned: success
  type: list
  elements: dict
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
    display_name:
      description: The name that people see.
      type: str
      returned: always
    sign_in_audience:
      description: Whose accounts may sign in.
      type: str
      returned: always
    redirect_uris:
      description: Redirect URIs by platform (web, spa, public_client).
      type: dict
      returned: always
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
      description: The declared permissions by name, as M(mailops.modern_auth.entra_application) takes them.
      type: list
      elements: dict
      returned: always
      sample: [{resource: Microsoft Graph, application: [Mail.Send], delegated: []}]
    secrets:
      description: The client secrets, without values.
      type: list
      elements: dict
      returned: always
      contains:
        key_id:
          description: The secret's id.
          type: str
          returned: always
        display_name:
          description: What the portal shows.
          type: str
          returned: always
        start_date_time:
          description: From when it is valid.
          type: str
          returned: always
        end_date_time:
          description: Until when it is valid.
          type: str
          returned: always
        managed:
          description: Whether M(mailops.modern_auth.entra_application_secret) made it.
          type: bool
          returned: always
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import applications, managed
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.application_properties import PROPERTIES
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import Resource, access_by_name
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import shown

IDENTITIES = ("unique_name", "app_id", "object_id", "display_name")
OPTIONS: dict[str, dict[str, Any]] = {name: {} for name in IDENTITIES}


def result(entity: Mapping[str, Any], resources: Sequence[Resource]) -> Entity:
    """An application as the module returns it."""
    return {
        "object_id": entity["id"],
        "app_id": entity["appId"],
        "unique_name": entity.get("uniqueName"),
        **shown(PROPERTIES, entity),
        "permissions": access_by_name(entity.get("requiredResourceAccess") or [], resources),
        "secrets": [
            {**managed.shown(one), "managed": managed.is_managed(one)}
            for one in entity.get("passwordCredentials") or []
        ],
    }


async def run(params: Mapping[str, Any]) -> Entity:
    """Look the applications up."""
    async with signed_in(params) as graph:
        found = await applications.look_up(graph, applications.Identity(**{name: params[name] for name in IDENTITIES}))
        declared = [access for entity in found for access in entity.get("requiredResourceAccess") or []]
        resources = await applications.read_resources(graph, [access["resourceAppId"] for access in declared])
    return {"changed": False, "applications": [result(entity, resources) for entity in found]}


def main() -> None:
    """Run the module."""
    module = graph_module(OPTIONS, required_one_of=[IDENTITIES], mutually_exclusive=[IDENTITIES])
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
