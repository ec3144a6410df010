#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_user_info
short_description: Look up users in Microsoft Entra ID by address
description:
  - Says which addresses belong to users, and which of these users have a mailbox.
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
  addresses:
    description:
      - User principal names or mail addresses.
      - An address that is only an alias of a mailbox is found if the caller may read more than basic profiles.
      - If an address is the primary address of one user's mailbox and the user principal name of another user, the one
        with the mailbox is meant. It is an error if several users have the mail address, or if it is an alias of one
        and the principal name of another.
    type: list
    elements: str
    required: true
notes:
  - The caller needs the Microsoft Graph application permission C(User.ReadBasic.All), and C(User.Read.All) to know
    aliases.
"""

EXAMPLES = r"""
- name: Look up the mailboxes that the product sends from
  mailops.modern_auth.entra_user_info:
    addresses: [contracts@contoso.example]
  register: senders

- name: Check that they can send
  ansible.builtin.assert:
    that: item.has_mailbox
  loop: "{{ senders.users }}"
"""

RETURN = r"""
users:
  description: One entry for each address, in the order of O(addresses).
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address that was asked for.
      type: str
      returned: always
    found:
      description: Whether it is the user principal name or a mail address of a user.
      type: bool
      returned: always
    has_mailbox:
      description: Whether the user has a mail address. Exchange Online gives one to everyone who has a mailbox.
      type: bool
      returned: always
    object_id:
      description: The user's object id.
      type: str
      returned: when the user was found
    user_principal_name:
      description: The name with which the user signs in.
      type: str
      returned: when the user was found
    mail:
      description: The primary mail address.
      type: str
      returned: when the user was found
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import users
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


def result(address: str, user: users.Found) -> Entity:
    """A user as the module returns it.

    :raises InputError: if it cannot be told whose the address is.
    """
    if isinstance(user, InputError):
        raise user
    if user is None:
        return {"address": address, "found": False, "has_mailbox": False}
    return {
        "address": address, "found": True, "has_mailbox": user.get("mail") is not None, "object_id": user["id"],
        "user_principal_name": user["userPrincipalName"], "mail": user.get("mail"),
    }


async def run(params: Mapping[str, Any]) -> Entity:
    """Look the users up."""
    async with signed_in(params) as graph:
        found = await users.look_up(graph, params["addresses"])
    return {"changed": False, "users": [result(address, found[address]) for address in params["addresses"]]}


def main() -> None:
    """Run the module."""
    module = graph_module({"addresses": {"type": "list", "elements": "str", "required": True}})
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
