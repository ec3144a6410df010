#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vaulted_entry
short_description: Read and replace one application's entry in a vaulted YAML file
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
description:
  - Keeps what a store holds of an application in a vaulted YAML file on the controller, C(applications) by their names.
    C(ansible-vault view) shows it, and C(ansible-vault edit) may change it.
  - The file is replaced as a whole and is readable by its owner alone. An entry is replaced only if it still is the one
    that was read, so that several runs of Ansible may use the file at the same time and none undoes what another did.
  - The role P(mailops.modern_auth.mail_store#role) uses it for its kind V(ansible_vault).
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.entry
options:
  path:
    description: The file. It is made, and so is its folder, when there is something to keep.
    type: str
    required: true
  password_file:
    description: A file that holds the vault's password. Not a script.
    type: str
    required: true
  name:
    description: The application's unique name.
    type: str
    required: true
  writable:
    description: Fail also if the user who runs Ansible cannot write the file, or make it where it does not exist yet.
    type: bool
    default: false
notes:
  - An empty file C(.NAME.lock) stays beside the file; by it, writers take turns. It need not be under version control.
"""

EXAMPLES = r"""
- name: Read an application's entry
  mailops.modern_auth.vaulted_entry:
    path: credentials/prod.yml
    password_file: ~/.mailops-vault-password
    name: contracts-mail-prod
  register: stored

- name: Replace it, unless another run has done so
  mailops.modern_auth.vaulted_entry:
    path: credentials/prod.yml
    password_file: ~/.mailops-vault-password
    name: contracts-mail-prod
    entry: "{{ changed_entry }}"
    revision: "{{ stored.revision }}"
"""

RETURN = r"""
entry:
  description: The entry, empty if there is none.
  type: dict
  returned: success
revision:
  description: Stands for the entry as it is now; empty if there is none.
  type: str
  returned: success
code:
  description: V(conflict) if the entry is not the one that O(revision) stands for. Nothing was written then.
  type: str
  returned: failure
"""
