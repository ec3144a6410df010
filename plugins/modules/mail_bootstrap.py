#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_bootstrap
short_description: Make the caller of the mail playbooks, and the reader of the mailbox of the proof
version_added: 0.4.0
author:
  - mailops contributors (@mailops)
description:
  - Makes the application as which the other steps sign in, with exactly the permissions that a plan needs, with admin
    consent, and with the directory role Exchange Administrator where the plan needs Exchange. What it was granted
    besides is revoked.
  - It signs in without a secret, with tokens of the place where Ansible runs, as a managed identity, or with a
    certificate.
  - Makes the application that reads the mailbox in which the proof has to arrive, and limits it to that mailbox.
  - Says what goes into the inventory, and how to take both away again.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.once.microsoft
  - mailops.modern_auth.once.winrm
options:
  plan:
    description: What M(mailops.modern_auth.mail_plan) returned for the whole inventory.
    type: dict
    required: true
  caller:
    description:
      - How the caller is called and signs in, the variable C(mail_caller) that
        P(mailops.modern_auth.mail_bootstrap#role) documents.
    type: dict
    default: {}
  reader:
    description: The same of the reader, the variable C(mail_reader).
    type: dict
    default: {}
  administrator:
    description:
      - How you are signed in, as somebody who may register applications, grant permissions and give directory roles,
        for example a Global Administrator.
      - With V(azure_cli) it is the account of C(az login). With V(device_code) a code is shown, to be entered in a
        browser anywhere.
      - Exchange is always signed in to with a code, since the Azure CLI is not allowed there; that is needed only where
        there is a reader. An Exchange Administrator can do it.
    type: str
    choices: [azure_cli, device_code]
    default: azure_cli
  state:
    description:
      - Whether they shall be there.
      - With V(absent) their files are removed as well, and a managed identity loses what the plan needs.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Run it once, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
  - Where the services are is taken from C(mail_entra) and C(mail_exchange) of the hosts. Who signs in there is not.
  - An entry for an application that is adopted makes the caller need Application.ReadWrite.All.
seealso:
  - module: mailops.modern_auth.mail_plan
  - module: mailops.modern_auth.entra_application
  - module: mailops.modern_auth.entra_admin_consent
  - module: mailops.modern_auth.entra_application_certificate
  - module: mailops.modern_auth.entra_federated_credential
requirements:
  - cryptography >= 42
"""

EXAMPLES = r"""
- name: Plan
  mailops.modern_auth.mail_plan:
    reader:
      auth_source: auto
  run_once: true
  delegate_to: localhost
  register: planned

- name: Make the caller, which jobs of one environment of a repository sign in as
  mailops.modern_auth.mail_bootstrap:
    plan: "{{ planned }}"
    caller:
      github:
        repository: contoso/mail-operations
        environment: production
  run_once: true
  delegate_to: localhost

- name: Take it away again
  mailops.modern_auth.mail_bootstrap:
    plan: "{{ planned }}"
    administrator: device_code
    state: absent
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
caller:
  description: What became of the caller.
  type: dict
  returned: success, unless no host signs in to Entra by itself
  contains:
    client_id:
      description: Its client id; null where check mode would register it.
      type: str
      returned: always
    ends:
      description: When its certificate ends, if it has one.
      type: str
      returned: with O(state=present)
    changed:
      description: Whether anything of it was changed, or would be.
      type: bool
      returned: always
    msg:
      description: What was changed.
      type: str
      returned: always
reader:
  description: The same of the reader.
  type: dict
  returned: success, if an application has to read the mailbox of a proof
inventory:
  description: What goes into the inventory.
  type: dict
  returned: success, with O(state=present)
  sample:
    mail_entra:
      tenant_id: 11111111-2222-3333-4444-555555555555
      client_id: 22222222-3333-4444-5555-666666666666
      auth_source: client_certificate
      certificate_path: ~/.mailops/mailops-caller.pem
    mail_verify:
      receive:
        tenant_id: 11111111-2222-3333-4444-555555555555
        client_id: 33333333-4444-5555-6666-777777777777
        auth_source: client_certificate
        certificate_path: ~/.mailops/mailops-proof-reader.pem
"""
