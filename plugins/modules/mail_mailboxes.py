#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_mailboxes
short_description: Find out whether the mailboxes of many hosts are there
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Looks up in Entra the mailboxes that hosts name, all at once, before anything is touched.
  - A host fails if its sender, or the mailbox in which its proof is looked for, is a user without a mailbox, or if
    nobody has the mailbox that its application must not reach, whose refusal would prove nothing then.
  - An address that no user has is no failure otherwise. Shared mailboxes and aliases may be found by Exchange alone.
  - If the caller may not read users, that fails only hosts with a mailbox that must not be reached, or whose object
    id is needed.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
options:
  hosts:
    description:
      - By host, the mailboxes that it names, as in RV(mailops.modern_auth.mail_plan#module:hosts). C(mailboxes) are
        those that it uses, C(users) those whose object ids it needs, C(foreign) the one that its application must not
        reach, and C(reader) the one in which its proof is looked for. What else is said there is not looked at.
    type: dict
    required: true
  applications:
    description:
      - The applications of those hosts, of which C(unique_name), C(hosts) and C(entra) are used, see
        O(mailops.modern_auth.mail_applications#module:applications). Hosts that no application names are not looked at.
    type: list
    elements: dict
    required: true
notes:
  - The caller needs the permission C(User.ReadBasic.All), and C(User.Read.All) to know aliases.
seealso:
  - module: mailops.modern_auth.entra_user_info
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Look up the mailboxes of the inventory
  mailops.modern_auth.mail_mailboxes:
    hosts: "{{ planned.hosts }}"
    applications: "{{ planned.applications }}"
  run_once: true
  delegate_to: localhost
  register: mailboxes

- name: Look up those of one host
  mailops.modern_auth.mail_mailboxes:
    hosts:
      app-1:
        mailboxes: [contracts@contoso.example]
        foreign: director@contoso.example
    applications:
      - unique_name: contracts-mail-prod
        hosts: [app-1]
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
hosts:
  description: By host, C(failed) and C(msg).
  type: dict
  returned: unless the options make no sense
  sample:
    app-1: {changed: false, failed: false, msg: The mailboxes are there.}
"""
