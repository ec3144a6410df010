#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_outcome
short_description: Make what a task for many said of a host the host's own outcome
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - A task that runs once for all hosts has one outcome. Run on each host, this module tells what that task said of it,
    so that the host is changed, failed or ok in the recap, and a host that failed is out of the play as usual.
  - It asks no service and needs no connection to the host.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
    details: Tells the same.
  diff_mode:
    support: full
    details: Shows the difference that the other task handed on.
  idempotent:
    support: full
    details: Tells the same.
  platform:
    platforms: all
options:
  outcome:
    description:
      - What a task for many returned for the host as C(hosts[inventory_hostname]). C(changed), C(failed),
        C(unreachable), C(msg), C(code), C(request_id), C(remedy), C(warnings), C(diff) and C(authorization_required)
        become the task's result.
      - With C({}) the task is skipped.
      - Without this option it is how the run ends for the host, from the results that the roles of this collection
        have registered; the role P(mailops.modern_auth.mail_report#role) ends with it.
    type: dict
seealso:
  - module: mailops.modern_auth.mail_applications
  - module: mailops.modern_auth.mail_accesses
  - module: mailops.modern_auth.mail_deliveries
"""

EXAMPLES = r"""
- name: Set up the applications
  mailops.modern_auth.mail_applications:
    applications: "{{ planned.applications }}"
  run_once: true
  delegate_to: localhost
  register: identity
  # What was changed for which host, each says itself.
  changed_when: false

- name: Let each host say what became of its application
  mailops.modern_auth.mail_outcome:
    outcome: "{{ identity.hosts[inventory_hostname] | default({}) }}"
"""

RETURN = r"""
code:
  description: The service's own code.
  type: str
  returned: failure, if the other task told one
request_id:
  description: What the service's support asks for.
  type: str
  returned: failure, if the other task told one
remedy:
  description: What to do about the failure.
  type: str
  returned: failure, if the other task told one
authorization_required:
  description: What somebody has to sign in for, as in M(mailops.modern_auth.mail_targets). That is no failure.
  type: list
  elements: dict
  returned: if the other task told it
"""
