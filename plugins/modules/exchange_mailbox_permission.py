#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_mailbox_permission
short_description: Manage who may open Exchange Online mailboxes and send as them
description:
  - Gives an application or a user the rights FullAccess and SendAs on any number of mailboxes, or takes them away.
  - FullAccess does not include SendAs. An application that reads by IMAP or POP, or sends by SMTP, in the model of
    permissions granted in Entra needs FullAccess.
  - FullAccess is given without automapping, so that nobody's Outlook opens the mailbox unasked. Whether one that is
    there already has automapping cannot be read, and is left alone.
  - Every mailbox is looked up before anything is changed. A mailbox takes at most two cmdlets, over one connection;
    O(transport=rest) sends them in batches of ten. Up to five mailboxes for which O(rights) names both are the
    exception, since it is quicker to ask for each right of each.
  - With more mailboxes and both rights, SendAs is read from one list of the organisation, and FullAccess, of which
    there is no list, only where SendAs is as wanted. Elsewhere both are written without being read, and what was there
    already is known from Exchange's answer. In check mode everything is read.
  - Rights that are inherited, and rights of others, are left alone.
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
  mailboxes:
    description: The mailboxes, by address, user principal name or id. Each counts once.
    type: list
    elements: str
    required: true
  rights:
    description: The rights to give, or with O(state=absent) to take away. Others are left alone.
    type: list
    elements: str
    choices: [full_access, send_as]
    required: true
  app_id:
    description:
      - The application (client) id of the application that has the rights. Exchange has to know it by
        M(mailops.modern_auth.exchange_service_principal).
    type: str
  object_id:
    description:
      - The object id of its enterprise application, in place of O(app_id), or beside it to make sure that Exchange
        knows the application by this one.
    type: str
  user:
    description: The user who has the rights, by user principal name or address.
    type: str
  state:
    description: Whether the rights shall be there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - A change may need up to an hour to act.
  - In check mode an application that Exchange does not know yet is predicted as one without rights.
seealso:
  - module: mailops.modern_auth.exchange_service_principal
  - module: mailops.modern_auth.exchange_client_access
"""

EXAMPLES = r"""
- name: Let an application read by IMAP and send by SMTP
  mailops.modern_auth.exchange_mailbox_permission:
    app_id: "{{ contracts.application.app_id }}"
    mailboxes: [contracts@contoso.example, invoices@contoso.example]
    rights: [full_access, send_as]

- name: Let a person send as a shared mailbox
  mailops.modern_auth.exchange_mailbox_permission:
    user: ada@contoso.example
    mailboxes: [support@contoso.example]
    rights: [send_as]

- name: Take everything away again
  mailops.modern_auth.exchange_mailbox_permission:
    app_id: "{{ contracts.application.app_id }}"
    mailboxes: [contracts@contoso.example, invoices@contoso.example]
    rights: [full_access, send_as]
    state: absent
"""

RETURN = r"""
principal:
  description: Who has the rights; null if it does not exist.
  returned: success
  type: dict
  contains:
    name:
      description: Display name of the application, or user principal name of the user.
      type: str
      returned: always
      sample: Contracts mail (test)
    sid:
      description: The security identifier by which Exchange's entries name it.
      type: str
      returned: always
      sample: S-1-5-21-1004336348-1177238915-682003330-512
permissions:
  description: The rights that the task names, by mailbox, as they are now or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{mailbox: contracts@contoso.example, full_access: true, send_as: true}]
  contains:
    mailbox:
      description: The mailbox as the task names it.
      type: str
      returned: always
    full_access:
      description: Whether there is FullAccess.
      type: bool
      returned: when O(rights) names it
    send_as:
      description: Whether there is SendAs.
      type: bool
      returned: when O(rights) names it
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import mailbox_permission
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find out what has to change, and change it."""
    async with exchange_session(params) as session:
        return await mailbox_permission.settle(session, params, check_mode)


def main() -> None:
    """Run the module."""
    module = exchange_module(
        mailbox_permission.OPTIONS,
        required_one_of=[("app_id", "object_id", "user")],
        mutually_exclusive=[("app_id", "user"), ("object_id", "user")],
    )
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
