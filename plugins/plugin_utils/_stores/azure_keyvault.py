# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Azure Key Vault: a secret an application, through Microsoft's library, signed in to as azure.azcollection does.

https://learn.microsoft.com/azure/key-vault/secrets/about-secrets. Key Vault has no check-and-set: what another run
writes between the check and the write is overwritten. Versions have random names; that of the latest is the revision.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, plain, reserve
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, read, text
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    CONNECTION,
    Controller,
    Held,
    Surroundings,
    conflict,
    in_shape,
    referred,
    unusable,
)

VARIABLE = "mail_store_azure_keyvault"
#: The options of the connection that hold no secret.
PLAIN = (
    "auth_source", "subscription_id", "tenant", "cloud_environment", "adfs_authority_url", "cert_validation_mode",
    "disable_instance_discovery", "profile",
)
#: Bytes that a secret's value may have.
LIMIT = 25_000
#: How many secrets are asked for at the same time.
AT_ONCE = 8
#: What it is called that is written to prove that secrets can be written.
PROBE = "mailops-write-check"
CONTENT_TYPE = "application/json; mailops.modern_auth entry, base64"
#: The tag that tells the application's unique name, of which the secret's name may be a digest.
TAG = "application"


def secret_name(unique_name: str) -> str:
    """The secret's name for an application. Key Vault takes up to 127 letters, digits and hyphens, of any case."""
    if re.fullmatch(r"[a-z0-9-]{1,100}", unique_name):
        return f"mailops-{unique_name}"
    digest = hashlib.sha256(unique_name.encode()).hexdigest()[:16]
    return f"mailops-{re.sub('[^a-z0-9]+', '-', unique_name.lower())[:100]}-{digest}"


def encoded(entry: Mapping[str, Any]) -> str:
    """The entry as a secret's value.

    In base64, since Ansible's modules for Key Vault, which people use on it as well, blot out ids in plain JSON.
    """
    return base64.b64encode(json.dumps(plain(entry), separators=(",", ":")).encode()).decode()


def decoded(value: str) -> Any:
    """What a secret's value stands for.

    :raises ValueError: it is no JSON in base64.
    """
    try:
        return json.loads(base64.b64decode(value, validate=True))
    except binascii.Error as error:
        raise ValueError("not base64") from error


class Store:
    """A key vault."""

    OPTIONS: ClassVar[Table] = {"connection": CONNECTION, "vault_uri": Key(text, required=True)}

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None:
        self._connection = options.get("connection", {})
        self._uri = options["vault_uri"]
        self._check_mode = controller.check_mode

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """See Store."""
        given = variables.get(VARIABLE) or {}
        if not isinstance(given, Mapping):
            problems.append(f"{VARIABLE}: is no dictionary")
            return {}
        table = {"vault_uri": Key(text)}
        clean = read(table, {name: given[name] for name in table if name in given}, VARIABLE, problems)
        if given.get("vault_uri") is None:
            problems.append(f"{VARIABLE}.vault_uri: is required; name the key vault as https://NAME.vault.azure.net")
        connection = {name: value for name, value in given.items() if name not in table}
        return {"connection": referred(connection, VARIABLE, variables["inventory_hostname"], PLAIN), **clean}

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """See Store. Key Vault tells that to nobody who does not write, so a probe is written."""
        problems = {name: problem for name, problem in self._of_each(self._deleted, names).items() if problem}
        held = self.read([name for name in names if name not in problems])
        longest = 1
        for name, each in held.items():
            try:
                longest = max(longest, len(self._value(name, reserve(each.entry))))
            except StoreError as problem:
                problems[name] = problem
        if not self._check_mode:
            self._set(PROBE, "." * longest, "text/plain")
        return problems

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """See Store."""
        return self._of_each(self._held, names)

    def names(self) -> Sequence[str]:
        """See Store. Listing takes a permission of its own, without which nothing is listed."""
        try:
            with self._told(PROBE):
                listed = [one.tags for one in self._client.list_properties_of_secrets() if one.tags]
        except StoreError:
            return []
        return sorted(tags[TAG] for tags in listed if TAG in tags)

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """See Store. That another run wrote at the same moment may only be found afterwards."""
        value = self._value(name, entry)
        if self._held(name).revision != revision:
            raise conflict(name)
        mine = self._set(secret_name(name), value, CONTENT_TYPE, {TAG: name})
        if self._held(name).revision != mine:
            raise StoreError(
                f"Another run wrote what the store holds of the application '{name}' at the same moment, and Key Vault "
                "takes its version for the latest.", code="conflict",
                remedy="Let one run work at a time, and run again; the versions of the secret "
                f"{secret_name(name)} show both.",
            )
        return mine

    def _of_each(self, look_up: Callable[[str], Any], names: Sequence[str]) -> dict[str, Any]:
        # The first one alone, so that the others find a token.
        found = {name: look_up(name) for name in names[:1]}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return {**found, **dict(zip(names[1:], pool.map(look_up, names[1:]), strict=True))}

    def _held(self, name: str) -> Held:
        secret = secret_name(name)
        found = self._found(self._client.get_secret, secret)
        if found is None:
            return Held({}, "")
        place = f"the secret {secret} in {self._uri}"
        remedy = f"Rename or delete it, or name another vault in {VARIABLE}.vault_uri."
        try:
            entry = in_shape(decoded(found.value), name, place, remedy)
        except StoreError as problem:
            return unusable(problem)
        except ValueError:
            return unusable(StoreError(
                f"T{place[1:]} is not one that this collection wrote.", code="damaged", remedy=remedy
            ))
        return Held(entry, found.properties.version)

    def _deleted(self, name: str) -> StoreError | None:
        """Why its name cannot be used, although nothing is found there."""
        secret = secret_name(name)
        return None if self._found(self._client.get_deleted_secret, secret) is None else self._must_be_purged(secret)

    def _must_be_purged(self, secret: str) -> StoreError:
        return StoreError(
            f"The secret {secret} in {self._uri} was deleted, and its name cannot be used until it is purged.",
            code="deleted",
            remedy=f"Recover it (az keyvault secret recover --name {secret} --vault-name NAME) or purge it.",
        )

    def _value(self, name: str, entry: Mapping[str, Any]) -> str:
        value = encoded(entry)
        if len(value) > LIMIT:
            raise StoreError(
                f"What the store may have to hold of the application '{name}' is {len(value)} bytes long, and Key "
                f"Vault takes {LIMIT}.", remedy="Use another kind of store, see docs/stores.md.",
            )
        return value

    def _set(self, secret: str, value: str, content_type: str, tags: Mapping[str, str] | None = None) -> str:
        """The version that it has now."""
        with self._told(secret):
            version: str = self._client.set_secret(
                secret, value, content_type=content_type, tags=dict(tags or {})
            ).properties.version
            return version

    def _found(self, look_up: Callable[[str], Any], secret: str) -> Any:
        from azure.core.exceptions import ResourceNotFoundError

        with self._told(secret):
            try:
                return look_up(secret)
            except ResourceNotFoundError:
                return None

    @cached_property
    def _client(self) -> Any:
        try:
            common = import_module("ansible_collections.azure.azcollection.plugins.module_utils.azure_rm_common")
        except ModuleNotFoundError:
            raise StoreError(
                "The collection azure.azcollection cannot be found.",
                remedy="Install it: ansible-galaxy collection install azure.azcollection",
            ) from None
        try:
            secrets = import_module("azure.keyvault.secrets")
        except ModuleNotFoundError:
            secrets = None
        if secrets is None or not common.HAS_AZURE:
            raise StoreError(
                "The Python libraries of azure.azcollection are missing.",
                remedy="Install the requirements.txt of that collection for the Python that runs Ansible.",
            )
        checked = ArgumentSpecValidator(common.AZURE_COMMON_ARGS).validate(dict(self._connection))
        if checked.error_messages:
            raise InputError(f"{VARIABLE}: {'; '.join(checked.error_messages)}")
        try:
            signed_in = common.AzureRMAuth(**checked.validated_parameters)
            return secrets.SecretClient(self._uri, signed_in.azure_credential_track2, retry_total=4)
        except (common.AzureRMAuthException, ValueError) as error:
            raise self._refusal(f"{error}") from error

    @contextmanager
    def _told(self, secret: str) -> Iterator[None]:
        """Tell errors of the library as what they mean here."""
        from azure.core.exceptions import AzureError, HttpResponseError

        try:
            yield
        except HttpResponseError as error:
            if error.status_code == 409 and "deleted but recoverable" in error.message:
                raise self._must_be_purged(secret) from error
            if error.status_code == 403:
                raise StoreError(
                    f"Azure Key Vault refused it at {self._uri}: {_sentence(error.message)}", code="permission",
                    remedy="Give the caller the role Key Vault Secrets Officer on the vault (or the secret permissions "
                    "get and set, where it has access policies), and let its firewall pass this machine.",
                ) from error
            raise self._refusal(error.message) from error
        except (AzureError, ValueError) as error:
            raise self._refusal(f"{error}") from error

    def _refusal(self, why: str) -> StoreError:
        return StoreError(
            f"Azure Key Vault could not be used at {self._uri}: {_sentence(why)}",
            remedy=f"Check where it is and how Ansible signs in: {VARIABLE}.",
        )


def _sentence(words: str) -> str:
    return f"{words.rstrip('.')}."
