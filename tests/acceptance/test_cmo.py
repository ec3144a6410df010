"""CMO on two servers, with an application that sends and one that reads three mailboxes; tenant and files judge."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estates import Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

HOSTS = ("cmo-own-1", "cmo-own-2")
#: For this one a person has to sign in.
PUBLIC = "cmo-own-3"
#: This one sends and receives with Google.
GOOGLE = "cmo-own-4"
ORDERS, RETURNS = "orders@fabrikam.example", "returns@fabrikam.example"
DIRECTOR = "director@contoso.example"
SENDS, RECEIVES = "contracts@contoso.example", "contracts-test@contoso.example"
ACTIONS, DOCUMENTS = "tickets@contoso.example", "tickets-test@contoso.example"
WEB_CONFIG = b"""\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r
<configuration>\r
  <appSettings>\r
    <!-- of the people who run it -->\r
    <add key="Mail.Sending.ServerType" value="Smtp" />\r
    <add key="mail.sending.smtp.password" value="old~password" />\r
    <add key="aspnet:MaxJsonDeserializerMembers" value="2000" />\r
  </appSettings>\r
</configuration>\r
"""
PLACE = "Microsoft365.ConfidentialApp"
NIGHT = ("-e", "mail_rotation_force=true")


@dataclass(frozen=True)
class Settled:
    """The estate after all runs, and what stood there after each."""

    estate: Estate
    first: Run
    between: Footprint
    second: Run
    after: Footprint
    verified: Run
    rotated: Run
    rotation: Footprint
    reported: Run

    def settings(self, now: Footprint, host: str) -> dict[str, str]:
        """The appSettings of a server, by a reader that is not ours."""
        tree = ET.fromstring(now.files[f"servers/{host}/web.config"])
        return {str(one.get("key")): str(one.get("value")) for one in tree.iterfind("appSettings/add")}


def variables(folder: Path, estate: Estate) -> dict[str, Any]:
    """What the operator writes for a server."""
    reads = {"app": "cmo-reads-test"}
    return {
        "groups": ["test"], "mail_product": "cmo",
        "mail_app": {"unique_name": "cmo-sends-test", "name": "CMO sends"},
        "mail_apps": [{"unique_name": "cmo-reads-test", "name": "CMO reads"}],
        "mail_access": {"scope": "mailboxes"},
        "mail_send": {"transport": "graph", "from": SENDS},
        "mail_receive": {"transport": "graph", "mailbox": RECEIVES, **reads},
        "mail_cmo": {
            "path": str(folder / "web.config"), "integration_type": "Confidential",
            "new_action": {"mailbox": ACTIONS}, "document_import": {"mailbox": DOCUMENTS},
        },
        "mail_restart_command": ["touch", str(folder / "restarted")],
        "mail_verify": {"recipient": "probe@contoso.example", "receive": estate.reader(), "refused_mailbox": DIRECTOR},
    }


def for_people(folder: Path, estate: Estate) -> dict[str, Any]:
    """What the operator writes for a server for which a person signs in."""
    (folder / "tool.exe.config").write_bytes(b"<configuration><appSettings /></configuration>")
    return {
        "groups": ["test"], "mail_product": "cmo", "mail_app": {"unique_name": "cmo-people-test", "name": "CMO people"},
        "mail_send": {"transport": "graph", "from": SENDS},
        "mail_receive": {"transport": "graph", "mailbox": RECEIVES},
        "mail_cmo": {
            "path": str(folder / "web.config"), "integration_type": "Public", "redirect_uri": "http://localhost",
            "cache_folder": str(folder / "cache"), "token_helper": str(folder / "tool.exe"),
        },
        "mail_restart_command": ["touch", str(folder / "restarted")],
        "mail_verify": {"recipient": "probe@contoso.example", "receive": estate.reader()},
    }


def with_google(folder: Path, estate: Estate) -> dict[str, Any]:
    """What the operator writes for a server whose mailboxes are Google's."""
    env = estate.sandbox.env
    server = {"authentication": "google_service_account", "host": env["M365_SANDBOX_HOST"]}
    return {
        "groups": ["test"], "mail_product": "cmo",
        "mail_send": {"transport": "smtp", "from": ORDERS, "port": int(env["M365_SANDBOX_GMAIL_SMTP_PORT"]), **server},
        "mail_receive": {
            "transport": "imap", "mailbox": RETURNS, "port": int(env["M365_SANDBOX_GMAIL_IMAP_PORT"]), **server,
        },
        "mail_google": {
            "unique_name": "cmo-google-test", "key_file": env["M365_SANDBOX_GOOGLE_KEY_FILE"],
            "token_uri": env["MAILOPS_GOOGLE_TOKEN_URI"], "server_path": str(folder / "google.json"),
        },
        "mail_cmo": {"path": str(folder / "web.config")},
        "mail_restart_command": ["touch", str(folder / "restarted")],
        "mail_verify": {"recipient": "probe@contoso.example", "receive": estate.reader()},
    }


@pytest.fixture(scope="module")
def settled(sandbox: RunningSandbox, home: Path) -> Settled:
    estate = Estate(sandbox, home)
    estate.empty()
    hosts = {}
    everybody = (*HOSTS, PUBLIC, GOOGLE)
    for host in everybody:
        folder = estate.directory / "servers" / host
        folder.mkdir(parents=True)
        (folder / "web.config").write_bytes(WEB_CONFIG)
        said = {PUBLIC: for_people, GOOGLE: with_google}.get(host, variables)
        hosts[host.replace("-", "_")] = said(folder, estate)
    limit = [*estate.hosts(**hosts), "--limit", ",".join(everybody)]
    first = estate.set_up(*limit, "--diff", "-e", "mail_report_file=mail.json")
    between = estate.footprint()
    second = estate.set_up(*limit)
    after = estate.footprint()
    verified = estate.set_up(*limit, playbook="verify_mail")
    rotated = estate.set_up(*limit, *NIGHT, playbook="rotate_secrets")
    rotation = estate.footprint()
    reported = estate.set_up(
        *limit, "-vvv", "-e", f"mail_credentials_folder={home / 'credentials'}", playbook="report_credentials"
    )
    return Settled(estate, first, between, second, after, verified, rotated, rotation, reported)


def test_every_way_is_proved_by_a_mail_and_the_director_is_refused_to_both(settled: Settled) -> None:
    assert settled.first.code == 0, settled.first.output
    assert {host: settled.first.table[host] for host in HOSTS} == {
        host: {
            "environment": "test", "product": "cmo", "application": "CMO sends, CMO reads",
            "granted in Exchange": "Application Mail.Send, Application Mail.Read, Application Mail.ReadWrite",
            "sent through": "graph (oauth2)", "received through": "graph (oauth2)",
            "refused for others": "graph, reading graph; no permission: reading graph, graph", "result": "delivered",
        } for host in HOSTS
    }
    report = json.loads((settled.estate.home / "mail.json").read_text("utf-8"))["hosts"]
    assert [{one["name"]: one["result"] for one in row["deliveries"]} for row in report if row["host"] in HOSTS] == [{
        f"{SENDS} to probe@contoso.example": "delivered",
        **{f"{SENDS} to {one}, read as the product reads it": "delivered" for one in (RECEIVES, ACTIONS, DOCUMENTS)},
        **{
            f"{DIRECTOR} is {way} to {app} by graph": "refused"
            for app in ("cmo-sends-test", "cmo-reads-test") for way in ("refused", "not shown")
        },
    }] * 2


def test_each_application_has_its_own_secret_and_what_its_own_mailboxes_need(settled: Settled) -> None:
    roles: dict[str, set[str]] = {}
    for one in settled.between.objects("management_role_assignments"):
        roles.setdefault(one["App"], set()).add(one["Role"])
    granted = {}
    for unique_name in ("cmo-sends-test", "cmo-reads-test"):
        [application] = settled.between.applications(unique_name)
        assert len(application["passwordCredentials"]) == 1
        principals = settled.between.objects("service_principals")
        [principal] = [one["id"] for one in principals if one["appId"] == application["appId"]]
        granted[unique_name] = roles[principal]
    assert granted == {
        "cmo-sends-test": {"Application Mail.Send"},
        "cmo-reads-test": {"Application Mail.Read", "Application Mail.ReadWrite"},
    }


def test_each_mailbox_is_configured_and_inherits_what_is_the_same(settled: Settled) -> None:
    [sends] = settled.between.applications("cmo-sends-test")
    [reads] = settled.between.applications("cmo-reads-test")
    users = {one["mail"]: one["id"] for one in settled.between.objects("users") if one.get("mail")}
    for host in HOSTS:
        found = settled.settings(settled.between, host)
        secrets = {found.pop(f"Mail.{name}.{PLACE}.Secret") for name in ("Sending", "Receiving")}
        assert len(secrets) == 2
        tenant = settled.estate.sandbox.env["AZURE_TENANT_ID"]
        assert found == {
            "aspnet:MaxJsonDeserializerMembers": "2000",
            **{
                f"Mail.{name}.{key}": value for name, app, mailbox in (
                    ("Sending", sends, SENDS), ("Receiving", reads, RECEIVES),
                ) for key, value in {
                    "ServerType": "Microsoft365", "Microsoft365.IntegrationType": "Confidential",
                    f"{PLACE}.ClientId": app["appId"], f"{PLACE}.TenantId": tenant,
                    f"{PLACE}.UserObjectId": users[mailbox],
                }.items()
            },
            f"Mail.NewAction.EmailClient.{PLACE}.UserObjectId": users[ACTIONS],
            f"Mail.DocumentImport.EmailClient.{PLACE}.UserObjectId": users[DOCUMENTS],
        }
        assert b"<!-- of the people who run it -->\r\n" in settled.between.files[f"servers/{host}/web.config"]
        assert not [secret for secret in (*secrets, "old~password") if secret in settled.first.output]


def test_the_second_run_changes_nothing_and_the_configuration_is_proved_as_it_is(settled: Settled) -> None:
    assert settled.second.code == 0, settled.second.output
    assert settled.second.changed == 0
    assert settled.after == settled.between
    assert settled.verified.code == 0, settled.verified.output
    assert settled.verified.results == {
        **dict.fromkeys((*HOSTS, GOOGLE), "delivered"), PUBLIC: "authorization required",
    }


def test_a_rotation_renews_both_secrets_on_both_servers(settled: Settled) -> None:
    assert settled.rotated.code == 0, settled.rotated.output
    before, after = (
        [settled.settings(now, host) for host in HOSTS] for now in (settled.after, settled.rotation)
    )
    for name in ("Sending", "Receiving"):
        key = f"Mail.{name}.{PLACE}.Secret"
        [old], [new] = ({one[key] for one in some} for some in (before, after))
        assert old != new
        assert new not in settled.rotated.output
    assert {name: value for name, value in before[0].items() if not name.endswith(".Secret")} == {
        name: value for name, value in after[0].items() if not name.endswith(".Secret")
    }


def test_a_person_has_to_sign_in_for_a_public_client_and_the_other_hosts_go_on(settled: Settled) -> None:
    row = settled.first.table[PUBLIC]
    assert (row["application"], row["result"]) == ("CMO people", "authorization required")
    assert row["not proven"] == "sending (a token cache on the server), receiving (a token cache on the server)"
    folder = settled.estate.directory / "servers" / PUBLIC
    said = " ".join(line.strip() for line in settled.first.report)
    assert f"run `{folder / 'tool.exe'}` and sign in with {SENDS}, {RECEIVES}" in said
    [application] = settled.between.applications("cmo-people-test")
    assert application["passwordCredentials"] == []
    assert application["publicClient"]["redirectUris"] == ["http://localhost"]
    found = settled.settings(settled.between, PUBLIC)
    assert found["Mail.Sending.Microsoft365.PublicApp.ClientId"] == application["appId"]
    assert found["MSAL.Cache.FileName"] == "cmo_msal_cache.dat"
    helper = ET.fromstring(settled.between.files[f"servers/{PUBLIC}/tool.exe.config"])
    assert {one.get("key"): one.get("value") for one in helper.iterfind("appSettings/add")} == {
        "ClientId": application["appId"], "TenantId": settled.estate.sandbox.env["AZURE_TENANT_ID"],
        "RedirectUri": "http://localhost", "CacheFileName": "cmo_msal_cache.dat",
        "CacheDirectory": str(folder / "cache"),
    }
    assert "nothing to rotate" in settled.rotated.output


def test_googles_mailboxes_are_opened_by_a_service_account_whose_key_is_on_the_server(settled: Settled) -> None:
    row = settled.first.table[GOOGLE]
    assert (row["result"], row["sent through"]) == ("delivered", "smtp (google_service_account)")
    assert row["received through"] == "graph (oauth2), imap (google_service_account)"
    env = settled.estate.sandbox.env
    key = settled.between.files[f"servers/{GOOGLE}/google.json"]
    assert json.loads(key) == json.loads(Path(env["M365_SANDBOX_GOOGLE_KEY_FILE"]).read_bytes())
    found = settled.settings(settled.between, GOOGLE)
    path = str(settled.estate.directory / "servers" / GOOGLE / "google.json")
    for place, user in (("Mail.Sending.Smtp", ORDERS), ("Mail.Receiving.Imap", RETURNS)):
        assert {name: found[f"{place}.{name}"] for name in (
            "AuthType", "GoogleOAuth2.CertificatePath", "GoogleOAuth2.ServiceAccount", "GoogleOAuth2.GsuiteUser",
        )} == {
            "AuthType": "GoogleOAuth2", "GoogleOAuth2.CertificatePath": path, "GoogleOAuth2.GsuiteUser": user,
            "GoogleOAuth2.ServiceAccount": env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"],
        }
    assert not [name for name in found if name.lower().endswith("password")]


def test_googles_key_is_listed_and_left_to_people(settled: Settled) -> None:
    assert settled.reported.code == 0, settled.reported.output
    env = settled.estate.sandbox.env
    file = env["M365_SANDBOX_GOOGLE_KEY_FILE"]
    content = json.loads(Path(file).read_bytes())
    folder = settled.estate.home / "credentials"
    [told] = [
        one for one in json.loads((folder / "credentials.json").read_text("utf-8"))["applications"]
        if one["unique_name"] == "cmo-google-test"
    ]
    assert told["state"] == "ok"
    assert GOOGLE in told["hosts"]
    [key] = told["credentials"]
    assert {name: key[name] for name in ("key_id", "kind", "display_name", "end", "source", "next")} == {
        "key_id": content["private_key_id"], "kind": "JSON key", "end": None, "source": file, "next": None,
        "display_name": env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"],
    }
    line = f"cmo-google-test: The JSON key {content['private_key_id']} of {key['display_name']} ({file}): no expiry."
    assert f"{line} It is replaced by hand." in re.sub(r"\s+", " ", settled.rotated.output)
    pages = [(folder / f"credentials.{kind}").read_text("utf-8") for kind in ("json", "html")]
    secret = content["private_key"].splitlines()[1]
    assert not [text for text in (*pages, settled.reported.output, settled.rotated.output) if secret in text]
