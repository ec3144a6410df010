"""An application that the store holds and no host uses any more is told of, until it is removed."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate, Run

SWITCHED, OTHER = "ici-test-1", "tas-test-1"
UNUSED, USED = "contracts-mail-test", "tickets-mail-test"
COMMAND = re.compile(rf"ansible-playbook mailops\.modern_auth\.remove_mail (-i \S+ )+-e mail_unused={UNUSED}")
RELAY = {
    "mail_send": {
        "transport": "smtp", "host": "{{ sandbox.M365_SANDBOX_HOST }}", "tls": "none",
        "port": "{{ sandbox.M365_SANDBOX_RELAY_PORT }}", "from": "contracts-test@contoso.example",
        "username": "{{ sandbox.M365_SANDBOX_RELAY_USER }}", "password": "{{ sandbox.M365_SANDBOX_RELAY_PASSWORD }}",
    },
}


def told(done: Run) -> bool:
    """Whether the run said it, with the command."""
    _before, _said, then = " ".join(done.output.split()).partition(
        f"The store holds {UNUSED}, which no host of the inventory uses"
    )
    return COMMAND.search(then) is not None


def stored(estate: Estate) -> set[str]:
    """The applications that the store holds, read past the collection."""
    vault = VaultLib([("default", VaultSecret((estate.directory / "vault-password").read_bytes()))])
    content = yaml.safe_load(vault.decrypt((estate.directory / "credentials" / "test.yml").read_bytes()))
    return set(content["applications"])


def test_it_is_told_with_the_command_that_removes_it(estate: Estate, tmp_path: Path) -> None:
    assert estate.set_up("--limit", f"{SWITCHED},{OTHER}", "--tags", "identity").code == 0
    # Alone, the host that is switched is the only one that knows the store.
    further = ("--limit", SWITCHED, *estate.hosts(ici_test_1=RELAY))
    done = estate.set_up(*further)
    assert (done.code, told(done), done.results[SWITCHED]) == (0, True, "delivered"), done.output
    before = estate.footprint()
    [application] = before.applications(UNUSED)
    assert len(application["passwordCredentials"]) == 1
    assert before.mail_settings(SWITCHED)["provider"] == "MAILKIT"
    for playbook in ("rotate_secrets", "report_credentials"):
        done = estate.set_up(*further, "-e", f"mail_credentials_folder={tmp_path}", playbook=playbook)
        assert (done.code, told(done)) == (0, True), done.output
    assert estate.footprint() == before

    # Another host has another store, which holds nothing of it.
    both = ("--limit", f"{SWITCHED},ici-prod-1", *further[2:])
    done = estate.set_up(*both, "-e", f"mail_unused={USED}", playbook="remove_mail")
    assert (done.code, len(done.failed), estate.footprint()) == (2, 2, before), done.output
    assert f"mail_unused: hosts of the inventory use {USED}." in " ".join(done.output.split())
    done = estate.set_up(*both, "-e", f"mail_unused={UNUSED}", "--check", playbook="remove_mail")
    assert (done.code, estate.footprint()) == (0, before), done.output
    done = estate.set_up(*both, "-e", f"mail_unused={UNUSED}", playbook="remove_mail")
    assert (done.code, done.changed, told(done)) == (0, 1, False), done.output
    assert done.results == {SWITCHED: "removed", "ici-prod-1": "nothing to remove"}
    assert done.table[SWITCHED]["application"] == UNUSED
    now = estate.footprint()
    assert (now.applications(UNUSED), len(now.applications(USED)), stored(estate)) == ([], 1, {USED})
    assert now.configuration(SWITCHED) == before.configuration(SWITCHED)
    again = estate.set_up(*further)
    assert (again.code, again.changed, told(again)) == (0, 0, False), again.output


def test_what_exchange_knew_of_it_goes_with_it(estate: Estate) -> None:
    assert estate.set_up("--limit", OTHER, "--tags", "identity,access").code == 0
    [application] = estate.footprint().applications(USED)
    in_exchange = estate.footprint().administered()["exchange_service_principals"]
    assert application["appId"] in in_exchange
    # Its only host is gone.
    further = ("--limit", SWITCHED, *estate.hosts(tas_test_1={"mail_product": None}))
    done = estate.set_up(*further, "-e", f"mail_unused={USED}", playbook="remove_mail")
    assert (done.code, done.results) == (0, {SWITCHED: "removed"}), done.output
    now = estate.footprint()
    assert now.applications(USED) == []
    del in_exchange[application["appId"]]
    assert now.administered()["exchange_service_principals"] == in_exchange
