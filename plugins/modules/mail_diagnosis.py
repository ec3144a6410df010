#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_diagnosis
short_description: Tell everything that is wrong with the mail of all hosts, at once
version_added: 0.4.0
author:
  - mailops contributors (@mailops)
description:
  - Compares what a plan needs with what there is, in Entra ID, in Exchange, in the stores and on the servers, and tells
    all that is wrong, with a remedy for each. It changes nothing.
  - Explains what a mail service, Entra ID or a product has said, and then runs only the checks that decide between its
    causes.
  - What is wrong is no failure of the task; M(mailops.modern_auth.mail_outcome) makes it that of the hosts that it
    concerns.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.once.microsoft
  - mailops.modern_auth.once.winrm
options:
  plan:
    description:
      - What M(mailops.modern_auth.mail_plan) returned.
      - Without it, O(symptom) is explained, and nothing is looked at.
    type: dict
  symptom:
    description: A service's answer, or a line of a product's log.
    type: str
  due_within:
    description: A client secret that ends within this time is wrong, too. A number and V(h), V(d) or V(w).
    type: str
    default: 14d
  path:
    description:
      - A file on the machine that runs Ansible that gets the findings as JSON. Its name ends in V(.json).
      - It is written in check mode as well.
    type: str
notes:
  - Run it once, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
  - What the servers have said is what M(mailops.modern_auth.mail_targets) in check mode has registered for each host as
    C(__mail_provider), as the role P(mailops.modern_auth.mail_diagnosis#role) arranges it.
seealso:
  - module: mailops.modern_auth.mail_plan
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Plan
  mailops.modern_auth.mail_plan:
  run_once: true
  delegate_to: localhost
  register: planned

- name: Tell everything that is wrong
  mailops.modern_auth.mail_diagnosis:
    plan: "{{ planned }}"
    path: reports/diagnosis.json
  run_once: true
  delegate_to: localhost
  register: diagnosis

- name: Explain what a product's log says
  mailops.modern_auth.mail_diagnosis:
    symptom: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
findings:
  description: What each check has found.
  type: list
  elements: dict
  returned: with O(plan)
  contains:
    kind:
      description: What it is about, V(controller), V(application), V(mailbox) or V(host).
      type: str
      returned: always
    about:
      description: Its name.
      type: str
      returned: always
    check:
      description: The check's name.
      type: str
      returned: always
      sample: smtp_auth
    state:
      description: V(ok), V(cross), or V(unknown) if it could not be told, as C(found) explains.
      type: str
      returned: always
    found:
      description: What is wrong, or why it could not be told.
      type: str
      returned: always
    remedy:
      description: What to do about it.
      type: str
      returned: always
    hosts:
      description: The hosts that it concerns; none for all of them.
      type: list
      elements: str
      returned: always
hosts:
  description: A verdict for each host, which fails if something is wrong that concerns it.
  type: dict
  returned: with O(plan)
symptom:
  description: What the symptom means, as C(said), C(cause), C(checks) and C(remedy).
  type: dict
  returned: without O(plan)
servers:
  description: Whether a check that decides looks at the servers.
  type: bool
  returned: without O(plan)
"""
