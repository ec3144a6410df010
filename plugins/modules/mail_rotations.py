#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_rotations
short_description: Take a step in the rotation of many applications' client secrets
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Replaces client secrets that are due, so that at every moment each server has one that works. The work on the
    servers lies between the steps, in plays for the hosts that a step names; C(playbooks/rotate_secrets.yml) has them
    in order.
  - Any step may be the last one of a run that is killed. The next run finds what stands and finishes it.
  - A credential that works is removed only after every host was proven with another one since the day on which that was
    decided.
  - Two runs at the same time do no harm. An application is locked in its store by the run that works on it.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.attributes
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
attributes:
  check_mode:
    support: full
    details: With O(step=decide) it says what would be done. There is nothing to do for the steps that follow.
  diff_mode:
    support: none
    details: The step V(report) tells what was done.
  idempotent:
    support: full
options:
  step:
    description:
      - V(decide) reads the stores and Entra ID, decides what each application needs, and begins what is due. It locks
        the application, removes secrets that nobody has, makes a new one, keeps it in the store, and waits until Entra
        ID accepts it.
      - V(choose) tells which hosts of the batch get the newest secret. After a first failure no further host of the
        application does.
      - V(record) keeps in the store which hosts of the batch were proven.
      - V(end) finds out who gets the secret back that it had before, and what may be removed.
      - V(conclude) removes that, makes the new secret the current one or says why it was taken back, and unlocks.
      - V(report) prints the table.
      - V(decide) is taken a second time for the hosts in RV(again).
    type: str
    choices: [decide, choose, record, end, conclude, report]
    required: true
  plan:
    description:
      - What M(mailops.modern_auth.mail_plan) returned. Hosts that could not be planned end with their failure, and the
        table tells why.
    type: dict
    default: {}
  rotation:
    description: What this module returned in the step before, but for V(choose) and V(record).
    type: dict
    default: {}
  chosen:
    description: What V(choose) returned for the batch, for V(record).
    type: list
    elements: str
    default: []
  overlap:
    description: How long a secret is kept at least after another one became current, for V(decide) and V(conclude).
    type: str
    default: 7d
  lock:
    description:
      - How long an application is left to a run that gives no sign of life, for V(decide) and V(record). A run on the
        same machine whose process is gone is taken over at once.
    type: str
    default: 1h
  force:
    description: Replace secrets that are not due, for V(decide).
    type: bool
    default: false
notes:
  - What became of the hosts' configuration and mails is looked up where the roles
    P(mailops.modern_auth.mail_provider#role) and P(mailops.modern_auth.mail_delivery#role) register it.
  - One application that fails stops no other.
  - No secret is an argument or a result.
seealso:
  - module: mailops.modern_auth.entra_application_secret
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

- name: Call the hosts to which a new secret is to be brought
  ansible.builtin.add_host:
    name: "{{ item }}"
    groups: due
  loop: "{{ rotation.due }}"
  changed_when: false
"""

RETURN = r"""
applications:
  description: How far each application is, by its name.
  type: dict
  returned: unless O(step) is V(choose), V(record) or V(report)
  contains:
    state:
      description:
        - V(due) if there is something to do, V(waiting) if there will be, V(unchanged) if not, V(busy) if another run
          works on it, V(unset) if there is nothing to rotate, V(unread) if that could not be told.
      type: str
      returned: always
    reasons:
      description: Why, in sentences.
      type: list
      elements: str
      returned: always
    failed:
      description: Whether it cannot go on.
      type: bool
      returned: always
    msg:
      description: Why not.
      type: str
      returned: always
    locked:
      description: Whether this run holds it.
      type: bool
      returned: always
    slot:
      description: Which secret of the store its hosts are to get, V(current) or V(pending).
      type: str
      returned: always
    hosts:
      description: The hosts of the run that are to get it.
      type: list
      elements: str
      returned: always
    entry:
      description: What the store holds of it, without the secrets' values.
      type: dict
      returned: always
locked:
  description: The hosts of applications that this run holds, for which V(end) and V(conclude) are.
  type: list
  elements: str
  returned: with O(applications)
due:
  description: The hosts that are to get the newest secret.
  type: list
  elements: str
  returned: with O(applications)
again:
  description: The hosts of applications that are rid of an old secret, so that there may be a new one.
  type: list
  elements: str
  returned: with O(applications)
hosts:
  description: The hosts that end with a failure, and with which, for M(mailops.modern_auth.mail_outcome).
  type: dict
  returned: unless O(step) is V(choose) or V(report)
chosen:
  description: The hosts of the batch that get the newest secret.
  type: list
  elements: str
  returned: with O(step=choose)
slots:
  description: By host, which secret of each application, by its name, it gets.
  type: dict
  returned: with O(step=choose)
back:
  description: By host, which secret of each application, by its name, it gets back.
  type: dict
  returned: with O(step=end)
msg:
  description: The lines of the table.
  type: raw
  returned: with O(step=report)
"""
