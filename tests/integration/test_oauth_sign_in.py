# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A person signs in for us once, and mails are proven in their name until that ends; mailboxes and store judge."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import call
from sandbox_fixture import RunningSandbox
from sign_in_world import CONTRACTS, GRAPH, NAME, SignInWorld

COMMAND = "ansible-playbook mailops.modern_auth.sign_in_mail -i inventory.json"


@pytest.fixture
def world(clean: RunningSandbox, tmp_path: Path) -> SignInWorld:
    found = SignInWorld(clean, tmp_path)
    found.set_up()
    return found


def test_whoever_has_signed_in_is_not_asked_again_and_mails_are_proven(world: SignInWorld) -> None:
    own = {"name": "own", "send": world.side("smtp"), "receive": world.side("imap")}
    nobody = world.run(world.prove(own), world.sign_in(interactive="auto"))
    proof, alone = nobody.results["server"]
    assert (nobody.code != 0, proof["failed_deliveries"]) == (True, []), nobody.output
    [required] = proof["hosts"]["server"]["authorization_required"]
    assert (required["where"], required["account"]) == (NAME, CONTRACTS)
    assert f"Run `{COMMAND} --limit server` and sign in as {CONTRACTS}." in required["do"]
    assert proof["deliveries"][0]["left_out"] is True
    assert f"Run this at a terminal, where {CONTRACTS} can sign in: {COMMAND}" in alone["msg"]

    signed_in = world.run_with(world.accept, world.sign_in(), world.sign_in(interactive="never"))
    first, again = signed_in.results["server"]
    assert (signed_in.code, first["changed"], again["changed"]) == (0, True, False), signed_in.output
    assert world.kept()[f"sign-ins/{NAME}"]["people"] == {CONTRACTS: first["since"]}
    assert again["since"] == first["since"]
    kept = world.kept()

    proven = world.run(world.prove(own))
    assert (proven.code, proven.last()["failed_deliveries"]) == (0, []), proven.output
    [told] = proven.last()["deliveries"]
    assert (told["msg"], told["delivery"]["folder"]) == ("The mail was delivered.", "INBOX")
    assert world.world.mails(CONTRACTS) == []
    # A refresh token is kept anew once a week, or each look would change the file.
    assert world.kept() == kept

    secrets = [world.refresh_token(), world.kept()[NAME]["current"]["secret_text"]]
    files = [path.read_bytes() for path in world.folder.rglob("*") if path.is_file()]
    for secret in secrets:
        assert not [output for output in world.outputs if secret in output]
        assert not [content for content in files if secret.encode() in content]
    assert (world.folder / "credentials.yml").stat().st_mode & 0o777 == 0o600
    # As tokens and authorization codes begin.
    assert not [output for output in world.outputs if "eyJ0" in output or "&code=" in output]

    world.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")
    over = world.run(world.sign_in(interactive="never"), world.prove(own), arguments=("--check",))
    predicted, left_out = over.results["server"]
    assert (predicted["changed"], "AADSTS50173" in predicted["msg"]) == (True, True), over.output
    assert left_out["deliveries"][0]["failed"] is False
    over = world.run(world.prove(own))
    [required] = over.last()["hosts"]["server"]["authorization_required"]
    assert (over.code, "AADSTS50173" in required["do"], COMMAND in required["do"]) == (0, True, True), over.output


def test_the_sign_in_goes_with_the_application(world: SignInWorld) -> None:
    signed_in = world.run_with(world.accept, world.sign_in())
    assert signed_in.code == 0, signed_in.output
    removed = world.run({"mailops.modern_auth.mail_applications": {
        "applications": [world.application], "state": "absent",
    }})
    assert removed.code == 0, removed.output
    assert world.kept() == {}


def test_at_a_terminal_somebody_is_asked(world: SignInWorld) -> None:
    ours, theirs = pty.openpty()
    arguments = call(
        world.folder, [{**world.sign_in(interactive="auto", wait=1), "delegate_to": "localhost"}],
        environment=world.environment,
    )
    try:
        done = subprocess.run(
            **{**arguments, "stdin": theirs}, check=False, timeout=300, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        )
    finally:
        os.close(ours)
        os.close(theirs)
    output = done.stdout.decode()
    assert "Open this address in a browser on this machine" in output
    assert "within 1 seconds" in output


def test_wrong_options_are_refused_before_anybody_is_asked(world: SignInWorld) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"unique_name": "unknown"}, "The store holds nothing of the application 'unknown'."),
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, "tenant_id: is needed"),
        ({"keep_in": "keyring"}, "this machine offers no keyring"),
        ({"flow": "device_code"}, "flow: device_code is not possible with an application that has a client secret"),
        ({"scopes": [GRAPH], "interactive": "never"}, "Nobody is there to sign in"),
    ]
    refused = world.run(*({**world.sign_in(**options), "ignore_errors": True} for options, _words in wrong))
    for (_options, words), result in zip(wrong, refused.results["server"], strict=True):
        assert words in result["msg"], refused.output
