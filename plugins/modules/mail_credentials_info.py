#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_credentials_info
short_description: Look up when the credentials of applications in Microsoft Entra ID expire
description:
  - Reads the client secrets and certificates of many applications, and tells of each how long it is still valid and
    whether this collection made it.
  - Twenty applications take one request. Values of secrets cannot be read, so none is returned.
  - Federated credentials are not looked at, for they never expire.
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
  app_ids:
    description:
      - The application (client) ids. One that no application has is not an error, but returned in RV(not_found).
      - Without this option every application that the caller can read.
    type: list
    elements: str
  due_within:
    description:
      - How long before its end a credential counts as due, as a number and C(h), C(d) or C(w) for hours, days or
        weeks.
    type: str
    default: 30d
notes:
  - What is due or expired is judged by the tenant's clock, not by that of the machine.
  - The caller needs the Microsoft Graph application permission C(Application.Read.All), or
    C(Application.ReadWrite.OwnedBy) for applications that it owns.
  - Microsoft Graph allows some 150 reads of certificates a minute in a tenant. With more applications than that the
    module waits as long as it is told to.
seealso:
  - module: mailops.modern_auth.entra_application_secret
"""

EXAMPLES = r"""
- name: Look at every application's credentials
  mailops.modern_auth.mail_credentials_info:
    due_within: 60d
  register: found

- name: Show those that people made by hand and that end soon
  ansible.builtin.debug:
    msg: "{{ item.0.display_name }}: {{ item.1.kind }} {{ item.1.key_id }} ends in {{ item.1.days_left }} days"
  loop: "{{ found.applications | subelements('credentials') }}"
  when: item.1.status != 'ok' and not item.1.managed
"""

RETURN = r"""
moment:
  description: The tenant's time, by which the credentials were judged; null if O(app_ids) is empty.
  returned: success
  type: str
  sample: "2026-11-22T05:00:00Z"
applications:
  description: The applications that were found, in the order of O(app_ids).
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
    credentials:
      description: Its client secrets and certificates, the one that ends first in front.
      type: list
      elements: dict
      returned: always
      contains:
        key_id:
          description: The credential's id.
          type: str
          returned: always
        kind:
          description: V(secret) or V(certificate).
          type: str
          returned: always
        display_name:
          description: What the portal shows.
          type: str
          returned: always
          sample: "mailops.modern_auth: prod (9f3c01ab)"
        managed:
          description: Whether this collection made it.
          type: bool
          returned: always
        name:
          description: The name under which this collection made it; null for one that somebody else made.
          type: str
          returned: always
          sample: prod
        start:
          description: From when it is valid.
          type: str
          returned: always
          sample: "2026-01-01T00:00:00Z"
        end:
          description: Until when it is valid.
          type: str
          returned: always
          sample: "2026-06-30T00:00:00Z"
        days_left:
          description: Whole days until then; negative once it has expired.
          type: int
          returned: always
        status:
          description: V(ok), V(due) or V(expired).
          type: str
          returned: always
not_found:
  description: The ids of O(app_ids) that no application has.
  returned: success
  type: list
  elements: str
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials, managed
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting

OPTIONS: dict[str, dict[str, Any]] = {
    "app_ids": {"type": "list", "elements": "str"},
    "due_within": {"default": "30d"},
}


async def run(params: Mapping[str, Any]) -> Entity:
    """Look the credentials up."""
    due_within = managed.duration("due_within", params["due_within"])
    async with signed_in(params) as graph:
        if params["app_ids"] is None:
            return credentials.told(await credentials.read_all(graph), due_within)
        return credentials.told(await credentials.read(graph, params["app_ids"]), due_within)


def main() -> None:
    """Run the module."""
    module = graph_module(OPTIONS)
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
