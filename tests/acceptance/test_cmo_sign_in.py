"""CMO with the sign-in of a person, from the run that asks for it to the one that finds it done; the tenant judges."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estates import GRAPH, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox
from test_cmo import PUBLIC, SENDS, WEB_CONFIG, for_people

ACCOUNTS = f"{SENDS}, contracts-test@contoso.example"


@dataclass(frozen=True)
class Played:
    """All runs, what stood there after the first, and the report of credentials as data."""

    folder: Path
    first: Run
    now: Footprint
    reported: Run
    report: dict[str, Any]
    signed_in: Run
    known: Run


@pytest.fixture(scope="module")
def played(sandbox: RunningSandbox, home: Path) -> Played:
    estate = Estate(sandbox, home)
    estate.empty()
    folder = estate.directory / "servers" / PUBLIC
    folder.mkdir(parents=True)
    (folder / "web.config").write_bytes(WEB_CONFIG)
    hosts = {PUBLIC.replace("-", "_"): for_people(folder, estate)}
    limit = [*estate.hosts(**hosts), "--limit", PUBLIC]
    credentials = ["-e", f"mail_credentials_folder={home / 'credentials'}"]
    first = estate.set_up(*limit)
    now = estate.footprint()
    reported = estate.set_up(*limit, *credentials, playbook="report_credentials")
    assert reported.code == 0, reported.output
    report = json.loads((home / "credentials" / "credentials.json").read_text())
    # What the vendor's tool does for a person.
    (folder / "cache").mkdir()
    (folder / "cache" / "cmo_msal_cache.dat").write_bytes(b"protected")
    signed_in = estate.set_up(*limit)
    known = estate.set_up(*limit, *credentials, playbook="report_credentials")
    return Played(folder, first, now, reported, report, signed_in, known)


def words(run: Run) -> str:
    """What was printed, whatever the lines."""
    return re.sub(r"\s+", " ", run.output)


def test_the_tenant_has_a_public_client_with_delegated_permissions_and_consent(played: Played) -> None:
    [application] = played.now.applications("cmo-people-test")
    assert application["isFallbackPublicClient"] is True
    [required] = application["requiredResourceAccess"]
    assert (required["resourceAppId"], {one["type"] for one in required["resourceAccess"]}) == (GRAPH, {"Scope"})
    principals = played.now.objects("service_principals")
    [principal] = [one["id"] for one in principals if one["appId"] == application["appId"]]
    [grant] = [one for one in played.now.objects("oauth2_permission_grants") if one["clientId"] == principal]
    assert grant["consentType"] == "AllPrincipals"
    assert set(grant["scope"].split()) == {"Mail.Send", "Mail.Read", "Mail.ReadWrite", "offline_access"}


def test_the_reports_say_who_has_to_run_what_where(played: Played) -> None:
    cache = f"{played.folder}/cache/cmo_msal_cache.dat"
    sentence = (
        f"{PUBLIC}: authorization required for the token cache {cache} of {ACCOUNTS}: It is not there. On this server, "
        f"run `{played.folder}/tool.exe` and sign in with {ACCOUNTS}. A cache that was made on another server cannot "
        "be used."
    )
    for run in (played.first, played.reported):
        assert (run.code, run.failed) == (0, []), run.output
        assert sentence in words(run)
    [required] = played.report["sign_ins"]
    assert (required["host"], required["told"], required["since"]) == (PUBLIC, sentence, None)
    assert played.report["state"] == "due"


def test_the_next_run_sees_that_it_was_done_and_when(played: Played) -> None:
    assert (played.signed_in.code, played.signed_in.changed) == (0, 0), played.signed_in.output
    assert played.signed_in.results == {PUBLIC: "configured, not verified"}
    assert "authorization required" not in played.signed_in.output
    assert played.known.code == 0, played.known.output
    assert re.search(rf"{PUBLIC}: the token cache \S+ of {ACCOUNTS} is authorized, last on \d", words(played.known))
