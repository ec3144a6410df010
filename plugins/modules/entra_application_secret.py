#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_application_secret
short_description: Manage a client secret of an application in Microsoft Entra ID
description:
  - Makes a client secret when the one that is known is missing or has little time left, and returns its value, which
    exists nowhere else.
  - Never removes a secret that works. Removing the old one after a rotation is a task of its own, with O(state=absent).
  - "Secrets that it makes carry a display name that says so (C(mailops.modern_auth: NAME)), and those are the only ones
    that it removes."
  - If the answer with a new secret gets lost on the way, the secret is removed and another one is made.
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.application
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.attributes.entra_group
options:
  name:
    description: What the secret is for; part of its display name. Secrets of different names do not touch each other.
    type: str
    default: mail
  key_id:
    description:
      - The id of the secret whose value is in use, as your store remembers it.
      - With O(state=present) and more than O(renew_within) left of this secret, nothing changes.
      - With O(state=absent) it is the secret to remove.
    type: str
  known_key_ids:
    description:
      - The ids of all secrets whose value is in some store of yours, beside O(key_id). An empty list says that there
        are none.
      - Managed secrets of this O(name) that are neither here nor O(key_id) were left behind by a run that was killed
        before it stored the value. They are removed once a new secret has been made, unless O(remove_unknown=false).
      - Without this option nothing counts as left behind. If then O(key_id) is missing too although there are managed
        secrets of this name, the task fails, since every further run would add another one.
    type: list
    elements: str
  remove_unknown:
    description:
      - Whether managed secrets of this O(name) that are neither O(key_id) nor in O(known_key_ids) are removed.
      - V(false) leaves them alone, in case a server uses one although the store has lost it.
    type: bool
    default: true
  lifetime:
    description:
      - How long a new secret is valid, as a number and C(h), C(d) or C(w) for hours, days or weeks.
      - If the app management policy of the application, or the tenant's default one, allows less, the secret gets what
        is allowed, with a warning. If the policy forbids secrets, the task fails before anything is made.
    type: str
    default: 180d
  renew_within:
    description: Make a new secret when the known one has no more than this left. Written like O(lifetime).
    type: str
    default: 30d
  state:
    description:
      - V(present) makes a secret if one is due.
      - V(absent) removes the managed secret O(key_id).
    type: str
    choices: [present, absent]
    default: present
attributes:
  idempotent:
    support: partial
    details: Only if O(key_id) names the secret that an earlier run returned.
notes:
  - The task should say C(no_log=true), for what it returns holds the value.
  - What has expired is judged by the tenant's clock, not by that of the machine.
  - The caller needs the Microsoft Graph application permission C(Application.ReadWrite.OwnedBy) for applications that
    it owns, or C(Application.ReadWrite.All) for all.
  - With C(Policy.Read.All) and C(Application.Read.All) as well it can read the app management policy, which it does
    when a secret is to be made. Without, it goes on, and Microsoft Graph refuses what the policy does not allow.
seealso:
  - module: mailops.modern_auth.entra_application
  - module: mailops.modern_auth.entra_application_certificate
  - module: mailops.modern_auth.entra_federated_credential
  - module: mailops.modern_auth.entra_token_info
"""

EXAMPLES = r"""
- name: A secret, renewed when it has less than 30 days left
  mailops.modern_auth.entra_application_secret:
    app_id: "{{ contracts.application.app_id }}"
    key_id: "{{ store.key_id | default(omit) }}"
    known_key_ids: "{{ [store.key_id, store.previous_key_id] | select | list }}"
    lifetime: 180d
    renew_within: 30d
  register: renewed
  no_log: true

- name: Store it at once
  ansible.builtin.include_tasks: store.yml
  when: renewed.secret_text is defined

- name: Remove the previous one when nobody uses it any more
  mailops.modern_auth.entra_application_secret:
    app_id: "{{ contracts.application.app_id }}"
    key_id: "{{ store.previous_key_id }}"
    state: absent
"""

RETURN = r"""
secret:
  description: The secret in use from now on, with null values where check mode would make it; null if it is absent.
  returned: success
  type: dict
  contains:
    key_id:
      description: Its id, to be remembered beside the value.
      type: str
      returned: always
      sample: 0f4b8a3e-5f1c-4f57-8d4f-6f1f6d9f4f7b
    display_name:
      description: What the portal shows.
      type: str
      returned: always
      sample: "mailops.modern_auth: mail (9f3c01ab)"
    start_date_time:
      description: From when it is valid.
      type: str
      returned: always
      sample: "2026-01-01T00:00:00Z"
    end_date_time:
      description: Until when it is valid.
      type: str
      returned: always
      sample: "2026-06-30T00:00:00Z"
secret_text:
  description: The value. This is the only time that anyone can see it.
  returned: when a secret was made
  type: str
removed:
  description: Ids of the secrets that were removed, or would be.
  returned: success
  type: list
  elements: str
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import addressed, application_secret
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> Entity:
    """Bring the secret into its state."""
    async with signed_in(params) as graph:
        state = application_secret.absent if params["state"] == "absent" else application_secret.present
        return await state(graph, params, check_mode)


def main() -> None:
    """Run the module."""
    module = graph_module(
        application_secret.OPTIONS, **addressed.RULES, required_if=[("state", "absent", ["key_id"])]
    )
    with reporting(module):
        result = asyncio.run(run(module.params, module.check_mode))
        for warning in result.pop("warnings", []):
            module.warn(warning)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
