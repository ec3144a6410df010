"""Two runs at once, and a run that was killed: one application, one secret, which the store knows."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate, Run

FARM = ("ici-prod-1", "ici-prod-2")
NAME = "contracts-mail-prod"


def start(estate: Estate, *arguments: str) -> subprocess.Popen[str]:
    """The main job, on its own."""
    return subprocess.Popen(
        estate.command(*arguments), env=estate.environment(), cwd=estate.home, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )


def stored(estate: Estate) -> dict[str, str]:
    """The current credential of the application, as the store has it, read past the collection."""
    vault = VaultLib([("default", VaultSecret((estate.directory / "vault-password").read_bytes().strip()))])
    content = yaml.safe_load(vault.decrypt((estate.directory / "credentials" / "prod.yml").read_bytes()))
    current: dict[str, str] = content["applications"][NAME]["current"]
    return current


def assert_one_of_everything(estate: Estate) -> None:
    """One application with one secret, which the store knows and every server has."""
    now = estate.footprint()
    [application] = now.applications(NAME)
    [secret] = application["passwordCredentials"]
    kept = stored(estate)
    assert kept["key_id"] == secret["keyId"]
    for host in FARM:
        assert now.mail_settings(host)["configuration"]["ClientSecret"] == kept["secret_text"]


def test_two_slices_that_share_an_application_both_end_well(estate: Estate) -> None:
    processes = [start(estate, "--limit", host) for host in FARM]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    done = [Run(process.returncode, output) for process, output in zip(processes, outputs, strict=True)]
    assert [run.code for run in done] == [0, 0], "\n".join(outputs)
    assert [run.results for run in done] == [{host: "delivered"} for host in FARM]
    assert_one_of_everything(estate)


def test_a_secret_that_a_killed_run_never_stored_is_removed_by_the_next(estate: Estate) -> None:
    # The answer with the secret never arrives, so that there is time to kill.
    estate.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "unavailable", "path": "addPassword$", "when": "after", "retry_after": "300",
    })
    process = start(estate, "--limit", FARM[0])
    deadline = time.monotonic() + 120
    while not any(application["passwordCredentials"] for application in estate.footprint().applications(NAME)):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    estate.sandbox.control("DELETE", "/faults")
    [application] = estate.footprint().applications(NAME)
    [orphan] = application["passwordCredentials"]

    done = estate.set_up("--limit", ",".join(FARM))
    assert (done.code, done.results) == (0, dict.fromkeys(FARM, "delivered")), done.output
    assert_one_of_everything(estate)
    assert stored(estate)["key_id"] != orphan["keyId"]
