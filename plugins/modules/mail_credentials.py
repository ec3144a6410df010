#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_credentials
short_description: Report when the credentials of applications expire
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the client secrets and certificates of all applications and whether their service principals are enabled, ten
    applications in a request. Tells which of them the store holds, which hosts use them, and what the rotation does
    next.
  - Reads the keys of Google's service accounts on the controller, and tells their ids, and of P12 files how old they
    are and when they end. People replace them; nothing of a key but its id is in the report.
  - Writes that as C(credentials.json), as the page C(credentials.html), and as C(credentials.prom) in Prometheus' text
    format; and prints it as a table.
  - Nothing is reported if a store or a tenant cannot be read, since a report that leaves something out looks as if all
    was well.
  - M(mailops.modern_auth.mail_credentials_info) looks up the same in the tenant alone.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.attributes
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The table is what is there to see.
  idempotent:
    support: partial
    details: A report of another moment is another report.
options:
  plan:
    description:
      - What M(mailops.modern_auth.mail_plan) returned. The stores that it names are searched for applications that no
        host uses any more. Of its hosts the report tells who has to sign in for them, if
        M(mailops.modern_auth.mail_targets) has looked, and who has signed in for proofs with
        M(mailops.modern_auth.oauth_sign_in), each with the days since then.
    type: dict
    default: {}
  due_within:
    description: How long before its end a credential counts as due, as a number and V(h), V(d) or V(w).
    type: str
    default: 14d
  folder:
    description:
      - The folder for the three files, on the machine that runs Ansible. It is made if it is missing. A relative path
        starts in the folder in which Ansible is run.
    type: str
    required: true
  template:
    description:
      - A Jinja2 template for C(credentials.html) in place of the collection's own. A relative path starts in the folder
        in which Ansible is run.
      - It may extend C(credentials.html.j2), and then needs only the blocks that differ. That file, in the collection's
        folder C(plugins/plugin_utils/templates), says what a template may use.
    type: str
  scope:
    description:
      - With V(inventory) the applications in O(applications).
      - With V(tenant) every application that the caller can read, as well.
    type: str
    choices: [inventory, tenant]
    default: inventory
notes:
  - What is due or expired is judged by the tenant's clock, not by that of the machine, unless no tenant was asked.
  - The caller needs the Microsoft Graph application permission C(Application.Read.All), or
    C(Application.ReadWrite.OwnedBy) for applications that it owns.
  - No secret is an argument or a result.
seealso:
  - module: mailops.modern_auth.mail_credentials_info
requirements:
  - cryptography >= 42, for service accounts of Google's
"""

EXAMPLES = r"""
- name: Report
  mailops.modern_auth.mail_credentials:
    applications: "{{ planned.applications }}"
    folder: /var/lib/mailops/reports
    due_within: 21d
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
msg:
  description: The lines of the table, and why applications need attention.
  type: raw
  returned: always
"""
