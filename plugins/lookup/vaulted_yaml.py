# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: vaulted_yaml
author:
  - mailops contributors (@mailops)
version_added: 0.1.0
short_description: What a vaulted YAML file holds now
description:
  - Reads and decrypts a YAML file at the moment of the look-up, with a password from a file of its own. The look-up
    P(ansible.builtin.file#lookup) cannot, since it decrypts with the passwords that Ansible was started with, or fails.
  - A file that does not exist yet is an empty dictionary.
options:
  _terms:
    description: Paths of the files.
    type: list
    elements: path
    required: true
  password_file:
    description: Path of a file that holds the vault's password.
    type: str
    required: true
  writable:
    description: Fail also if the user who runs Ansible cannot write the file, or make it where it does not exist yet.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which applications have credentials
  ansible.builtin.debug:
    msg: "{{ credentials.applications | default({}) | list }}"
  vars:
    credentials: "{{ lookup('mailops.modern_auth.vaulted_yaml', 'test.yml', password_file='~/.vault-password') }}"
"""

RETURN = r"""
_list:
  description: The decrypted dictionaries.
  type: list
  elements: dict
"""

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.yaml import yaml_load
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecret, is_encrypted
from ansible.plugins.lookup import LookupBase
from yaml import YAMLError


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        password_file = self.get_option("password_file")
        if not password_file:
            raise AnsibleLookupError("No file with the vault's password is named. Name one in password_file.")
        paths = [Path(self._loader.path_dwim(term)) for term in terms]
        if self.get_option("writable"):
            for path in paths:
                check_writable(path)
        return [read(path, Path(password_file).expanduser()) for path in paths]


# Ansible appends the text of a cause to that of the error, hence "from None" wherever the message says it all.
def _password(path: Path) -> bytes:
    try:
        password = path.read_bytes().strip()
    except OSError as error:
        raise AnsibleLookupError(
            f"Could not read the vault password in {path}: {error.strerror}. Name a file that holds it."
        ) from None
    if not password:
        raise AnsibleLookupError(f"The vault password in {path} is empty. Put one into the file.")
    return password


def check_writable(path: Path) -> None:
    """Return if the file can be written: a file is replaced, so its folder has to be writable as well.

    :raises AnsibleLookupError: it, or the nearest folder above it, cannot be written.
    """
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    for place in (path, folder):
        if place.exists() and not os.access(place, os.W_OK):
            raise AnsibleLookupError(
                f"{place} cannot be written. Give the user who runs Ansible the right to, or name another file."
            )


def read(path: Path, password_file: Path) -> dict[str, Any]:
    """What a vaulted file holds now; an empty dictionary while there is none.

    :raises AnsibleLookupError: the file or its password cannot be read, or the file is not what it should be.
    """
    password = _password(password_file)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AnsibleLookupError(f"Could not read {path}: {error.strerror}.") from None
    if not is_encrypted(data):
        raise AnsibleLookupError(f"{path} is not vaulted. Encrypt it: ansible-vault encrypt {path}")
    try:
        content = yaml_load(VaultLib([("default", VaultSecret(password))]).decrypt(data))
    except AnsibleVaultError:
        raise AnsibleLookupError(f"Could not decrypt {path}. Was it vaulted with another password?") from None
    except YAMLError:
        # The error's own text repeats lines of the file.
        raise AnsibleLookupError(f"{path} holds no valid YAML. Repair it: ansible-vault edit {path}") from None
    if content is not None and not isinstance(content, dict):
        raise AnsibleLookupError(f"{path} holds no dictionary. Repair it: ansible-vault edit {path}")
    return content or {}
