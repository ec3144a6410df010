# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A certificate as the module entra_application_certificate knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    addressed,
    app_policy,
    certificates,
    key_pairs,
    managed,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.key_files import KeyFiles, read_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import CERTIFICATE
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    **addressed.OPTIONS,
    "name": {"default": "mail"},
    "path": {"type": "path"},
    "source_path": {"type": "path"},
    "source_password": {"no_log": True},
    "key_id": {"no_log": False},
    "known_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "lifetime": {"default": "180d"},
    "renew_within": {"default": "30d"},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


def _report(
    changed: bool, credential: Entity | None, before: Sequence[Entity], removed: Sequence[str] = (),
    made: Entity | None = None,
) -> Entity:
    """What the module returns.

    :param before: the managed certificates that the task is about, as they were.
    """
    return {
        "changed": changed, "certificate": credential and certificates.shown(credential), "removed": list(removed),
        "diff": managed.diff(CERTIFICATE, before, removed, made),
    }


async def present(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Register a certificate if there is none that will do; gives what the module returns, with ``warnings`` beside it.

    :param params: the options of the module.
    """
    lifetime, renew_within = managed.periods(params)
    certificates.must_fit(params["name"])
    if params["source_path"]:
        return await _present_given(graph, params, check_mode, renew_within)
    if not params["path"]:
        raise InputError("path: state present needs it, or source_path for a certificate that somebody else made.")
    return await _present_own(graph, params, check_mode, lifetime, renew_within)


async def _present_own(
    graph: GraphClient, params: Mapping[str, Any], check_mode: bool, lifetime: timedelta, renew_within: timedelta
) -> Entity:
    """Make a key pair if the one in the file is missing or due, or finish what an earlier run began."""
    name, key_id, known = params["name"], params["key_id"], params["known_key_ids"]
    identity = addressed.identity_from(params)
    files = KeyFiles(Path(params["path"]))
    in_use, pending = files.current(), files.pending()
    replaced = {"previous_key_id": in_use.key_id} if in_use else {}
    registration = await certificates.read(graph, identity, [key_id], in_use)
    before = registration.managed(name)
    accepted = certificates.registered(registration, pending.certificate if pending else None)
    if accepted is not None:
        if not check_mode:
            files.promote()
        return {**_report(True, accepted, before), **replaced}
    current = registration.find(key_id) or certificates.registered(registration, in_use)
    if current is not None and not managed.is_due(current, registration.moment, renew_within):
        return _report(False, current, before)
    if before and current is None and key_id is None and known is None:
        raise managed.unknown(registration, name)
    allowed = await app_policy.allowed(graph, registration, lifetime, renew_within)
    registration = await certificates.complete(graph, identity, registration, known)
    held = None if known is None else [*known, *files.key_ids()]
    stale = managed.orphans(registration, name, key_id, held)
    removed = [one["keyId"] for one in stale]
    if check_mode:
        credential: Entity = {"displayName": f"{managed.OWNER}{name}"}
    else:
        if pending is None or not pending.certificate.lasts(registration.moment, renew_within, allowed.lifetime):
            pending = key_pairs.make(name, registration.moment, allowed.lifetime)
        credential = certificates.credential_of(pending.certificate, name)
        files.prepare(pending)
        try:
            await certificates.register(graph, registration, credential, stale)
        except GraphError as error:
            if error.status < 500:
                files.discard()
            raise
        files.promote()
        await certificates.settled(graph, registration, credential["keyId"], is_there=True)
    return {**_report(True, credential, before, removed, credential), "warnings": allowed.warnings, **replaced}


async def _present_given(
    graph: GraphClient, params: Mapping[str, Any], check_mode: bool, renew_within: timedelta
) -> Entity:
    """Register the certificate in the file unless it is."""
    path, name, known = params["source_path"], params["name"], params["known_key_ids"]
    identity = addressed.identity_from(params)
    certificate = key_pairs.certificate_from_file(
        "source_path", read_file("source_path", path), params["source_password"]
    )
    credential = certificates.credential_of(certificate, name)
    registration = await certificates.read(graph, identity, [params["key_id"]], None)
    before = registration.managed(name)
    current = certificates.registered(registration, certificate)
    if current is not None:
        is_due = managed.is_due(current, registration.moment, renew_within)
        warnings = [f"source_path: the certificate in {path} ends at {current['endDateTime']}."] if is_due else []
        return {**_report(False, current, before), "warnings": warnings}
    if certificate.end <= registration.moment:
        raise InputError(f"source_path: the certificate in {path} has expired, at {credential['endDateTime']}.")
    allowed = await app_policy.allowed(graph, registration, certificate.end - certificate.start, timedelta())
    if allowed.limit:
        raise InputError(f"source_path: {allowed.limit}", remedy="Give a certificate that is valid for less time.")
    registration = await certificates.complete(graph, identity, registration, known)
    stale = managed.orphans(registration, name, params["key_id"], known)
    if not check_mode:
        await certificates.register(graph, registration, credential, stale)
        await certificates.settled(graph, registration, credential["keyId"], is_there=True)
    return _report(True, credential, before, [one["keyId"] for one in stale], credential)


async def absent(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Remove the managed certificate, and the files that hold its private key; gives what the module returns."""
    key_id, identity = params["key_id"] or "", addressed.identity_from(params)
    files = KeyFiles(Path(params["path"])) if params["path"] else None
    in_use = files.current() if files else None
    obsolete = files.holding(key_id) if files else []
    staying = None if in_use is None or in_use.key_id == key_id.lower() else in_use
    registration = await certificates.read(graph, identity, params["known_key_ids"] or [], staying)
    credential = registration.find(key_id)
    if credential is not None:
        managed.must_be_managed(registration, credential)
        if not check_mode:
            await certificates.remove(graph, registration, credential)
    if not check_mode:
        for path in obsolete:
            path.unlink()
    before = [credential] if credential else []
    removed = [one["keyId"] for one in before]
    return _report(bool(before or obsolete), None, before, removed)
