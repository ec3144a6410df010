#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_legacy_access_info
short_description: Tell which mailboxes of Exchange Online still take passwords by SMTP, and whether EWS is on
description:
  - Reads the switches of the organisation and of all mailboxes, and the authentication policies, and works out from
    which mailboxes somebody could still send with a password.
  - Who really does so tells M(mailops.modern_auth.entra_legacy_sign_ins_info).
  - IMAP and POP take no passwords any more, whatever is set. The tenant's security defaults, and Conditional Access,
    may refuse passwords beside that; Exchange does not know of them.
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.exchange
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.attributes.exchange_group
seealso:
  - module: mailops.modern_auth.exchange_client_access
  - module: mailops.modern_auth.entra_legacy_sign_ins_info
"""

EXAMPLES = r"""
- name: From which mailboxes can a password still send?
  mailops.modern_auth.exchange_legacy_access_info:
  register: legacy

- name: Show them
  ansible.builtin.debug:
    msg: "{{ legacy.mailboxes | map(attribute='mailbox') | list }} of {{ legacy.number_of_mailboxes }}"
"""

RETURN = r"""
organization:
  description: What the organisation says.
  returned: success
  type: dict
  contains:
    smtp_auth:
      description: V(enabled) or V(disabled) for mailboxes that say nothing themselves.
      type: str
      returned: always
    default_authentication_policy:
      description: The policy of everybody who has none of their own; or null.
      type: str
      returned: always
    authentication_policies:
      description: The policies, and what each allows with a password.
      type: list
      elements: dict
      returned: always
      sample: [{"name": "Old printers", "allowed": ["Smtp"]}]
    ews:
      description:
        - Whether Exchange Web Services are V(enabled) or V(disabled) for the organisation. V(unset) follows Microsoft,
          which switches it off.
      type: str
      returned: always
    ews_allowed_app_ids:
      description: The applications that may use EWS, by client id; null if Exchange does not tell of a list.
      type: list
      elements: str
      returned: always
mailboxes:
  description: The mailboxes from which a password can send, by their addresses.
  returned: success
  type: list
  elements: dict
  contains:
    mailbox:
      description: The primary address.
      type: str
      returned: always
    type:
      description: What kind of mailbox it is.
      type: str
      returned: always
      sample: SharedMailbox
    smtp_auth:
      description: V(enabled) if it says so itself, V(inherit) if the organisation does.
      type: str
      returned: always
    authentication_policy:
      description: The policy that lets it; or null, without any.
      type: str
      returned: always
number_of_mailboxes:
  description: How many mailboxes were looked at.
  returned: success
  type: int
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import legacy_access
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting


async def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the switches."""
    async with exchange_session(params) as session:
        return {"changed": False, **legacy_access.told(await legacy_access.read(session))}


def main() -> None:
    """Run the module."""
    module = exchange_module({})
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
