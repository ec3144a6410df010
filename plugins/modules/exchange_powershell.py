#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_powershell
short_description: Run Exchange Online cmdlets
description:
  - Runs a cmdlet of Exchange, or a short list of them over one connection, for what has no module of its own.
  - Parameters are data, never code. A quote, a C($) or a line break in a value is that character and nothing else.
  - The list ends at the first cmdlet that Exchange refuses; the failure tells what ran before.
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.exchange
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.exchange_group
attributes:
  check_mode:
    support: partial
    details: Cmdlets that begin with C(Get-) or C(Test-) run; the others are listed in RV(would_run).
  diff_mode:
    support: none
    details: What a cmdlet changes is not known.
  idempotent:
    support: none
    details: Every run runs the cmdlets.
options:
  cmdlet:
    description: The cmdlet, C(Verb-Noun).
    type: str
  parameters:
    description:
      - Its parameters by name, without the dash. A switch is V(true), a hashtable such as one with C(Add) and C(Remove)
        is a dictionary.
      - PowerShell's common parameters such as C(ErrorAction) are refused.
      - With O(transport=winrm) and O(transport=pwsh), a cmdlet that asks for confirmation needs C(Confirm) V(false).
    type: dict
    default: {}
  secret_parameters:
    description: Further parameters whose values are never shown.
    type: dict
    default: {}
  commands:
    description: Several cmdlets, run one after the other.
    type: list
    elements: dict
    suboptions:
      cmdlet:
        description: As O(cmdlet).
        type: str
        required: true
      parameters:
        description: As O(parameters).
        type: dict
        default: {}
      secret_parameters:
        description: As O(secret_parameters).
        type: dict
        default: {}
notes:
  - A task counts as changed if a cmdlet ran that does not begin with C(Get-) or C(Test-). Exchange warns when such a
    cmdlet had nothing to change, which C(changed_when) can look for in RV(results).
seealso:
  - name: Exchange PowerShell reference
    description: All cmdlets with their parameters.
    link: https://learn.microsoft.com/powershell/module/exchange/
"""

EXAMPLES = r"""
- name: Which mailboxes are shared?
  mailops.modern_auth.exchange_powershell:
    cmdlet: Get-Mailbox
    parameters:
      RecipientTypeDetails: SharedMailbox
      ResultSize: Unlimited
  register: shared

- name: Keep a copy of what is sent as the mailbox
  mailops.modern_auth.exchange_powershell:
    cmdlet: Set-Mailbox
    parameters:
      Identity: contracts@contoso.example
      MessageCopyForSentAsEnabled: true
      Confirm: false
  register: copies
  changed_when: copies.results[0].warnings | select('search', 'no settings of') | length == 0

- name: A group for a scope, with its members
  mailops.modern_auth.exchange_powershell:
    commands:
      - cmdlet: New-DistributionGroup
        parameters: {Name: Contracts senders, Type: Security}
      - cmdlet: Add-DistributionGroupMember
        parameters: {Identity: Contracts senders, Member: contracts@contoso.example}
"""

RETURN = r"""
results:
  description: What each cmdlet gave, in order. A failure has those that ran before it.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The cmdlet.
      type: str
      returned: always
      sample: Get-Mailbox
    ran:
      description: Whether it ran; false only in check mode.
      type: bool
      returned: always
    rows:
      description: The objects that it put out, as dictionaries. Dates are ISO 8601 text.
      type: list
      elements: dict
      returned: always
    warnings:
      description: What it said beside them.
      type: list
      elements: str
      returned: always
rows:
  description: The objects of the last cmdlet.
  returned: success
  type: list
  elements: dict
would_run:
  description: The cmdlets that were left out in check mode.
  returned: success
  type: list
  elements: str
  sample: [Set-Mailbox]
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import commands
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange_module import exchange_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting

PARAMETERS: dict[str, dict[str, Any]] = {
    "parameters": {"type": "dict", "default": {}},
    "secret_parameters": {"type": "dict", "default": {}, "no_log": True},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "cmdlet": {},
    **PARAMETERS,
    "commands": {"type": "list", "elements": "dict", "options": {"cmdlet": {"required": True}, **PARAMETERS}},
}


async def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the cmdlets."""
    if params["commands"] and (params["parameters"] or params["secret_parameters"]):
        raise InputError(
            "parameters and secret_parameters belong to cmdlet; each of commands has its own.",
            remedy="Put them into the list.",
        )
    given = params["commands"] or [params]
    calls = [commands.call(one["cmdlet"], one["parameters"], one["secret_parameters"]) for one in given]
    async with exchange_session(params) as session:
        results = await commands.run(session, calls, only_read=check_mode)
    return {
        "changed": commands.changes(calls), "results": results, "rows": results[-1]["rows"],
        "would_run": [one["cmdlet"] for one in results if not one["ran"]],
    }


def main() -> None:
    """Run the module."""
    module = exchange_module(
        OPTIONS, required_one_of=[("cmdlet", "commands")], mutually_exclusive=[("cmdlet", "commands")]
    )
    with reporting(module):
        module.exit_json(**asyncio.run(run(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
