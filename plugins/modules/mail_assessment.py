#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_assessment
short_description: Show how products sign in to mail, and what Microsoft refuses of it
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Joins what M(mailops.modern_auth.mail_settings_info) has read on each host, registered as C(__mail_settings), with
    what the tenants know, says since when Microsoft refuses what, and in which wave each host goes.
  - Writes that as the page C(assessment.html) and as C(assessment.json), and prints it as a table.
  - Tells what the tenant itself refuses, by switches of mailboxes, security defaults or Conditional Access, and which
    credentials of applications end soon, or are signed in with by nobody.
  - What of a tenant cannot be read is told with the reason. Without any tenant the servers' side alone is shown.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The page is what is there to see.
  idempotent:
    support: partial
    details: An assessment of another moment is another one.
options:
  plan:
    description:
      - What M(mailops.modern_auth.mail_plan) returned. What would change on a host is told as far as
        M(mailops.modern_auth.mail_targets) has looked.
    type: dict
    required: true
  days:
    description: How far to look back in the log of sign-ins, 1 to 30.
    type: int
    default: 30
  folder:
    description:
      - The folder for the two files, on the machine that runs Ansible. It is made if it is missing. A relative path
        starts in the folder in which Ansible is run.
    type: str
    required: true
  template:
    description:
      - A Jinja2 template for C(assessment.html) in place of the collection's own. A relative path starts in the folder
        in which Ansible is run.
      - It may extend C(assessment.html.j2), and then needs only the blocks that differ. That file, in the collection's
        folder C(plugins/plugin_utils/templates), says what a template may use.
    type: str
notes:
  - It signs in as C(mail_entra) and C(mail_exchange) of the hosts say, once for each tenant. The caller needs the
    Microsoft Graph application permissions C(AuditLog.Read.All), C(Application.Read.All) and C(Policy.Read.All), and in
    Exchange a role that reads, for example that of Global Reader. Without one of them the part that needs it says so.
  - No secret is an argument or a result.
seealso:
  - module: mailops.modern_auth.mail_settings_info
  - module: mailops.modern_auth.entra_legacy_sign_ins_info
  - module: mailops.modern_auth.exchange_legacy_access_info
"""

EXAMPLES = r"""
- name: Read what the product is configured with
  mailops.modern_auth.mail_settings_info:
  register: __mail_settings

- name: Show it
  mailops.modern_auth.mail_assessment:
    plan: "{{ planned }}"
    folder: /var/lib/mailops/reports
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
msg:
  description: The lines of the table, and what could not be read.
  type: raw
  returned: always
"""
