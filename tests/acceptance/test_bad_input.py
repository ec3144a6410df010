"""What is wrong is said once, in words that say what to do; and nothing was touched."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from estates import Estate

HOST = "ici-test-1"
GRAPH = "00000003-0000-0000-c000-000000000000"


def variables(**values: Any) -> list[str]:
    """Extra variables of a run, as its arguments."""
    return ["-e", json.dumps(values)]


def refused(estate: Estate, *arguments: str) -> str:
    """Run the main job on one host, which must fail and change nothing; gives back what it said."""
    before = estate.footprint()
    done = estate.set_up("--limit", HOST, *arguments)
    assert done.code != 0, done.output
    assert done.recap[HOST]["failed"] == 1
    assert estate.footprint() == before
    return " ".join(done.output.split())


def caller(estate: Estate, **changes: str) -> list[str]:
    """The inventory's connection with some of its options changed."""
    env = estate.sandbox.env
    connection = {
        "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
        "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
    }
    return variables(mail_entra={**connection, **changes})


def test_unknown_product(estate: Estate) -> None:
    said = refused(estate, *variables(mail_product="icy"))
    assert "mail_product: 'icy' is not one of cmo, ici, integration_server, team_assistant, xcally" in said
    assert "did you mean ici?" in said


def test_unknown_permission(estate: Estate) -> None:
    permissions = [{"resource": "Microsoft Graph", "application": ["Mail.Sned"]}]
    said = refused(estate, *variables(mail_app={"unique_name": "typo", "name": "Typo", "permissions": permissions}))
    assert "Microsoft Graph has no application permission Mail.Sned." in said
    assert "Nearest: Mail.Send" in said


def test_wrong_secret(estate: Estate) -> None:
    said = refused(estate, *caller(estate, client_secret="xYz8Q~not-the-right-value-of-any-secret-here"))
    assert "AADSTS7000215" in said
    assert "Give the secret's value, which the portal shows once" in said
    assert "not-the-right-value" not in said


def test_the_secrets_id_in_place_of_its_value(estate: Estate) -> None:
    said = refused(estate, *caller(estate, client_secret="3f0c5c56-9a0e-4d0e-9d5c-0d5f4f1a1101"))
    assert "mail_entra.client_secret" in said
    assert "looks like the secret's ID" in said


def test_missing_role_of_the_caller(estate: Estate) -> None:
    weak = estate.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Weak caller", "roles": {GRAPH: ["Application.Read.All"]}, "secret": True,
    })
    said = refused(estate, *caller(estate, client_id=weak["appId"], client_secret=weak["secret"]))
    assert "Insufficient privileges to complete the operation." in said
    assert "Application.ReadWrite.OwnedBy" in said


def test_two_applications_of_one_name(estate: Estate) -> None:
    twins = [estate.sandbox.control("POST", "/tenant/applications", {"displayName": "Twin"}) for _ in range(2)]
    app = {"unique_name": "twin", "name": "Twin", "adopt": True}
    said = refused(estate, *variables(mail_app=app))
    for twin in twins:
        assert twin["appId"] in said
    assert "Twin" in said


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


def test_unwritable_file(estate: Estate) -> None:
    with unwritable(estate.server_file(HOST)):
        said = refused(estate)
    assert str(estate.server_file(HOST)) in said
    assert ("is immutable. Allow changes: chattr -i" if os.getuid() == 0 else "cannot write the f") in said


def test_invalid_json_in_the_target(estate: Estate) -> None:
    path = estate.server_file(HOST)
    path.write_bytes(path.read_bytes().replace(b'"IsReadOnly"', b'IsReadOnly', 1))
    said = refused(estate)
    assert f"{path}" in said
    assert "is not valid JSON (line 8, column" in said


def test_mailbox_without_licence(estate: Estate) -> None:
    said = refused(estate, *variables(mail_send={"transport": "graph", "from": "unlicensed@contoso.example"}))
    assert "unlicensed@contoso.example" in said
    assert "assign a licence with Exchange Online" in said


def test_misspelt_mailbox_that_would_be_refused_anyway(estate: Estate) -> None:
    verify = {
        "recipient": "probe@contoso.example", "refused_mailbox": "directr@contoso.example",
        "receive": {"transport": "graph", "tenant_id": "t", "client_id": "c", "client_secret": "s"},
    }
    said = refused(estate, *variables(mail_verify=verify, mail_access={"scope": "mailboxes"}))
    assert "mail_verify.refused_mailbox: directr@contoso.example is not known" in said
    assert "Correct the address" in said


def test_wrong_tls_mode(estate: Estate) -> None:
    user = {"username": "contracts@contoso.example", "password": "x"}
    send = {"transport": "smtp", "host": "smtp.office365.com", "tls": "ssl", **user}
    said = refused(estate, *variables(mail_send=send))
    assert "mail_send.tls: 'ssl' is not one of none, auto, implicit, starttls, starttls_optional;" in said
    assert "did you mean implicit?" in said


@pytest.mark.parametrize(("send", "words"), [
    ({"transport": "graph"}, "mail_send.from: is required"),
    (
        {"transport": "graph", "from": "contracts@contoso.example", "tls": "starttls"},
        "mail_send.tls: is not used with transport graph",
    ),
])
def test_problems_name_the_variable(estate: Estate, send: dict[str, str], words: str) -> None:
    assert words in refused(estate, *variables(mail_send=send))
