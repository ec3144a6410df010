#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_applications
short_description: Set up many applications in Microsoft Entra ID, and keep their client secrets
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Registers each application, grants its permissions, and makes a client secret unless the one in the store works.
  - A new secret is put into the store before anything else happens. If that fails, the secret is removed again.
  - The store is read at once for all applications, and proven to have room before a secret is made.
  - Many applications are worked on at the same time, and what is read of them is read in batches. A line now and then
    tells how far it is.
  - Two runs that set up the same application at the same time make one secret for both of them.
  - With O(state=absent) takes away the consent, the registration, and what the store holds. An application that was
    adopted stays, and loses what O(applications) names and the secrets that the store knows.
  - M(mailops.modern_auth.entra_application), M(mailops.modern_auth.entra_admin_consent) and
    M(mailops.modern_auth.entra_application_secret) do the same for one, each a part of it.
extends_documentation_fragment:
  - mailops.modern_auth.applications
  - mailops.modern_auth.applications.verdicts
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
options:
  state:
    description: Whether the applications shall be there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The caller needs the permissions that the three modules name.
seealso:
  - module: mailops.modern_auth.mail_accesses
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Set up two applications
  mailops.modern_auth.mail_applications:
    applications:
      - unique_name: contracts-mail-prod
        display_name: Contracts mail
        store: &store {kind: ansible_vault, path: credentials.yml, password_file: ~/.mailops-vault-password}
        permissions:
          - resource: Microsoft Graph
            application: [Mail.Send]
      - unique_name: tickets-mail-prod
        display_name: Tickets mail
        store: *store
        permissions:
          - resource: Office 365 Exchange Online
            application: [SMTP.SendAsApp]
        secret: {lifetime: 90d}
  run_once: true
  delegate_to: localhost
  register: identity

- name: Set up what the inventory asks for
  mailops.modern_auth.mail_applications:
    applications: "{{ planned.applications }}"
  run_once: true
  delegate_to: localhost
  register: identity
  changed_when: false

- name: Let each host say what became of its application
  mailops.modern_auth.mail_outcome:
    outcome: "{{ identity.hosts[inventory_hostname] | default({}) }}"

- name: Take one away
  mailops.modern_auth.mail_applications:
    applications:
      - unique_name: contracts-mail-test
        store: {kind: ansible_vault, path: credentials.yml}
    state: absent
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
applications:
  description: What became of each application, by its name.
  type: dict
  returned: unless O(applications) make no sense
  sample:
    contracts-mail-prod:
      changed: true
      failed: false
      msg: "Contracts mail: application and consent and client secret changed."
      client_id: 66666666-7777-8888-9999-000000000000
      object_id: 77777777-8888-9999-0000-111111111111
      granted: [Mail.Send]
      secret:
        key_id: 88888888-9999-0000-1111-222222222222
        display_name: "mailops.modern_auth: prod"
        end_date_time: "2027-05-27T10:00:00Z"
      warnings: []
    tickets-mail-prod:
      changed: false
      failed: true
      msg: Microsoft Graph has no application permission Mail.Sent. Nearest are Mail.Send, Mail.Read.
  contains:
    changed:
      description: Whether something was changed, or would be in check mode.
      type: bool
      returned: always
    failed:
      description: Whether it could not be made what it should be.
      type: bool
      returned: always
    msg:
      description: What was done, or what stood in the way and what to do about it.
      type: str
      returned: always
    code:
      description: The service's own code.
      type: str
      returned: failure, if there is one
    request_id:
      description: What the service's support asks for.
      type: str
      returned: failure, if there is one
    client_id:
      description: Its application (client) id; null if it would be registered.
      type: str
      returned: success
    granted:
      description: The permissions that it has.
      type: list
      elements: str
      returned: success, with O(state=present)
    secret:
      description: The client secret that the store holds, without its value.
      type: dict
      returned: success, with O(state=present)
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
