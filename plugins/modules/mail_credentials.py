#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_credentials
short_description: Report when the credentials of many applications expire
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the credentials of all applications in Entra, tells which of them the stores hold, which hosts use them and
    what the rotation does next, and writes that as C(credentials.json), as C(credentials.html) and as a table.
  - It changes nothing in the tenant, in a store or on a server. What cannot be read is no report; the task fails.
  - M(mailops.modern_auth.mail_credentials_info) reads the same and writes nothing.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The table is what is there to see.
  idempotent:
    support: partial
    details: A report of another day is another file.
options:
  folder:
    description:
      - The folder for the files. It is made if it is missing. A relative path starts in the folder in which Ansible is
        run.
    type: str
    required: true
  plan:
    description:
      - What M(mailops.modern_auth.mail_plan) returned. With it the table names the applications as well that its
        C(stores) hold and no host uses.
    type: dict
    default: {}
  due_within:
    description: How long before its end a credential counts as due, as a number and C(h), C(d) or C(w).
    type: str
    default: 14d
  scope:
    description: V(inventory) reports O(applications), V(tenant) every application that the caller can read.
    type: str
    choices: [inventory, tenant]
    default: inventory
notes:
  - Run it once for all hosts, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
seealso:
  - module: mailops.modern_auth.mail_credentials_info
requirements:
  - python >= 3.11
  - msal >= 1.31
  - msal-extensions >= 1.2
  - msgraph-sdk >= 1.60
"""

EXAMPLES = r"""
- name: Report on the applications of the inventory
  mailops.modern_auth.mail_credentials:
    applications: "{{ planned.applications }}"
    folder: reports
  run_once: true
  delegate_to: localhost

- name: Report on everything that the caller can read
  mailops.modern_auth.mail_credentials:
    applications:
      - unique_name: contracts-mail-prod
        store: {kind: ansible_vault, path: credentials.yml}
    scope: tenant
    due_within: 6w
    folder: reports
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
msg:
  description: The lines of the table.
  type: raw
  returned: success
"""
