#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_rotations
short_description: Take one step of the rotation of many client secrets
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - The rotation of client secrets in steps, each for all applications at once. Between them the servers get the secret
    that a step names, and are proven with it.
  - The role P(mailops.modern_auth.mail_rotation#role) and the playbook C(mailops.modern_auth.rotate_secrets) take the
    steps in their order. Look there before you take them yourself.
  - Any step may be the last one of a run. How far an application is stands in its store, where the next run goes on.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The report tells what is, or would be, done.
  idempotent:
    support: full
options:
  step:
    description:
      - V(decide) reads the stores and Entra, decides what each application needs, and makes a secret where one is due,
        which is kept in the store before anything else happens.
      - V(choose) names the hosts of the play's batch that get a secret, and which one.
      - V(record) keeps in the store which of O(chosen) are proven.
      - V(end) names the hosts that get a secret back, since another host could not be proven.
      - V(conclude) makes a secret current that every host was proven with, removes what no host has any more, and
        keeps how it ended.
      - V(report) tells what was done.
    type: str
    choices: [decide, choose, record, end, conclude, report]
    required: true
  plan:
    description: What M(mailops.modern_auth.mail_plan) returned, of which C(hosts) and C(stores) are used.
    type: dict
    default: {}
  rotation:
    description: What the step before returned.
    type: dict
    default: {}
  chosen:
    description: With O(step=record), the hosts that O(step=choose) named.
    type: list
    elements: str
    default: []
  overlap:
    description: How long a secret is kept at least after another one became current.
    type: str
    default: 7d
  lock:
    description: How long an application is left to a run that gives no sign of life.
    type: str
    default: 1h
  force:
    description: Renew secrets that are not due.
    type: bool
    default: false
notes:
  - Run it once for all hosts, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
seealso:
  - module: mailops.modern_auth.entra_application_secret
requirements:
  - python >= 3.11
  - msal >= 1.31
  - msal-extensions >= 1.2
  - msgraph-sdk >= 1.60
"""

EXAMPLES = r"""
- name: Decide what each application needs, and begin what is due
  mailops.modern_auth.mail_rotations:
    step: decide
    applications: "{{ planned.applications }}"
    plan: "{{ planned }}"
    overlap: 14d
  run_once: true
  delegate_to: localhost
  register: rotation

- name: Show which hosts are to get a new secret
  ansible.builtin.debug:
    var: rotation.due
  run_once: true
"""

RETURN = r"""
applications:
  description: By its name, how far each application is, without secrets; for the option O(rotation) of the next step.
  type: dict
  returned: with the steps V(decide), V(end) and V(conclude)
hosts:
  description: By host, C(failed) and C(msg), where there is something to say.
  type: dict
  returned: with all steps but V(choose) and V(report)
locked:
  description: The hosts of the applications that this run works on.
  type: list
  elements: str
  returned: with the steps V(decide), V(end) and V(conclude)
due:
  description: The hosts that are to get a secret.
  type: list
  elements: str
  returned: with the steps V(decide), V(end) and V(conclude)
again:
  description: The hosts of applications that had to be rid of an old secret first, and are to be decided on again.
  type: list
  elements: str
  returned: with the steps V(decide), V(end) and V(conclude)
chosen:
  description: The hosts of the batch that get a secret. C(slots) says which one each gets.
  type: list
  elements: str
  returned: with the step V(choose)
back:
  description: The hosts that get a secret back, and which.
  type: dict
  returned: with the step V(end)
msg:
  description: The lines of the report.
  type: raw
  returned: with the step V(report)
"""
