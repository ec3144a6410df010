#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_legacy_sign_ins_info
short_description: Tell who still signs in to mail with a password, by the log of Microsoft Entra ID
description:
  - Reads Entra's log of sign-ins for legacy authentication by SMTP, IMAP, POP and Exchange Web Services, and says for
    each client whose account it uses, from which address, how often and when last.
  - Those are what has to be moved to OAuth before Microsoft switches passwords off. Attempts that fail count too, since
    a device that fails every minute is still a client.
  - The log tells that Entra took a password. Exchange may have refused the client all the same.
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
  protocols:
    description:
      - What to look for. V(other) is everything else that Microsoft calls legacy authentication.
      - Graph takes one name of a client a request, and five requests in ten seconds, so that each of them takes some
        seconds.
    type: list
    elements: str
    choices: [smtp, imap, pop3, ews, other]
    default: [smtp, imap, pop3, ews]
  days:
    description:
      - How far to look back, in days. Entra keeps 30; what a client does once a quarter is not among them.
    type: int
    default: 30
notes:
  - The caller needs the Microsoft Graph application permission C(AuditLog.Read.All). Some tenants want
    C(Directory.Read.All) beside it.
  - The tenant needs Entra ID P1 or P2. Without it the log cannot be read, which RV(readable) tells. It does not mean
    that there are no such clients.
  - An entry may take a day to get into the log. It is read through C(/beta) of Microsoft Graph, since version 1.0 shows
    interactive sign-ins only.
"""

EXAMPLES = r"""
- name: Look who still sends and reads mail with a password
  mailops.modern_auth.entra_legacy_sign_ins_info:
    days: 7
  register: legacy

- name: Show them
  ansible.builtin.debug:
    msg: >-
      {{ item.user_principal_name }} by {{ item.protocol }} from {{ item.ip_address }}, {{ item.succeeded }} times, last
      {{ item.last }}
  loop: "{{ legacy.clients }}"
  loop_control:
    label: "{{ item.user_principal_name }}"
"""

RETURN = r"""
readable:
  description: Whether the tenant's log can be read. If not, nothing is known of clients.
  returned: success
  type: bool
reason:
  description: Why not.
  returned: when it cannot be read
  type: str
since:
  description: The beginning of the time that was looked at, in UTC.
  returned: success
  type: str
  sample: "2026-11-01T00:00:00Z"
until:
  description: Its end.
  returned: success
  type: str
clients:
  description: The clients, the most frequent first.
  returned: success
  type: list
  elements: dict
  contains:
    protocol:
      description: One of O(protocols).
      type: str
      returned: always
    client_app:
      description: What Entra calls it.
      type: str
      returned: always
      sample: Authenticated SMTP
    user_principal_name:
      description: Whose password it uses.
      type: str
      returned: always
    application:
      description: Which application it signed in to, as Entra calls it.
      type: str
      returned: always
    ip_address:
      description: Where it signed in from.
      type: str
      returned: always
    succeeded:
      description: How often Entra took the password.
      type: int
      returned: always
    failed:
      description: How often it did not.
      type: int
      returned: always
    errors:
      description: Why not, how often by the number after AADSTS.
      type: dict
      returned: always
      sample: {"50126": 3}
    first:
      description: The first time, in UTC.
      type: str
      returned: always
    last:
      description: The last time, in UTC.
      type: str
      returned: always
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import legacy_sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting

PROTOCOLS = list(legacy_sign_ins.CLIENT_APPS)
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "protocols": {
        "type": "list", "elements": "str", "choices": PROTOCOLS,
        "default": [one for one in PROTOCOLS if one != "other"],
    },
    "days": {"type": "int", "default": legacy_sign_ins.LONGEST},
}


async def run(params: Mapping[str, Any]) -> Entity:
    """Read the log.

    :raises InputError: for days that it does not have.
    """
    if not 1 <= params["days"] <= legacy_sign_ins.LONGEST:
        raise InputError(f"days: {params['days']} is not between 1 and {legacy_sign_ins.LONGEST}.")
    async with signed_in(params, legacy_sign_ins.VERSION) as graph:
        log = await legacy_sign_ins.read(graph, dict.fromkeys(params["protocols"]), params["days"])
    return {
        "changed": False, "readable": log.unreadable is None, "clients": list(log.clients),
        "since": log.since, "until": log.until,
        **({"reason": log.unreadable} if log.unreadable else {}),
    }


def main() -> None:
    """Run the module."""
    module = graph_module(ARGUMENT_SPEC)
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params)))


if __name__ == "__main__":
    main()
