"""What is wrong is said once, in words that say what to do; and nothing was touched.

Each host has a mistake of its own and an application of its own, and one run meets them all.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estates import GRAPH, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

SENDER = "contracts@contoso.example"
#: What is wrong with the servers' files; the settings of these hosts are right.
UNWRITABLE, NOT_JSON = "unwritable-file", "invalid-json"


@dataclass(frozen=True)
class Refused:
    """A run that failed for every host, and what stood before and after it.

    :param twins: the client ids of two applications of one name.
    """

    estate: Estate
    twins: list[str]
    before: Footprint
    run: Run
    after: Footprint

    def said(self, host: str) -> str:
        """What the report says is wrong with a host, whatever the lines."""
        [*_, text] = re.findall(rf"^{host}: (.*(?:\n  .*)*)", "\n".join(self.run.report), re.MULTILINE)
        return " ".join(text.split())


def wrong_settings(estate: Estate) -> dict[str, dict[str, Any]]:
    """The mistakes in the inventory, by host."""
    env = estate.sandbox.env
    connection = {
        "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
        "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
    }
    weak = estate.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Weak caller", "roles": {GRAPH: ["Application.Read.All"]}, "secret": True,
    })
    permissions = [{"resource": "Microsoft Graph", "application": ["Mail.Sned"]}]
    smtp = {"transport": "smtp", "host": "smtp.office365.com", "username": SENDER, "password": "x"}
    return {
        "unknown-product": {"mail_product": "icy"},
        "unknown-permission": {"mail_app": {"unique_name": "typo", "name": "Typo", "permissions": permissions}},
        "wrong-secret": {
            "mail_entra": {**connection, "client_secret": "xYz8Q~not-the-right-value-of-any-secret-here"},
        },
        "secrets-id": {"mail_entra": {**connection, "client_secret": "3f0c5c56-9a0e-4d0e-9d5c-0d5f4f1a1101"}},
        "weak-caller": {
            "mail_entra": {**connection, "client_id": weak["appId"], "client_secret": weak["secret"]},
        },
        "twins": {"mail_app": {"unique_name": "twin", "name": "Twin", "adopt": True}},
        "no-licence": {"mail_send": {"transport": "graph", "from": "unlicensed@contoso.example"}},
        "misspelt-mailbox": {
            "mail_access": {"scope": "mailboxes"},
            "mail_verify": {
                "recipient": "probe@contoso.example", "refused_mailbox": "directr@contoso.example",
                "receive": {"transport": "graph", "tenant_id": "t", "client_id": "c", "client_secret": "s"},
            },
        },
        "wrong-tls": {"mail_send": {**smtp, "tls": "ssl"}},
        "no-sender": {"mail_send": {"transport": "graph"}},
        "tls-of-graph": {"mail_send": {"transport": "graph", "from": SENDER, "tls": "starttls"}},
    }


@pytest.fixture(scope="module")
def refused(sandbox: RunningSandbox, home: Path) -> Refused:
    estate = Estate(sandbox, home)
    estate.empty()
    twins = [sandbox.control("POST", "/tenant/applications", {"displayName": "Twin"})["appId"] for _ in range(2)]
    hosts = {
        host: {"groups": ["ici_test"], "mail_app": {"unique_name": host, "name": host}, **own}
        for host, own in {**wrong_settings(estate), UNWRITABLE: {}, NOT_JSON: {}}.items()
    }
    estate.deliver(*hosts)
    broken = estate.server_file(NOT_JSON)
    broken.write_bytes(broken.read_bytes().replace(b'"IsReadOnly"', b"IsReadOnly", 1))
    further = estate.hosts(**{host.replace("-", "_"): own for host, own in hosts.items()})
    before = estate.footprint()
    with unwritable(estate.server_file(UNWRITABLE)):
        done = estate.set_up("--limit", ",".join(hosts), *further)
    return Refused(estate, twins, before, done, estate.footprint())


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """A file that its owner may not write; root may write any, unless it is immutable."""
    if os.getuid() == 0:
        subprocess.run(["chattr", "+i", str(path)], check=True)
    else:
        path.chmod(0o400)
    try:
        yield
    finally:
        if os.getuid() == 0:
            subprocess.run(["chattr", "-i", str(path)], check=True)
        else:
            path.chmod(0o600)


def test_every_host_fails_once_and_nothing_is_touched(refused: Refused) -> None:
    assert refused.run.code != 0, refused.run.output
    assert {numbers["failed"] for numbers in refused.run.recap.values()} == {1}
    assert len(refused.run.failed) == 13
    assert refused.after == refused.before


def test_unknown_product(refused: Refused) -> None:
    said = refused.said("unknown-product")
    assert "mail_product: 'icy' is not one of cmo, ici, integration_server, team_assistant, xcally" in said
    assert "did you mean ici?" in said


def test_unknown_permission(refused: Refused) -> None:
    said = refused.said("unknown-permission")
    assert "Microsoft Graph has no application permission Mail.Sned." in said
    assert "Nearest: Mail.Send" in said


def test_wrong_secret(refused: Refused) -> None:
    said = refused.said("wrong-secret")
    assert "AADSTS7000215" in said
    assert "Give the secret's value, which the portal shows once" in said
    assert "not-the-right-value" not in refused.run.output


def test_the_secrets_id_in_place_of_its_value(refused: Refused) -> None:
    said = refused.said("secrets-id")
    assert "mail_entra.client_secret" in said
    assert "looks like the secret's ID" in said


def test_missing_role_of_the_caller(refused: Refused) -> None:
    said = refused.said("weak-caller")
    assert "Insufficient privileges to complete the operation." in said
    assert "Application.ReadWrite.OwnedBy" in said


def test_two_applications_of_one_name(refused: Refused) -> None:
    said = refused.said("twins")
    for twin in refused.twins:
        assert twin in said
    assert "Twin" in said


def test_unwritable_file(refused: Refused) -> None:
    said = refused.said(UNWRITABLE)
    assert str(refused.estate.server_file(UNWRITABLE)) in said
    assert ("is immutable. Allow changes: chattr -i" if os.getuid() == 0 else "cannot write the f") in said


def test_invalid_json_in_the_target(refused: Refused) -> None:
    said = refused.said(NOT_JSON)
    assert str(refused.estate.server_file(NOT_JSON)) in said
    assert "is not valid JSON (line 8, column" in said


def test_mailbox_without_licence(refused: Refused) -> None:
    said = refused.said("no-licence")
    assert "unlicensed@contoso.example" in said
    assert "assign a licence with Exchange Online" in said


def test_misspelt_mailbox_that_would_be_refused_anyway(refused: Refused) -> None:
    said = refused.said("misspelt-mailbox")
    assert "mail_verify.refused_mailbox: directr@contoso.example is not known" in said
    assert "Correct the address" in said


def test_wrong_tls_mode(refused: Refused) -> None:
    said = refused.said("wrong-tls")
    assert "mail_send.tls: 'ssl' is not one of none, auto, implicit, starttls, starttls_optional;" in said
    assert "did you mean implicit?" in said


def test_problems_name_the_variable(refused: Refused) -> None:
    assert "mail_send.from: is required" in refused.said("no-sender")
    assert "mail_send.tls: is not used with transport graph" in refused.said("tls-of-graph")
