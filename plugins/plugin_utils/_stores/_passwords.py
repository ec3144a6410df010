# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The passwords of a vaulted file, as Ansible takes them: from files, from scripts, by vault ids, or asked for."""

from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret, get_file_vault_secret, match_encrypt_secret
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError

#: A vault id and its password.
Secret = tuple[str, VaultSecret]


def vault(loader: Any, password_file: str | None) -> VaultLib:
    """The vault with the passwords to try.

    :param loader: has those that the run was given: ``--vault-password-file``, ``--vault-id``, ``--ask-vault-pass``,
        and the settings of ansible.cfg and of the environment that stand for them.
    :param password_file: is used in their place. An executable is run, and what it prints is the password; one whose
        name ends with ``-client`` gets no vault id.
    :raises StoreError: there is no password.
    """
    if password_file is not None:
        try:
            secret = get_file_vault_secret(filename=password_file, loader=loader)
            secret.load()
        except AnsibleError as error:
            raise StoreError(
                f"The store's password could not be had from {password_file}: {error.message.rstrip('.')}.",
                remedy="Name a file that holds it, or an executable that prints it, in mail_store_password_file.",
            ) from error
        return VaultLib([(C.DEFAULT_VAULT_IDENTITY, secret)])
    # There is no public way to what the run was given, in ansible-core 2.18 to 2.19.
    secrets = loader._vault.secrets
    if not secrets:
        raise StoreError(
            "There is no password for the store.",
            remedy="Name a file in mail_store_password_file, or give the run one as for ansible-vault: "
            "--vault-password-file, --vault-id, --ask-vault-pass, ANSIBLE_VAULT_PASSWORD_FILE or "
            "ANSIBLE_VAULT_IDENTITY_LIST.",
        )
    return VaultLib(secrets)


def for_new_file(vault: VaultLib) -> Secret:
    """What a new file is encrypted with: the only password, or the one that ANSIBLE_VAULT_ENCRYPT_IDENTITY names.

    :raises StoreError: that is not clear. ``ansible-vault create`` refuses as well.
    """
    identity = C.DEFAULT_VAULT_ENCRYPT_IDENTITY
    known = list(dict.fromkeys(vault_id for vault_id, _secret in vault.secrets))
    if identity is None and len(known) > 1:
        raise StoreError(
            f"The run has passwords of several vault ids ({', '.join(known)}); it is not clear which is the store's.",
            remedy="Name it in ANSIBLE_VAULT_ENCRYPT_IDENTITY, or its file in mail_store_password_file.",
        )
    try:
        secret: Secret = match_encrypt_secret(vault.secrets, identity)
    except AnsibleError:
        raise StoreError(
            f"ANSIBLE_VAULT_ENCRYPT_IDENTITY is {identity}, and the run has a password of {', '.join(known)}.",
            remedy="Give the run that one as well, or name its file in mail_store_password_file.",
        ) from None
    return secret
