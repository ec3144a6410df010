#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_report
short_description: Show what was set up, and how mail travelled
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Prints a table with a row for each host, or a block for each where the table would be wider than 100 columns.
    Columns without content are left out. Below stands why hosts failed, who has to sign in where, and which
    applications the stores hold that no host uses any more.
  - Writes the same into a file, with the Message-ID of each mail, or metrics for monitoring.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.once
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The table is what is there to see.
  idempotent:
    support: partial
    details: A file that tells of other mails than before is another file.
options:
  title:
    description: The title in the file.
    type: str
    default: Mail of business applications
  plan:
    description: What M(mailops.modern_auth.mail_plan) returned. The report has a row for each of its C(hosts).
    type: dict
    required: true
  identity:
    description: What M(mailops.modern_auth.mail_applications) returned.
    type: dict
    default: {}
  access:
    description: What M(mailops.modern_auth.mail_accesses) returned.
    type: dict
    default: {}
  targets:
    description:
      - What M(mailops.modern_auth.mail_targets) returned, by host. The default is what the role
        P(mailops.modern_auth.mail_provider#role) has registered.
    type: dict
  deliveries:
    description: What M(mailops.modern_auth.mail_deliveries) returned.
    type: dict
    default: {}
  path:
    description:
      - The file. Its name says what it shall be. C(.md), C(.json) and C(.html) are the table, for a change ticket;
        C(.prom) are metrics in Prometheus' text format, which tell when the mails of each host were proven and whether
        they were.
      - A relative path starts in the folder in which Ansible is run. Without this option none is written.
    type: str
seealso:
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Configure the product
  mailops.modern_auth.mail_targets:
    targets: "{{ mine.targets }}"
    applications: "{{ mine.applications }}"
    store: "{{ mine.store }}"
    restart_command: "{{ mine.restart_command }}"
  vars:
    mine: "{{ planned.hosts[inventory_hostname] }}"
  register: configured

- name: Report
  mailops.modern_auth.mail_report:
    plan: "{{ planned }}"
    identity: "{{ identity }}"
    targets: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'configured'))) }}"
    deliveries: "{{ proof }}"
    path: reports/mail.md
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
msg:
  description: The lines of the table.
  type: raw
  returned: success
"""
