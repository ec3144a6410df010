"""CMO with the sign-in of a person on one server, beside one that signs in by itself; tenant and files judge."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estates import GRAPH, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox
from test_cmo import SENDS, WEB_CONFIG

ALONE, SIGNS_IN = "cmo-test-1", "cmo-test-2"
CACHE = "cmo_msal_cache.dat"


@dataclass(frozen=True)
class Played:
    """All runs, and what stood there after the first."""

    folder: Path
    first: Run
    now: Footprint
    verified: Run
    reported: Run
    page: dict[str, Any]
    rotated: Run
    signed_in: Run
    known: Run

    @property
    def sentence(self) -> str:
        """What a person reads who has to sign in."""
        return (
            f"{SIGNS_IN}: authorization required for the token cache {self.folder}/cache/{CACHE} of {SENDS}: It is not "
            f"there. On this server, run `{self.folder}/Helper.exe` and sign in with {SENDS}. A cache that was made on "
            "another server cannot be used."
        )


def host(folder: Path, estate: Estate, integration_type: str, **more: Any) -> dict[str, Any]:
    """What the operator writes for a server."""
    folder.mkdir(parents=True)
    (folder / "web.config").write_bytes(WEB_CONFIG)
    name = f"cmo-{integration_type.lower()}"
    return {
        "groups": ["test"], "mail_product": "cmo", "mail_app": {"unique_name": name, "name": name},
        "mail_send": {"transport": "graph", "from": SENDS},
        "mail_receive": {"transport": "graph", "mailbox": SENDS},
        "mail_cmo": {"path": str(folder / "web.config"), "integration_type": integration_type, **more},
        "mail_restart_command": ["touch", str(folder / "restarted")],
        "mail_verify": {"recipient": "probe@contoso.example", "receive": estate.reader()},
    }


@pytest.fixture(scope="module")
def played(sandbox: RunningSandbox, home: Path) -> Played:
    estate = Estate(sandbox, home)
    estate.empty()
    folder = estate.directory / "servers" / SIGNS_IN
    alone = host(estate.directory / "servers" / ALONE, estate, "Confidential")
    limit = [
        *estate.hosts(
            cmo_test_1={**alone, "mail_access": {"scope": "mailboxes"}},
            cmo_test_2=host(
                folder, estate, "Public", redirect_uri="http://localhost", cache_folder=str(folder / "cache"),
                token_helper=str(folder / "Helper.exe"), site_account="nobody",
            ),
        ),
        "--limit", f"{ALONE},{SIGNS_IN}",
    ]
    (folder / "Helper.exe.config").write_bytes(WEB_CONFIG)
    report = ["-e", f"mail_credentials_folder={home / 'credentials'}"]
    first = estate.set_up(*limit)
    now = estate.footprint()
    verified = estate.set_up(*limit, playbook="verify_mail")
    reported = estate.set_up(*limit, *report, playbook="report_credentials")
    page = json.loads((home / "credentials" / "credentials.json").read_text())
    rotated = estate.set_up(*limit, "-e", "mail_rotation_force=true", playbook="rotate_secrets")
    # What the vendor's tool does for a person.
    cache = folder / "cache" / CACHE
    cache.parent.mkdir()
    cache.write_bytes(b"protected")
    for above in (cache.parent, *cache.parent.parents):
        if above == Path("/"):
            break
        above.chmod(above.stat().st_mode | 0o011)
    signed_in = estate.set_up(*limit)
    known = estate.set_up(*limit, *report, playbook="report_credentials")
    return Played(folder, first, now, verified, reported, page, rotated, signed_in, known)


def words(run: Run) -> str:
    """What was printed, whatever the lines."""
    return re.sub(r"\s+", " ", run.output)


def test_the_other_host_is_delivered_and_nobody_has_failed(played: Played) -> None:
    for run in (played.first, played.verified):
        assert (run.code, run.failed) == (0, []), run.output
        assert run.results == {ALONE: "delivered", SIGNS_IN: "authorization required"}
        assert played.sentence in words(run)
    assert played.first.table[SIGNS_IN]["not proven"] == (
        "sending (a token cache on the server), receiving (a token cache on the server)"
    )


def test_the_site_and_the_tool_are_configured_all_the_same(played: Played) -> None:
    [application] = played.now.applications("cmo-public")
    site, tool = (
        {
            str(one.get("key")): str(one.get("value"))
            for one in ET.fromstring(played.now.files[f"servers/{SIGNS_IN}/{name}"]).iterfind("appSettings/add")
        }
        for name in ("web.config", "Helper.exe.config")
    )
    assert site["Mail.Sending.Microsoft365.IntegrationType"] == "Public"
    assert site["Mail.Sending.Microsoft365.PublicApp.ClientId"] == application["appId"]
    assert (site["MSAL.Cache.Folder"], site["MSAL.Cache.FileName"]) == (f"{played.folder}/cache", CACHE)
    assert {name: tool[name] for name in ("ClientId", "RedirectUri", "CacheFileName", "CacheDirectory")} == {
        "ClientId": application["appId"], "RedirectUri": "http://localhost", "CacheFileName": CACHE,
        "CacheDirectory": f"{played.folder}/cache",
    }


def test_the_tenant_has_a_public_client_with_delegated_permissions_and_consent(played: Played) -> None:
    [application] = played.now.applications("cmo-public")
    assert application["isFallbackPublicClient"] is True
    assert application["publicClient"]["redirectUris"] == ["http://localhost"]
    assert application["passwordCredentials"] == []
    [required] = application["requiredResourceAccess"]
    assert (required["resourceAppId"], {one["type"] for one in required["resourceAccess"]}) == (GRAPH, {"Scope"})
    principals = played.now.objects("service_principals")
    [principal] = [one["id"] for one in principals if one["appId"] == application["appId"]]
    [grant] = [one for one in played.now.objects("oauth2_permission_grants") if one["clientId"] == principal]
    assert grant["consentType"] == "AllPrincipals"
    assert set(grant["scope"].split()) == {"Mail.Send", "Mail.Read", "Mail.ReadWrite", "offline_access"}


def test_the_report_of_credentials_lists_it_and_knows_when_it_was_done(played: Played) -> None:
    assert played.reported.code == 0, played.reported.output
    assert played.sentence in words(played.reported)
    [required] = played.page["sign_ins"]
    assert (required["host"], required["account"], required["since"]) == (SIGNS_IN, SENDS, None)
    assert played.known.code == 0, played.known.output
    assert re.search(rf"{SIGNS_IN}: the token cache \S+ of {SENDS} is authorized, last on \d", words(played.known))


def test_a_rotation_is_not_held_up_by_it(played: Played) -> None:
    assert (played.rotated.code, played.rotated.failed) == (0, []), played.rotated.output
    assert "rotated" in played.rotated.output


def test_the_next_run_sees_that_somebody_has_signed_in(played: Played) -> None:
    assert (played.signed_in.code, played.signed_in.changed) == (0, 0), played.signed_in.output
    assert played.signed_in.results == {ALONE: "delivered", SIGNS_IN: "configured, not verified"}
    assert "authorization required" not in played.signed_in.output
