# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the caller, or the reader, signs in: in one way. Whatever else this collection gave it is taken away."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import Party
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.trusts import NAMES
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    application_certificate,
    application_secret,
    certificates,
    federated,
    federated_credential,
    managed,
    secrets,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import Identity
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.key_files import KeyFiles, read_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity

_LIFETIME = {"lifetime": "365d", "renew_within": "60d"}
Parts: TypeAlias = dict[str, Mapping[str, Any]]


async def settle(graph: GraphClient, party: Party, client_id: str, *, cloud: str, check_mode: bool) -> Parts:
    """Give a party the credential that it signs in with.

    :param cloud: its name, which decides the audience of foreign tokens.
    :returns: what was done, by what it was done to. One with ``ends`` is what it signs in with now.
    :raises ModernAuthError: it could not be done.
    """
    parts: Parts = {}
    for name in await _stale_trusts(graph, party, client_id):
        parts[f"federated credential {name}"] = await federated_credential.absent(
            graph, {**_named(client_id), "name": name}, check_mode
        )
    if party.trust is not None:
        parts["federated credential"] = await federated_credential.present(
            graph, {
                **_named(client_id), "cloud": cloud, "name": party.trust.name, "issuer": party.trust.issuer,
                "subject": party.trust.subject, "description": None,
                "audiences": [party.trust.audience] if party.trust.audience else None,
            }, check_mode,
        )
    with _told(party):
        parts["certificate"] = await _certificate(graph, party, client_id, check_mode)
        parts["client secret"] = await _secret(graph, party, client_id, check_mode)
    return parts


async def withdraw(graph: GraphClient, client_id: str, check_mode: bool) -> Parts:
    """Take away what this collection gave a party to sign in with, which would come back with its application.

    Entra keeps a deleted application for 30 days, and one with the same unique name is that one again.
    """
    return {
        "certificate": await _removed_certificates(graph, client_id, check_mode),
        "client secret": await _removed_secrets(graph, client_id, check_mode),
    }


def forget(party: Party) -> None:
    """Remove what lies on this machine."""
    KeyFiles(party.certificate_file).remove()
    if party.secret_file is not None:
        party.secret_file.unlink(missing_ok=True)


@contextmanager
def _told(party: Party) -> Iterator[None]:
    """Say what to do about a credential that was made on another machine, or whose file is lost."""
    try:
        yield
    except InputError as error:
        if error.code == managed.UNKNOWN:
            file = party.certificate_file if party.has_certificate else party.secret_file
            error.remedy = (
                f"Copy {file} from the machine on which this was run before. If it is lost, run this with -e "
                "mail_bootstrap_state=absent, which takes them away, and then again."
            )
        raise


async def _stale_trusts(graph: GraphClient, party: Party, client_id: str) -> list[str]:
    there = [str(one["name"]) for one in await federated.read(graph, Identity(app_id=client_id))]
    wanted = party.trust.name if party.trust else None
    return [name for name in there if name in NAMES and name != wanted]


async def _certificate(graph: GraphClient, party: Party, client_id: str, check_mode: bool) -> Entity:
    if party.has_certificate:
        _make_folder(party.certificate_file.parent, "certificate_path", check_mode)
        options = _options(application_certificate.OPTIONS, client_id)
        path = str(party.certificate_file)
        made = await application_certificate.present(graph, {**options, "path": path}, check_mode)
        return {**made, "ends": made["certificate"].get("end_date_time")}
    gone = await _removed_certificates(graph, client_id, check_mode)
    if not check_mode:
        KeyFiles(party.certificate_file).remove()
    return gone


async def _removed_certificates(graph: GraphClient, client_id: str, check_mode: bool) -> Entity:
    identity = Identity(app_id=client_id)
    return await _removed(
        graph, lambda: certificates.read(graph, identity, (), None), certificates.remove, check_mode
    )


async def _secret(graph: GraphClient, party: Party, client_id: str, check_mode: bool) -> Entity:
    file = party.secret_file
    if file is None:
        return await _removed_secrets(graph, client_id, check_mode)
    _make_folder(file.parent, "secret_path", check_mode)
    options = _options(application_secret.OPTIONS, client_id)
    made = await application_secret.present(graph, {**options, "key_id": _key_id(file)}, check_mode)
    if "secret_text" in made:
        content = {"key_id": made["secret"]["key_id"], "client_secret": made.pop("secret_text")}
        _secret_file.write(file, json.dumps(content).encode())
    return {**made, "ends": made["secret"].get("end_date_time")}


async def _removed_secrets(graph: GraphClient, client_id: str, check_mode: bool) -> Entity:
    return await _removed(graph, lambda: secrets.read(graph, Identity(app_id=client_id)), secrets.remove, check_mode)


async def _removed(
    graph: GraphClient, read: Callable[[], Awaitable[Registration]],
    remove: Callable[[GraphClient, Registration, Entity], Awaitable[None]], check_mode: bool,
) -> Entity:
    """Take away every credential of a kind that this collection made."""
    registration = await read()
    stale = [one for one in registration.credentials if managed.is_managed(one)]
    if not check_mode:
        for one in stale:
            await remove(graph, registration, one)
            # What is removed next is taken from what is left.
            registration = await read()
    removed = [one["keyId"] for one in stale]
    return {"changed": bool(stale), "diff": managed.diff(registration.kind, stale, removed)}


def _key_id(file: Path) -> str | None:
    """The id of the client secret in a file; None if there is no file.

    :raises InputError: if it holds anything else, which must not be overwritten.
    """
    if not file.exists():
        return None
    try:
        return str(json.loads(read_file("secret_path", str(file)))["key_id"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"secret_path: {file} holds no client secret as this collection writes it.",
            remedy="Give a path of its own; what is there is not overwritten.",
        ) from error


def _named(client_id: str) -> dict[str, Any]:
    return {"app_id": client_id, "object_id": None, "unique_name": None}


def _options(spec: Mapping[str, Mapping[str, Any]], client_id: str) -> dict[str, Any]:
    """The options of the module that is about one kind of credential."""
    return {**{name: option.get("default") for name, option in spec.items()}, **_LIFETIME, "app_id": client_id}


def _make_folder(folder: Path, option: str, check_mode: bool) -> None:
    if check_mode:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{option}: {folder} cannot be made ({error.strerror}).",
            remedy="Name a place that the user who runs Ansible may write to.",
        ) from error
