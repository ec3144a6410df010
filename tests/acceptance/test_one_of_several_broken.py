"""One application of three is broken, at one step or another: its hosts fail, the others are delivered."""

from __future__ import annotations

from typing import Any

import pytest
from estates import Estate

HOSTS = {"ici-test-1": "contracts-mail-test", "ici-prod-1": "contracts-mail-prod", "ici-prod-2": "contracts-mail-prod",
         "tas-test-1": "tickets-mail-test"}
FARM = ("ici_prod_1", "ici_prod_2")
VERIFY = {"recipient": "probe@contoso.example"}
PERMISSIONS = [{"resource": "Microsoft Graph", "application": ["Mail.Sned"]}]
BREAKAGES: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "identity": (
        FARM,
        {"mail_app": {"unique_name": "contracts-mail-prod", "name": "Contracts mail", "permissions": PERMISSIONS}},
        "Microsoft Graph has no application permission Mail.Sned.",
    ),
    "access": (
        ("tas_test_1",),
        {"mail_send": {
            "transport": "smtp", "host": "127.0.0.1", "port": "{{ sandbox.M365_SANDBOX_SMTP_PORT }}",
            "from": "nobody@contoso.example",
        }},
        "nobody@contoso.example",
    ),
    "provider": (
        ("ici_test_1",),
        {"mail_ici": {
            "config_file": "{{ sandbox_directory }}/servers/{{ inventory_hostname }}/ConfigurationKeys.json",
            "encrypt_command": ["false"],
        }},
        "mail_ici.encrypt_command (false) gave no encrypted secret: exit code 1",
    ),
    "delivery": (
        FARM,
        {"mail_verify": {**VERIFY, "receive": {
            "transport": "graph", "tenant_id": "{{ sandbox.AZURE_TENANT_ID }}",
            "client_id": "{{ sandbox.M365_SANDBOX_READER_CLIENT_ID }}",
            "client_secret": "not~the~readers~secret~at~all",
        }}},
        "AADSTS7000215",
    ),
}


@pytest.mark.parametrize("step", BREAKAGES)
def test_exactly_its_hosts_fail(estate: Estate, step: str) -> None:
    names, broken, words = BREAKAGES[step]
    hosts = sorted(name.replace("_", "-") for name in names)
    done = estate.set_up("--limit", ",".join(HOSTS), *estate.hosts(**dict.fromkeys(names, broken)))
    wanted = {host: f"FAILED at {step}" if host in hosts else "delivered" for host in HOSTS}
    assert done.results == wanted, done.output
    assert (done.code, done.failed) == (2, hosts)
    assert words in " ".join(done.output.split())
    assert {host for host, numbers in done.recap.items() if numbers["unreachable"]} == set()

    now = estate.footprint()
    for host, application in HOSTS.items():
        if host not in hosts:
            assert len(now.applications(application)) == 1
            if host.startswith("ici"):
                assert now.mail_settings(host)["provider"] == "GRAPH"
        elif host.startswith("ici") and step != "delivery":
            assert now.mail_settings(host) == {}
