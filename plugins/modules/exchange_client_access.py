#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_client_access
short_description: Manage SMTP AUTH, IMAP and POP of Exchange Online mailboxes
description:
  - Switches the protocols by which clients may use a mailbox, and reports what the organisation says of SMTP AUTH.
  - SMTP AUTH that is off refuses OAuth as well as passwords, with C(535 5.7.139). It is off in organisations made since
    January 2020, so an application that sends by SMTP needs it enabled on its mailbox.
  - The organisation's setting is never changed unless O(organization_smtp_auth) asks for it.
  - An option that is left out is left alone; without any of them the module only reports.
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
    default: []
  smtp_auth:
    description: Whether clients may send by SMTP AUTH. V(inherit) follows the organisation.
    type: str
    choices: [enabled, disabled, inherit]
  imap:
    description: Whether IMAP is on.
    type: bool
  pop:
    description: Whether POP is on.
    type: bool
  organization_smtp_auth:
    description:
      - What holds for every mailbox of the organisation that has no setting of its own.
      - Enabling SMTP AUTH for a single mailbox is the safer way.
    type: str
    choices: [enabled, disabled]
notes:
  - A change may need some minutes to act.
seealso:
  - module: mailops.modern_auth.exchange_mailbox_permission
  - name: Enable or disable SMTP AUTH
    description: Microsoft's page on authenticated client SMTP submission.
    link: https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
"""

EXAMPLES = r"""
- name: Let the application of the contracts mailbox send by SMTP and read by IMAP
  mailops.modern_auth.exchange_client_access:
    mailboxes: [contracts@contoso.example]
    smtp_auth: enabled
    imap: true
    pop: false

- name: What holds in this organisation?
  mailops.modern_auth.exchange_client_access:
  register: access
"""

RETURN = r"""
mailboxes:
  description: The settings of each mailbox as they are now, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    mailbox:
      description: The mailbox as the task names it.
      type: str
      returned: always
      sample: contracts@contoso.example
    smtp_auth:
      description: Its own setting, V(enabled), V(disabled) or V(inherit).
      type: str
      returned: always
      sample: inherit
    smtp_auth_effective:
      description: What comes of it, V(enabled) or V(disabled).
      type: str
      returned: always
      sample: disabled
    imap:
      description: Whether IMAP is on.
      type: bool
      returned: always
    pop:
      description: Whether POP is on.
      type: bool
      returned: always
organization:
  description: The organisation's own settings.
  returned: success
  type: dict
  contains:
    smtp_auth:
      description: What holds for mailboxes without a setting of their own, V(enabled) or V(disabled).
      type: str
      returned: always
      sample: disabled
    default_authentication_policy:
      description: The authentication policy of everybody who has none of their own; null without one.
      type: str
      returned: always
      sample: Block Basic Authentication
    authentication_policies:
      description: The authentication policies. They concern basic authentication only, never OAuth.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Its name.
          type: str
          returned: always
        allowed:
          description: For which services it lets people in with a password.
          type: list
          elements: str
          returned: always
          sample: [Imap, Smtp]
"""

import asyncio
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import client_access
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find out what has to change, and change it."""
    async with exchange_session(params) as session:
        return await client_access.settle(session, params, check_mode)


def main() -> None:
    """Run the module."""
    module = exchange_module(client_access.OPTIONS)
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
