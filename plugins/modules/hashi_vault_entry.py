#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hashi_vault_entry
short_description: Read and replace one application's entry in HashiCorp Vault
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
description:
  - Keeps what a store holds of an application as one secret of the KV engine of version 2 of Vault or OpenBao. Each
    change is a new version.
  - An entry is replaced only if it still is the one that was read (Vault's check-and-set), so that several runs of
    Ansible may use it at the same time and none undoes what another did.
  - The role P(mailops.modern_auth.mail_store#role) uses it for its kind V(hashi_vault).
requirements:
  - The collection community.hashi_vault, 4.2.0 or later, whose modules do the work.
  - hvac, for the Python that runs those modules.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.entry
options:
  connection:
    description:
      - Where Vault is and how to sign in, the options that M(community.hashi_vault.vault_kv2_get) has for that, for
        example C(url), C(auth_method), C(role_id), C(secret_id), C(namespace) and C(ca_cert).
      - What is left out comes from the environment variables that module knows, for example C(VAULT_ADDR).
    type: dict
    default: {}
  engine_mount_point:
    description: Where the KV engine is mounted.
    type: str
    default: secret
  folder:
    description: The path of the folder that the secret is in, below O(engine_mount_point).
    type: str
    required: true
  name:
    description: The application's unique name, which is the name of the secret.
    type: str
    required: true
  writable:
    description:
      - Fail also if the engine is another one, or the token may not read and write the secret. It writes nothing.
      - In check mode Vault cannot be asked for it, so the task should say C(check_mode=false).
    type: bool
    default: false
notes:
  - The task should say C(delegate_to=localhost), unless Vault is to be reached from the host.
seealso:
  - module: community.hashi_vault.vault_kv2_get
  - module: community.hashi_vault.vault_kv2_write
"""

EXAMPLES = r"""
- name: Read an application's entry
  mailops.modern_auth.hashi_vault_entry:
    connection:
      url: https://vault.contoso.example:8200
      auth_method: approle
      role_id: mailops
      secret_id: "{{ lookup('ansible.builtin.env', 'VAULT_SECRET_ID') }}"
    folder: mailops/prod
    name: contracts-mail-prod
  delegate_to: localhost
  register: stored
"""

RETURN = r"""
entry:
  description: The entry, empty if there is none.
  type: dict
  returned: success
revision:
  description: The number of the secret's version; empty if there never was one.
  type: str
  returned: success
code:
  description:
    - V(conflict) if the secret has another version than O(revision). Nothing was written then.
    - V(sealed), V(token), V(permission) and V(unreachable) say why Vault could not be used.
  type: str
  returned: failure
"""
