#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_rehearsal
short_description: Set the scene in which the main job is done without touching anything real
version_added: 0.4.0
author:
  - mailops contributors (@mailops)
description:
  - Starts a sandbox of Microsoft 365 on the machine that runs Ansible, gives it the tenant's id, and the mailboxes,
    users and applications that a plan names, and starts a stand-in of each product that is configured by its API.
  - Returns the plan with the sandbox in place of the tenant, and with an C(overlay) for each host, so that the steps
    which come after it look at the servers' files and write nothing there. What the products shall be configured with
    is not changed, so that the differences are those of the real run.
  - No credential of the tenant is used. Everything is in one folder among Ansible's own temporary ones, which nobody
    else may read; the sandbox ends with Ansible, however that ends.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
options:
  plan:
    description: What M(mailops.modern_auth.mail_plan) returned, or for O(state=absent) what this module returned.
    type: dict
    required: true
  seed:
    description:
      - A file in YAML or JSON with what the tenant has besides, or has otherwise, as C(m365-sandbox seed --file) takes
        it; for example a user without a licence.
    type: path
  state:
    description: Whether the scene is set or struck.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Run it once, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
  - The package m365-sandbox has to be installed for the Python that runs Ansible, and Dovecot on that machine.
seealso:
  - module: mailops.modern_auth.mail_plan
"""

EXAMPLES = r"""
- name: Plan, without asking for a secret
  mailops.modern_auth.mail_plan:
    secrets: false
  run_once: true
  delegate_to: localhost
  register: planned

- name: Set the scene
  mailops.modern_auth.mail_rehearsal:
    plan: "{{ planned }}"
  run_once: true
  delegate_to: localhost
  register: rehearsed

- name: Strike it
  mailops.modern_auth.mail_rehearsal:
    plan: "{{ rehearsed }}"
    state: absent
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
folder:
  description: Where everything of the rehearsal is.
  type: str
  returned: if the scene was set
  sample: /home/operator/.ansible/tmp/ansible-local-4711/rehearsal-x1
hosts:
  description: As M(mailops.modern_auth.mail_plan) returns it, of the rehearsal. Its other values are returned, too.
  type: dict
  returned: if O(state=present)
"""
