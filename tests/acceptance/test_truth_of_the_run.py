"""What a run tells is so: restarts, what the environment says, who is left out, and what comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from estates import HOSTS, Estate

ICI, RELAYED, FARM, ASSISTANT = "ici-test-1", "ici-test-2", ("ici-prod-1", "ici-prod-2"), "tas-test-1"
HURRIED = Path(__file__).parent / "hurried"
LEFT_OUT = "Left out, since no mail_product is set for them: "


def local_js(estate: Estate) -> str:
    """What Team assistant's standard backend is configured with."""
    return (estate.directory / "servers" / ASSISTANT / "standard" / "local.js").read_text()


# -- a restart comes before the proof --------------------------------------------------------------------------------


def test_a_restart_that_fails_is_made_up_for_before_anything_is_proven(estate: Estate, tmp_path: Path) -> None:
    restarted = tmp_path / "restarted"
    failing = estate.hosts(ici_test_1={"mail_restart_command": ["sh", "-c", "echo no such service >&2; exit 5"]})
    broken = estate.set_up("--limit", ICI, *failing)
    assert (broken.code, broken.failed, broken.results) == (2, [ICI], {ICI: "FAILED at restart"})
    assert "no such service" in " ".join(broken.output.split())
    written = estate.footprint()
    assert written.mail_settings(ICI)["provider"] == "GRAPH"
    assert estate.sent_mails() == 0

    working = estate.hosts(ici_test_1={"mail_restart_command": ["touch", str(restarted)]})
    mended = estate.set_up("--limit", ICI, *working)
    assert (mended.code, mended.results) == (0, {ICI: "delivered"}), mended.output
    assert mended.changed == 1
    assert restarted.exists()
    assert estate.footprint().configuration(ICI) == written.configuration(ICI)
    assert estate.sent_mails() == 1

    restarted.unlink()
    again = estate.set_up("--limit", ICI, *working)
    assert (again.code, again.changed, restarted.exists()) == (0, 0, False), again.output


# -- what the environment says holds for everything -----------------------------------------------------------------


def test_the_environment_reaches_the_product_as_it_reaches_the_proof(estate: Estate) -> None:
    env = estate.sandbox.env
    signs_in = {"client_id": env["AZURE_CLIENT_ID"], "client_secret": env["AZURE_CLIENT_SECRET"]}
    further = ("--limit", ASSISTANT, *estate.hosts(all={}, tas_test_1={"mail_entra": signs_in}))
    said = {
        name: env[name]
        for name in ("AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "MAILOPS_GRAPH_ENDPOINT", "MAILOPS_CA_FILE")
    }
    done = estate.set_up(*further, **said)
    assert (done.code, done.results) == (0, {ASSISTANT: "delivered"}), done.output
    assert env["AZURE_AUTHORITY_HOST"] in local_js(estate)
    assert "login.microsoftonline.com" not in local_js(estate)

    send = {"transport": "smtp", "from": "tickets-test@contoso.example"}
    elsewhere = ("--limit", ASSISTANT, *estate.hosts(tas_test_1={"mail_entra": signs_in, "mail_send": send}))
    cloud = {"AZURE_TENANT_ID": env["AZURE_TENANT_ID"], "MAILOPS_CLOUD": "us_government"}
    done = estate.set_up(*elsewhere, "--tags", "provider", "--skip-tags", "preflight", **cloud)
    assert done.code == 0, done.output
    assert "https://login.microsoftonline.us/" in local_js(estate)
    assert "smtp.office365.us" in local_js(estate)


# -- before anything is set up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("playbook", "arguments", "step"),
    [("setup_mail", ("--tags", "delivery"), "delivery"), ("verify_mail", (), "provider")],
)
def test_a_proof_before_anything_is_set_up(
    estate: Estate, playbook: str, arguments: tuple[str, ...], step: str
) -> None:
    before = estate.footprint()
    done = estate.set_up("--limit", ICI, *arguments, playbook=playbook)
    assert (done.code, done.failed, done.results) == (2, [ICI], {ICI: f"FAILED at {step}"})
    said = " ".join(done.output.split())
    assert "The store holds no credentials of the application 'contracts-mail-test'." in said
    assert "Run the step identity first." in said
    assert estate.footprint() == before
    assert estate.sent_mails() == 0


def test_a_configuration_that_somebody_has_changed_is_not_proven(estate: Estate) -> None:
    done = estate.set_up("--limit", ICI, "--tags", "identity,provider")
    assert (done.code, done.results) == (0, {ICI: "configured, not verified"}), done.output
    file = estate.server_file(ICI)
    file.write_bytes(file.read_bytes().replace(b"contracts-test@contoso.example", b"somebody@contoso.example"))
    before = estate.footprint()
    done = estate.set_up("--limit", ICI, playbook="verify_mail")
    assert (done.code, done.failed, done.results) == (2, [ICI], {ICI: "FAILED at provider"})
    assert f"The configuration is not what the settings say ({file}), so a mail would prove nothing." in " ".join(
        done.output.split()
    )
    assert (estate.footprint(), estate.sent_mails()) == (before, 0)


def test_the_mailbox_of_the_proof_is_looked_up_before_anything_is_touched(estate: Estate) -> None:
    before = estate.footprint()
    further = estate.hosts(ici_test_1={"mail_verify": {
        "recipient": "unlicensed@contoso.example",
        "receive": {"transport": "graph", "tenant_id": "t", "client_id": "c", "client_secret": "s3cret"},
    }})
    done = estate.set_up("--limit", ICI, *further)
    assert (done.code, done.results) == (2, {ICI: "FAILED at preflight"})
    assert "mail_verify.recipient: unlicensed@contoso.example has no mailbox in Exchange Online" in " ".join(
        done.output.split()
    )
    assert estate.footprint() == before


# -- who it is for ---------------------------------------------------------------------------------------------------


def test_hosts_without_mail_are_left_out_with_one_line(estate: Estate) -> None:
    further = estate.hosts(stranger={}, localhost={"ansible_connection": "local"})
    done = estate.set_up("--limit", f"{RELAYED},stranger,localhost", *further)
    assert (done.code, done.results) == (0, {RELAYED: "delivered"}), done.output
    [line] = [line for line in done.output.splitlines() if line.startswith(LEFT_OUT)]
    assert sorted(line.removeprefix(LEFT_OUT).partition(". (")[0].split(", ")) == ["localhost", "stranger"]
    assert "mail_hosts names the hosts that the playbook is for" in line
    only = estate.set_up(*further, "--tags", "plan", "-e", f"mail_hosts={RELAYED}")
    assert (only.code, list(only.recap), LEFT_OUT in only.output) == (0, [RELAYED], False)


def test_a_misspelt_variable_is_told_with_the_nearest_one(estate: Estate) -> None:
    before = estate.footprint()
    wrong = {"mail_verfy": {}, "mail_backupp": True, "mail_sned": {}, "mail_host": "what other roles mean by it"}
    done = estate.set_up("--limit", f"{ICI},{RELAYED}", *estate.hosts(ici_test_1=wrong))
    assert (done.code, done.failed, done.results) == (2, [ICI], {ICI: "FAILED at plan", RELAYED: "delivered"})
    said = " ".join(done.output.split())
    for name, nearest in (("mail_verfy", "mail_verify"), ("mail_backupp", "mail_backup"), ("mail_sned", "mail_send")):
        assert f"{name}: unknown; did you mean {nearest}?" in said
    assert "mail_host:" not in said
    now = estate.footprint()
    assert now.configuration(ICI) == before.configuration(ICI)
    assert now.objects("applications") == before.objects("applications")


def test_a_tag_that_no_step_has_is_told_with_the_nearest_one(estate: Estate) -> None:
    before = estate.footprint()
    done = estate.set_up("--limit", ICI, "--tags", "idenity", "--skip-tags", "delivery,acess")
    assert (done.code, done.results) == (0, {ICI: "not verified"}), done.output
    for option, nearest in (("--tags idenity", "identity"), ("--skip-tags acess", "access")):
        [line] = [line for line in done.output.splitlines() if line.startswith(f"{option}:")]
        assert f"did you mean {nearest}?" in line
    assert "--skip-tags delivery" not in done.output
    assert estate.footprint() == before


# -- the same whatever ansible.cfg says --------------------------------------------------------------------------------


def test_strategy_forks_and_fact_caches_make_no_difference(estate: Estate, tmp_path: Path) -> None:
    cached = {
        "ANSIBLE_STRATEGY": "free", "ANSIBLE_GATHERING": "smart", "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path),
    }
    first = estate.set_up("--limit", "ici", "--forks", "1", **cached)
    assert (first.code, first.results) == (0, dict.fromkeys(HOSTS, "delivered")), first.output
    between = estate.footprint()
    assert [len(between.applications(name)) for name in ("contracts-mail-test", "contracts-mail-prod")] == [1, 1]
    second = estate.set_up("--limit", "ici", "--forks", "50", **cached)
    assert (second.code, second.changed, second.results) == (0, 0, first.results), second.output
    assert estate.footprint() == between


# -- services that want time ------------------------------------------------------------------------------------------


def test_minutes_that_a_service_asks_for_are_waited_and_said(estate: Estate) -> None:
    """Graph has been seen to ask for 315 s, more than the 180 s that Microsoft's own middleware waits at most."""
    for fault in (
        {"face": "identity", "kind": "unavailable"}, {"face": "graph", "kind": "throttle"},
        {"face": "graph", "kind": "throttle", "path": "addPassword$"},
        {"face": "graph", "kind": "throttle", "path": "sendMail$"},
    ):
        estate.sandbox.control("POST", "/faults", {**fault, "count": 1, "retry_after": "315"})
    done = estate.set_up("--limit", ICI, PYTHONPATH=str(HURRIED))
    assert (done.code, done.results) == (0, {ICI: "delivered"}), done.output
    said = " ".join(done.output.split())
    assert said.count("asks for 315 s; waiting.") == 4, done.output
    refused = [(face, entry["status"]) for face in ("identity", "graph") for entry in estate.sandbox.requests(face)]
    assert (refused.count(("identity", 503)), refused.count(("graph", 429))) == (1, 3)
    now = estate.footprint()
    [application] = now.applications("contracts-mail-test")
    [secret] = application["passwordCredentials"]
    assert now.mail_settings(ICI)["configuration"]["ClientSecret"].startswith(secret["hint"])
    assert estate.sent_mails() == 1


# -- how it ends -------------------------------------------------------------------------------------------------------


def test_a_host_that_cannot_be_reached_says_so(estate: Estate) -> None:
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    # Hosts do not depend on each other, whatever ansible.cfg says.
    one = estate.set_up("--limit", f"{ICI},{RELAYED}", *estate.hosts(ici_test_1=gone), ANSIBLE_ANY_ERRORS_FATAL="true")
    assert one.results == {ICI: "UNREACHABLE", RELAYED: "delivered"}, one.output
    assert {host: numbers["unreachable"] for host, numbers in one.recap.items()} == {ICI: 1, RELAYED: 0}
    assert one.code != 0
    # Nothing is made for a host that nobody can configure.
    assert estate.footprint().applications("contracts-mail-test") == []
    every = estate.set_up("--limit", f"{ICI},{RELAYED}", *estate.hosts(ici_test_1=gone, ici_test_2=gone))
    assert every.results == {ICI: "UNREACHABLE", RELAYED: "UNREACHABLE"}, every.output
    assert {host: numbers["unreachable"] for host, numbers in every.recap.items()} == {ICI: 1, RELAYED: 1}
    assert every.code != 0


def test_a_removal_needs_no_proof_and_ends_with_a_table(estate: Estate) -> None:
    assert estate.set_up("--limit", ICI, "--tags", "identity").code == 0
    further = estate.hosts(ici_test_1={"mail_verify": {"recipient": "nobody"}})
    done = estate.set_up("--limit", ICI, *further, playbook="remove_mail")
    assert (done.code, done.results) == (0, {ICI: "removed"}), done.output
    assert done.recap[ICI]["changed"] == 1
    assert estate.footprint().applications("contracts-mail-test") == []


def test_one_host_takes_few_tasks_and_two_screens(estate: Estate) -> None:
    done = estate.set_up("--limit", ASSISTANT)
    assert done.code == 0, done.output
    assert len(done.output.splitlines()) <= 100
    assert max(map(len, done.report)) + 8 <= 104
    assert done.tasks[ASSISTANT] <= 14


def test_the_report_is_a_file_for_a_change_ticket(estate: Estate) -> None:
    pages = {kind: estate.home / "tickets" / f"report.{kind}" for kind in ("json", "md", "html")}
    # The proof's mail stays, so that it can be looked for.
    mail_verify = {"recipient": "probe@contoso.example", "cleanup": False, "receive": estate.reader()}
    further = ("--limit", ICI, *estate.hosts(ici_test_1={"mail_verify": mail_verify}))
    done = estate.set_up(*further, "-e", f"mail_report_file={pages['json']}")
    assert done.code == 0, done.output
    report = json.loads(pages["json"].read_text())
    [host] = report["hosts"]
    assert (host["host"], host["result"], host["sent through"]) == (ICI, "delivered", "graph (oauth2)")
    [delivery] = host["deliveries"]
    assert delivery["message_id"] in estate.message_ids("probe@contoso.example")
    for kind in ("md", "html"):
        before = estate.message_ids("probe@contoso.example")
        done = estate.set_up(*further, "-e", f"mail_report_file={pages[kind]}", playbook="verify_mail")
        assert done.code == 0, done.output
        text = pages[kind].read_text().replace("&lt;", "<").replace("&gt;", ">")
        [new] = estate.message_ids("probe@contoso.example") - before
        assert new in text
        assert "delivered" in text
