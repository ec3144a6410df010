# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The modules integration_server_* against the stand-in of the server; judged by what its Administrator API holds.

What it gives back has no secrets, so that they are judged by the mailbox that a port opens with them.
"""

from __future__ import annotations

from typing import Any

import pytest
from administrator import Administrator
from module_runner import Modules
from sandbox_fixture import RunningSandbox

MAILBOX = "integration-test@contoso.example"
PORT_PAGE = "/WmRoot/configEmail.dsp?listenerKey=orders&mode=edit"
RESOURCES_PAGE = "/WmRoot/settings-resources-edit.dsp"


class Operator:
    """Who runs the modules against a server."""

    def __init__(self, sandbox: RunningSandbox, administrator: Administrator) -> None:
        self.administrator = administrator
        self.modules = Modules(sandbox)
        username, password = administrator.login
        self.access: dict[str, Any] = {
            "url": administrator.url, "authentication": {"username": username, "password": password},
            "ca_path": sandbox.ca,
        }
        self.secrets = [password, administrator.secret]

    def run(self, name: str, *, check: bool = False, warned: str | None = None, **options: Any) -> dict[str, Any]:
        """A module's result, in which no secret is.

        :param warned: the words of its warning.
        """
        result = self.modules.run(f"integration_server_{name}", check=check, **{**self.access, **options})
        # What Ansible repeats of the arguments it hides by itself.
        said = {key: value for key, value in result.items() if key != "invocation"}
        assert not [secret for secret in self.secrets if secret in str(said)]
        assert (warned or "") in str(result.get("warnings", []))
        assert len(result.get("warnings", [])) == (0 if warned is None else 1)
        return result

    def four_runs(self, name: str, **options: Any) -> dict[str, Any]:
        """Check, do, check again, do again; gives what the second one said."""
        before = self.state()
        predicted = self.run(name, check=True, **options)
        assert (predicted["changed"], self.state()) == (True, before), predicted
        done = self.run(name, **options)
        after = self.state()
        for check in (True, False):
            sealed = {"secret_fingerprint": done["secret_fingerprint"]} if done.get("secret_fingerprint") else {}
            again = self.run(name, check=check, **{**options, **sealed})
            assert again["changed"] is False, again
            assert again["diff"]["before"] == again["diff"]["after"]
        assert self.state() == after
        assert done["changed"] is True
        return done

    def state(self) -> list[Any]:
        """All that the server shows."""
        api = self.administrator.api
        return [api.get("/admin/port/email?expand=true").json(), api.get("/admin/server/notification").json()]

    def oauth(self, **more: str) -> dict[str, str]:
        """The option oauth."""
        own = self.administrator.oauth
        return {
            "auth_url": own["authURL"], "access_token_url": own["accessTokenURL"], "client_id": own["clientID"],
            "client_secret": own["clientSecret"], "scope": own["scope"], **more,
        }

    def port(self, **more: Any) -> dict[str, Any]:
        """The options of a port with OAuth."""
        env = self.modules.sandbox.env
        return {
            "alias": "orders", "package": "WmPublic", "interval": 5, "user": MAILBOX, "tls": "implicit",
            "host": env["M365_SANDBOX_HOST"], "port": int(env["M365_SANDBOX_IMAP_PORT"]), "oauth": self.oauth(), **more,
        }


@pytest.fixture
def operator(clean: RunningSandbox) -> Operator:
    administrator = Administrator(clean, "is-modules", "--version", "10.15")
    administrator.api.delete("/admin/port/email/orders")
    administrator.register()
    return Operator(clean, administrator)


def test_a_port_from_its_making_to_its_end(operator: Operator) -> None:
    made = operator.four_runs("email_port", **operator.port())
    [required] = made["authorization_required"]
    assert required["account"] == MAILBOX
    assert required["do"].startswith(f"Open {operator.administrator.url}/WmRoot/security-ports.dsp as an administrator")
    assert "No authorization code" in required["do"]
    port = operator.administrator.api.get("/admin/port/email/orders").json()
    assert (port["enabled"], port["authentication"], port["clientID"]) == (
        False, "OAuth", operator.administrator.app_id,
    )
    assert made["port"] == port

    operator.administrator.get_code(PORT_PAGE, MAILBOX).press("Save Changes")
    sealed = {"secret_fingerprint": made["secret_fingerprint"]}
    enabled = operator.run("email_port", **operator.port(**sealed))
    assert (enabled["changed"], enabled["port"]["enabled"]) == (True, True)
    assert "authorization_required" not in enabled
    assert operator.administrator.is_enabled("orders")

    [changed] = [operator.four_runs("email_port", **{**operator.port(**sealed), "reply": True, "interval": 7})]
    assert (changed["port"]["reply"], changed["port"]["interval"], changed["port"]["enabled"]) == (True, 7, True)

    read = operator.run("email_port_info")
    assert read["ports"] == [operator.administrator.api.get("/admin/port/email/orders").json()]
    assert operator.run("email_port_info", alias="orders")["ports"] == read["ports"]
    assert operator.run("email_port_info", alias="others")["ports"] == []

    removed = operator.four_runs("email_port", alias="orders", state="absent")
    assert removed["port"] is None
    assert operator.run("email_port_info")["ports"] == []


def test_another_secret_is_noticed_although_nobody_can_read_it(operator: Operator) -> None:
    sealed = operator.run("email_port", **operator.port())["secret_fingerprint"]
    operator.administrator.get_code(PORT_PAGE, MAILBOX).press("Save Changes")
    operator.run("email_port", **operator.port(secret_fingerprint=sealed))
    assert operator.administrator.is_enabled("orders")

    wrong = operator.port(oauth=operator.oauth(client_secret="not~the~secret"), secret_fingerprint=sealed)
    other = operator.run("email_port", **wrong)
    assert (other["changed"], other["secret_fingerprint"] == sealed) == (True, False)
    refused = operator.administrator.enable("orders")
    assert "AADSTS7000215" in refused.text
    right = operator.run("email_port", **operator.port(secret_fingerprint=other["secret_fingerprint"]))
    assert right["changed"] is True
    assert operator.administrator.enable("orders").status_code == 201


def test_a_port_that_had_a_password_waits_for_a_person_once_it_has_oauth(operator: Operator) -> None:
    operator.administrator.api.post("/admin/port/email", json={
        "alias": "orders", "packageName": "WmPublic", "interval": 5, "host": "localhost", "user": MAILBOX,
        "password": "an old password", "authURL": "https://login.example/tenant/oauth2/authorize",
    }).raise_for_status()
    words = f"orders at {operator.administrator.url}: its authURL is one of v1.0, which takes no scope"
    done = operator.run("email_port", warned=words, **operator.port())
    assert len(done["authorization_required"]) == 1
    assert done["port"]["authURL"].endswith("/oauth2/v2.0/authorize")
    assert not operator.administrator.is_enabled("orders")


def test_the_notifications(operator: Operator) -> None:
    env = operator.modules.sandbox.env
    options = {
        "host": env["M365_SANDBOX_HOST"], "port": int(env["M365_SANDBOX_SMTP_PORT"]), "tls": "starttls",
        "user": MAILBOX, "internal_email": "operators@contoso.example", "token_refresh_interval": 30,
        "oauth": operator.oauth(),
    }
    done = operator.four_runs("smtp", **options)
    [required] = done["authorization_required"]
    assert "/WmRoot/settings-resources.dsp as an administrator" in required["do"]
    shown = operator.administrator.api.get("/admin/server/notification").json()
    assert (shown["smtpServer"], shown["transportSecurity"], shown["authType"], shown["internalEmail"]) == (
        env["M365_SANDBOX_HOST"], "explicit", "OAuth", "operators@contoso.example",
    )
    operator.administrator.get_code(RESOURCES_PAGE, MAILBOX).press("Save Changes")
    known = operator.run("smtp", **options, secret_fingerprint=done["secret_fingerprint"])
    assert known["changed"] is False
    assert "authorization_required" not in known


def test_what_a_version_lacks_is_refused_and_nothing_is_written(clean: RunningSandbox) -> None:
    for name, version, remedy in (
        ("email_port", "10.5", "10.5 with Core Fix 7"), ("smtp", "10.11", "needs Integration Server 10.15"),
    ):
        administrator = Administrator(clean, f"is-{version}", "--version", version)
        administrator.register()
        operator = Operator(clean, administrator)
        before = operator.state()
        smtp = {"host": "localhost", "user": MAILBOX, "oauth": operator.oauth()}
        refused = operator.run(name, **(operator.port() if name == "email_port" else smtp))
        assert refused["failed"] is True
        assert "the server does not know auth" in refused["msg"]
        assert remedy in refused["remedy"]
        assert operator.state() == before


@pytest.mark.parametrize(("options", "words"), [
    ({"alias": "two words"}, "alias: 'two words' is no alias"),
    ({"interval": 0}, "interval: 0 is not between 1 and 9999"),
    ({"transport": "pop3"}, "oauth: is not possible with pop3; OAuth needs transport imap"),
    ({"threads": 3}, "threads: is of use with multithreaded: true"),
    ({"run_as_user": "clerk"}, "run_as_user: is of use with authenticate_with_message: false"),
    ({"url": "http://is.example"}, "url: 'http://is.example' is not the https address of a server"),
    ({"oauth": {"redirect_url": "https://is.example/callback"}}, "must end in /WmRoot/security-oauth-get-authcode.dsp"),
    ({"oauth": {"redirect_url": "http://is.example/WmRoot/security-oauth-get-authcode.dsp"}}, "must be https"),
    ({"authentication": {"username": "Administrator", "password": "wrong~password"}}, "was answered with 401"),
    ({"ca_path": None}, "CERTIFICATE_VERIFY_FAILED"),
])
def test_what_makes_no_sense_is_refused(operator: Operator, options: dict[str, Any], words: str) -> None:
    port = operator.port()
    given = {**port, **options, "oauth": {**port["oauth"], **options.get("oauth", {})}}
    refused = operator.run("email_port", **given)
    assert refused["failed"] is True
    assert words in refused["msg"]
    assert operator.administrator.api.get("/admin/port/email").json() == {"emailPorts": []}
