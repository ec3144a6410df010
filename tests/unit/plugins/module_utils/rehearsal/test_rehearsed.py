# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The plan of a rehearsal knows nothing of the tenant's credentials, and configures what the real one would."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import NOT_READ, masked
from ansible_collections.mailops.modern_auth.plugins.module_utils._rehearsal.plan import SANDBOX, Scene, rehearsed
from ansible_collections.mailops.modern_auth.plugins.module_utils._rehearsal.seed import domains_of, seed_of

TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
FACES = ("smtp", "imap", "pop3", "relay", "gmail_smtp", "gmail_smtps", "gmail_imap", "gmail_pop3")
PORTS = {f"M365_SANDBOX_{face.upper()}_PORT": str(2000 + number) for number, face in enumerate(FACES)}
SCENE = Scene("/scratch", {
    "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "operator", "AZURE_AUTHORITY_HOST": "https://127.0.0.1:1",
    "MAILOPS_GRAPH_ENDPOINT": "https://127.0.0.1:2", "MAILOPS_EXCHANGE_ENDPOINT": "https://127.0.0.1:3",
    "MAILOPS_EXCHANGE_ORGANIZATION": "contoso.onmicrosoft.com", "MAILOPS_CA_FILE": "/scratch/ca.pem",
    "M365_SANDBOX_READER_CLIENT_ID": "sandboxs-reader", "M365_SANDBOX_HOST": "127.0.0.1",
    "M365_SANDBOX_RELAY_USER": "apikey", "M365_SANDBOX_GOOGLE_P12_FILE": "/scratch/key.p12",
    "M365_SANDBOX_GOOGLE_KEY_FILE": "/scratch/key.json", "M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT": "a@b.example",
    "MAILOPS_GOOGLE_TOKEN_URI": "https://127.0.0.1:4/token", **PORTS,
}, {"bus": {"url": "https://localhost:9", "username": "Administrator"}}, {"bus": "https://bus.contoso.example:5543"})
SHARED: dict[str, Any] = {
    "mail_environment": "prod",
    "mail_entra": {"tenant_id": TENANT, "client_id": "caller", "client_secret": "callers~s3cret", "cloud": "global"},
    "mail_exchange": {"organization": "contoso.example", "exchange_certificate_path": "/etc/caller.pem"},
    "mail_verify": {
        "recipient": "probe@contoso.example", "refused_mailbox": "director@contoso.example",
        "receive": {
            "transport": "imap", "tenant_id": TENANT, "client_id": "their-reader", "client_secret": "readers~s3cret",
        },
    },
}


def application(name: str) -> dict[str, Any]:
    return {"unique_name": name, "name": name.title()}


HOSTS: dict[str, dict[str, Any]] = {
    "desk": {
        **SHARED, "mail_product": "team_assistant", "mail_app": application("desk"),
        "mail_send": {"transport": "smtp", "from": "desk@contoso.example"},
        "mail_team_assistant": {"version": "5.7.10", "backends": ["/srv/desk"], "environment_file": "environment"},
        "mail_restart_command": ["systemctl", "restart", "desk"],
    },
    "relayed": {
        **SHARED, "mail_product": "ici", "mail_ici": {"config_file": "/srv/ici.json"},
        "mail_verify": {**SHARED["mail_verify"], "refused_mailbox": None},
        "mail_send": {
            "transport": "smtp", "host": "relay.contoso.example", "port": 25, "tls": "starttls", "username": "ici",
            "password": "relays~s3cret", "from": "contracts@contoso.example",
        },
    },
    "bus": {
        **SHARED, "mail_product": "integration_server", "mail_app": application("bus"),
        "mail_verify": {**SHARED["mail_verify"], "refused_mailbox": None},
        "mail_send": {"transport": "smtp", "from": "orders@contoso.example"},
        "mail_receive": {"transport": "imap", "mailbox": "orders@contoso.example"},
        "mail_integration_server": {
            "url": "https://bus.contoso.example:5543/", "username": "automation", "password": "administrators~s3cret",
            "alias": "orders", "package": "Orders", "global_service": "orders.inbox:receive",
            "run_as_user": "Administrator", "authenticate_with_message": False,
        },
    },
}


def plan() -> dict[str, Any]:
    store = {"kind": "hashi_vault", "connection": {"variable": "mail_store_hashi_vault", "host": "desk"}}
    hosts = {
        name: Host({one: value for one, value in said.items() if value is not None}, (), store, "one")
        for name, said in HOSTS.items()
    }
    work: dict[str, Any] = draw(hosts, hosts, {})
    assert not [about["msg"] for about in work["hosts"].values() if about["failed"]]
    return work


def test_nothing_refers_to_a_credential_of_the_tenant_or_to_where_it_is() -> None:
    work = rehearsed(plan(), SCENE)
    told = json.dumps({name: work[name] for name in ("applications", "deliveries")})
    for theirs in (
        "mail_entra", "mail_exchange", "mail_verify", "mail_store", "caller", "their-reader", "mail_send.password",
        "relay.contoso.example", "mail_integration_server",
    ):
        assert theirs not in told, theirs
    assert {one["store"]["path"] for one in work["applications"]} == {"/scratch/credentials.yml"}
    for name in ("AZURE_CLIENT_SECRET", "M365_SANDBOX_READER_CLIENT_SECRET"):
        assert f"{SANDBOX}.{name}" in told
    assert {one["send"]["web"]["url"] for one in work["deliveries"] if "web" in one.get("send", {})} == {
        "https://localhost:9/invoke/pub.client/smtp",
    }


def test_servers_are_only_looked_at_and_get_the_settings_of_the_real_run() -> None:
    real, work = plan()["hosts"], rehearsed(plan(), SCENE)["hosts"]
    for host, about in work.items():
        assert about["overlay"] == f"/scratch/servers/{host}.json"
        assert (about["restart_command"], about["loads"], about["backup"]) == ([], [], False)
        assert [one["settings"] for one in about["targets"]] == [one["settings"] for one in real[host]["targets"]]
    assert work["desk"]["targets"] == real["desk"]["targets"]
    [port] = work["bus"]["targets"]
    assert {port["url"], port["create_url"], port["activate"]["url"], port["described_at"]["url"]} == {
        "https://localhost:9/admin/port/email/orders", "https://localhost:9/admin/port/email",
        "https://localhost:9/admin/port/email/orders?action=enable", "https://localhost:9/admin/swagger/integrationServer",
    }
    assert port["name"] == "orders at https://bus.contoso.example:5543"
    assert port["authentication"]["username"] == "Administrator"


def test_a_relay_is_the_sandboxs_own() -> None:
    [mail] = [one for one in rehearsed(plan(), SCENE)["deliveries"] if one["host"] == "relayed"]
    assert mail["send"] == {
        "transport": "smtp", "authentication": "basic", "host": "127.0.0.1", "tls": "none", "username": "apikey",
        "port": int(PORTS["M365_SANDBOX_RELAY_PORT"]),
        "password": {"variable": f"{SANDBOX}.M365_SANDBOX_RELAY_PASSWORD", "host": "relayed"},
    }


def test_the_tenant_has_the_addresses_that_the_plan_names() -> None:
    seed = seed_of(plan(), {})
    assert sorted(one["userPrincipalName"] for one in seed["users"]) == [
        f"{name}@contoso.example" for name in ("contracts", "desk", "director", "orders", "probe")
    ]
    assert seed["mailbox-permissions"] == [
        {"Identity": "probe@contoso.example", "User": "Mail reader", "AccessRights": ["FullAccess"]},
    ]
    assert domains_of(seed) == ["contoso.example"]


def test_what_the_operator_says_of_an_address_counts() -> None:
    theirs = {"users": [
        {"userPrincipalName": "Orders@contoso.example", "licensed": False},
        {"userPrincipalName": "boss@fabrikam.example", "aliases": ["director@contoso.example"]},
    ], "transport-config": {"SmtpClientAuthenticationDisabled": True}}
    seed = seed_of(plan(), theirs)
    assert seed["users"][:2] == theirs["users"]
    assert sorted(one["userPrincipalName"] for one in seed["users"][2:]) == [
        f"{name}@contoso.example" for name in ("contracts", "desk", "probe")
    ]
    assert (seed["mailboxes"], seed["transport-config"]) == ({}, theirs["transport-config"])
    assert domains_of(seed) == ["contoso.example", "fabrikam.example"]


def test_a_secret_is_left_alone_wherever_it_stands() -> None:
    assert masked("mail_entra", {"client_secret": "{{ vault }}", "tenant_id": "{{ tenant }}"}) == {
        "client_secret": NOT_READ, "tenant_id": "{{ tenant }}",
    }
    assert masked("mail_verify", {"receive": {"client_id": "{{ vault.id }}", "transport": "graph"}}) == {
        "receive": {"client_id": NOT_READ, "transport": "graph"},
    }
    assert masked("mail_xcally", {"authentication": {"username": "{{ vault.name }}"}}) == {
        "authentication": {"username": NOT_READ},
    }
    assert masked("mail_store_hashi_vault", {"token": "{{ vault }}"}) == {"token": NOT_READ}
    assert masked("mail_verify", "{{ everywhere }}") == "{{ everywhere }}"
    assert masked("mail_entra", {"client_secret": None}) == {"client_secret": None}
