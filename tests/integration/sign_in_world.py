# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application whose mail travels in a person's name, tasks about it, and a person who reads what Ansible prints."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from mail_world import MailWorld
from person import Person
from playbook_runner import Outcome, call, outcome, play
from sandbox_fixture import RunningSandbox

CONTRACTS = "contracts@contoso.example"
OUTLOOK = "https://outlook.office365.com/.default"
GRAPH = "https://graph.microsoft.com/.default"
NAME = "integration-mail-test"
SECONDS = 300
PASSWORD = "pass word"

Act = Callable[[Person], object]


class SignInWorld:
    """The tenant, the store, and what is run."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.world = MailWorld(sandbox)
        self.sandbox = sandbox
        self.folder = folder
        self.outputs: list[str] = []
        (folder / "password").write_text(PASSWORD, "utf-8")
        self.store = {"kind": "ansible_vault", "path": str(folder / "credentials.yml"), "password_file": "password"}
        self.application: dict[str, Any] = {
            "unique_name": NAME, "store": self.store, "redirect_uris": {"web": ["http://localhost"]},
            "permissions": [
                {"resource": "Office 365 Exchange Online", "delegated": ["IMAP.AccessAsUser.All", "SMTP.Send"]},
                {"resource": "Microsoft Graph", "delegated": ["offline_access"]},
            ],
        }
        sandbox.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {"SmtpClientAuthenticationDisabled": False})

    @property
    def environment(self) -> dict[str, str]:
        """Where the tenant is, and who sets it up."""
        return {name: value for name, value in self.sandbox.env.items() if name.startswith(("AZURE_", "MAILOPS_"))}

    # -- tasks --------------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Register the application."""
        done = self.run({"mailops.modern_auth.mail_applications": {"applications": [self.application]}})
        assert done.code == 0, done.output

    def sign_in(self, **options: Any) -> dict[str, Any]:
        """The task in which a person signs in."""
        return {"mailops.modern_auth.oauth_sign_in": {
            "unique_name": NAME, "account": CONTRACTS, "store": self.store, "interactive": "always", "wait": SECONDS,
            **options,
        }}

    def token(self, account: str = CONTRACTS, scope: str = OUTLOOK) -> dict[str, str]:
        """The reference to a person's token."""
        return {"token": scope, "account": account}

    def side(self, transport: str, mailbox: str = CONTRACTS, account: str = CONTRACTS) -> dict[str, Any]:
        """An end of the way, opened in a person's name."""
        server = self.world.server(transport, "starttls" if transport == "smtp" else "implicit")
        return {
            "transport": transport, "mailbox": mailbox, "auth_source": "access_token",
            "access_token": self.token(account), **server,
        }

    def prove(self, *checks: dict[str, Any]) -> dict[str, Any]:
        """The task that proves mails, each for the host."""
        return {"mailops.modern_auth.mail_deliveries": {
            "applications": [self.application],
            "deliveries": [{"host": "server", "application": NAME, "poll_interval": 0.2, **check} for check in checks],
        }}

    # -- running ------------------------------------------------------------------------------------------------

    def run(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> Outcome:
        """Run tasks for one host, with nobody at a terminal."""
        done = play(self.folder, self._tasks(tasks), "-vvv", *arguments, environment=self.environment)
        self.outputs.append(done.output)
        return done

    def run_with(self, person: Act, *tasks: dict[str, Any]) -> Outcome:
        """Run tasks, while a person does what they are told as soon as it is printed.

        :param person: what they do, once the address is open.
        """
        return self.run_told(lambda address: person(Person(self.sandbox.ca).open(address)), *tasks)

    def run_told(self, act: Callable[[str], object], *tasks: dict[str, Any]) -> Outcome:
        """Run tasks, and do something as soon as an address to open is printed.

        :param act: gets the address.
        """
        log = self.folder / "printed"
        with log.open("wb") as printed:
            process = subprocess.Popen(**{
                **call(self.folder, self._tasks(tasks), "-vvv", environment=self.environment), "stdout": printed,
                "stdin": subprocess.DEVNULL,
            })
        try:
            act(self._told(process, log))
            process.wait(SECONDS)
        finally:
            process.kill()
            process.wait()
        done = outcome(self.folder, process.returncode, log.read_text("utf-8"))
        self.outputs.append(done.output)
        return done

    def accept(self, person: Person) -> None:
        """Sign in under the name that is shown, and consent."""
        person.press("Sign in", password=self.password)
        if person.arrived is None:
            person.press("Accept")
        assert person.leave().ok

    @property
    def password(self) -> str:
        """Everybody's."""
        return self.sandbox.env["M365_SANDBOX_USER_PASSWORD"]

    # -- past the collection ------------------------------------------------------------------------------------

    def kept(self) -> dict[str, Any]:
        """What the store holds, decrypted."""
        text = (self.folder / "credentials.yml").read_bytes()
        vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))])
        content: dict[str, Any] = yaml.safe_load(vault.decrypt(text))["applications"]
        return content

    def refresh_token(self) -> str:
        """The person's refresh token."""
        [entry] = json.loads(self.kept()[f"sign-ins/{NAME}"]["sign_in"])["RefreshToken"].values()
        return str(entry["secret"])

    def _tasks(self, tasks: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        return [{**task, "run_once": True, "delegate_to": "localhost"} for task in tasks]

    def _told(self, process: subprocess.Popen[bytes], log: Path) -> str:
        """The address that is printed, while the task still runs."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            told = re.search(r"sign in as \S+: (https://\S+)", log.read_text("utf-8"))
            if told:
                return told[1]
            time.sleep(0.05)
        raise AssertionError(log.read_text())
