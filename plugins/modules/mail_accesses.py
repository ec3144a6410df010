#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_accesses
short_description: Give many applications their mailboxes in Exchange
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Makes each application known to Exchange by the object id of its service principal, and gives it the rights that
    O(applications[].exchange) names. Applications without that option are left alone.
  - Applications that are reached in the same way share one connection to Exchange.
  - With O(state=absent) takes away its roles, its rights on the mailboxes that are named, and its service principal in
    Exchange. SMTP AUTH, IMAP and POP stay as they are, since others may use the mailbox by them.
  - M(mailops.modern_auth.exchange_service_principal), M(mailops.modern_auth.exchange_mailbox_permission),
    M(mailops.modern_auth.exchange_client_access) and M(mailops.modern_auth.exchange_application_scope) do the same for
    one, each a part of it.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.applications.verdicts
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
  - mailops.modern_auth.once.winrm
options:
  identity:
    description:
      - The RV(mailops.modern_auth.mail_applications#module:applications) that M(mailops.modern_auth.mail_applications)
        returned, of which C(client_id) is used.
      - The client ids of applications that are not in it are read from the store.
    type: dict
    default: {}
  state:
    description: Whether the applications shall have their mailboxes.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The caller needs the permissions that the four modules name.
  - Exchange may need an hour until a right acts, and two until a role does.
seealso:
  - module: mailops.modern_auth.mail_applications
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Let an application send by SMTP from one mailbox
  mailops.modern_auth.mail_accesses:
    applications:
      - unique_name: tickets-mail-prod
        exchange:
          full_access: [tickets@contoso.example]
          smtp_auth: [tickets@contoso.example]
        exchange_connection: {organization: contoso.onmicrosoft.com}
    identity:
      tickets-mail-prod: {client_id: 66666666-7777-8888-9999-000000000000}
  run_once: true
  delegate_to: localhost

- name: Let an application send through Graph from two mailboxes and no other
  mailops.modern_auth.mail_accesses:
    applications:
      - unique_name: contracts-mail-prod
        store: {kind: ansible_vault, path: credentials.yml}
        exchange:
          scope:
            roles: [Application Mail.Send]
            mailboxes: [contracts@contoso.example, legal@contoso.example]
  run_once: true
  delegate_to: localhost

- name: Give the applications of the inventory what they need
  mailops.modern_auth.mail_accesses:
    applications: "{{ planned.applications }}"
    identity: "{{ identity.applications }}"
  run_once: true
  delegate_to: localhost
  register: access
  changed_when: false
"""

RETURN = r"""
applications:
  description:
    - What became of each application that has O(applications[].exchange), by its name; see
      RV(mailops.modern_auth.mail_applications#module:applications) for C(changed), C(failed), C(msg) and the like.
  type: dict
  returned: unless O(applications) make no sense
  sample:
    tickets-mail-prod:
      changed: true
      failed: false
      msg: "Tickets mail: service principal, full_access, smtp_auth changed."
      granted: [FullAccess, SMTP AUTH]
      warnings: []
  contains:
    granted:
      description: What it has in Exchange, in words.
      type: list
      elements: str
      returned: success, with O(state=present)
    warnings:
      description: What to know about it, for example of permissions in Entra that defeat its scope.
      type: list
      elements: str
      returned: success
hosts:
  description: The same by host, with C(application), the application's name, and in diff mode C(diff).
  type: dict
  returned: unless O(applications) make no sense
state:
  description: The option O(state), which tells M(mailops.modern_auth.mail_report) what it reports.
  type: str
  returned: unless O(applications) make no sense
failed_applications:
  description: The names of those that failed.
  type: list
  elements: str
  returned: unless O(applications) make no sense
"""
