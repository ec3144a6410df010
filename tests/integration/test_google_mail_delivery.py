# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_delivery with a service account of Google's, against the sandbox's Gmail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mail_world import MailWorld, Options
from sandbox_fixture import RunningSandbox

ORDERS = "orders@fabrikam.example"
RETURNS = "returns@fabrikam.example"


class Gmail:
    """A sandbox whose service account may open every mailbox of Fabrikam."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.world = MailWorld(sandbox)
        self.env = sandbox.env
        self.key = {"key_file": self.env["M365_SANDBOX_GOOGLE_KEY_FILE"]}
        self.account = self.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"]

    def side(self, transport: str, mailbox: str, tls: str = "implicit", **google: str) -> Options:
        """One end of the way."""
        face = {"smtp": "smtps" if tls == "implicit" else "smtp"}.get(transport, transport)
        return {
            "transport": transport, "authentication": "google_service_account", "mailbox": mailbox,
            "google": google or self.key, **self.world.server(f"gmail_{face}", tls),
        }

    def p12(self) -> Options:
        """The P12 key, which says neither its account nor its token endpoint."""
        return {
            "key_file": self.env["M365_SANDBOX_GOOGLE_P12_FILE"], "service_account": self.account,
            "token_uri": self.env["MAILOPS_GOOGLE_TOKEN_URI"],
        }

    def change(self, **values: Any) -> None:
        """Change the service account."""
        self.world.control("PATCH", f"/tenant/google-service-accounts/{self.account}", values)


@pytest.fixture
def gmail(clean: RunningSandbox) -> Gmail:
    return Gmail(clean)


@pytest.mark.parametrize("receiver", ["imap", "pop3"])
@pytest.mark.parametrize("tls", ["starttls", "implicit", "auto"])
def test_a_mail_arrives(gmail: Gmail, receiver: str, tls: str) -> None:
    result = gmail.world.run(gmail.side("smtp", ORDERS, tls), gmail.side(receiver, RETURNS))
    assert not result.get("failed"), result["msg"]
    delivery = result["delivery"]
    assert delivery["sent_through"]["authentication"] == "google_service_account"
    assert delivery["received_through"]["authentication"] == "google_service_account"
    assert delivery["sent_through"]["encrypted"] is True
    assert delivery["cleaned_up"]["received"] == 1


def test_the_p12_key_and_a_key_by_value_work_too(gmail: Gmail) -> None:
    by_value = {"key": Path(gmail.env["M365_SANDBOX_GOOGLE_KEY_FILE"]).read_text()}
    result = gmail.world.run(gmail.side("smtp", ORDERS, **gmail.p12()), gmail.side("imap", RETURNS, **by_value))
    assert not result.get("failed"), result["msg"]
    assert "PRIVATE KEY" not in json.dumps(result)


def test_a_mail_from_one_provider_to_the_other(gmail: Gmail) -> None:
    result = gmail.world.run(gmail.side("smtp", ORDERS), gmail.world.reader("imap"))
    assert not result.get("failed"), result["msg"]


def refused(gmail: Gmail, send: Options | None = None) -> dict[str, Any]:
    result = gmail.world.run(send or gmail.side("smtp", ORDERS), gmail.side("imap", RETURNS))
    assert result["failed"]
    assert "PRIVATE KEY" not in json.dumps(result)
    return result


def test_without_delegation_the_remedy_says_where_to_enter_what(gmail: Gmail) -> None:
    gmail.change(scopes=[])
    result = refused(gmail)
    assert result["code"] == "unauthorized_client"
    assert f"no token for {ORDERS}" in result["msg"]
    assert gmail.env["M365_SANDBOX_GOOGLE_CLIENT_ID"] in result["remedy"]
    assert "https://mail.google.com/" in result["remedy"]


def test_each_of_googles_refusals_is_told(gmail: Gmail) -> None:
    nobody = gmail.side("smtp", "nobody@fabrikam.example")
    assert "has no user nobody@fabrikam.example" in refused(gmail, nobody)["remedy"]
    gmail.world.control("PUT", "/clock", {"offset_seconds": 86400})
    assert "clock is wrong" in refused(gmail)["remedy"]
    gmail.world.control("PUT", "/clock", {"offset_seconds": 0})
    key_id = json.loads(Path(gmail.key["key_file"]).read_text())["private_key_id"]
    gmail.world.control("PATCH", f"/tenant/google-keys/{key_id}", {"disabled": True})
    assert f"does not know the key {key_id}" in refused(gmail)["remedy"]
    gmail.change(disabled=True)
    assert "or it is disabled" in refused(gmail)["remedy"]


def test_a_protocol_that_is_off_is_told(gmail: Gmail) -> None:
    gmail.world.control("PATCH", f"/tenant/google-users/{RETURNS}", {"imap": False, "pop": False})
    assert "IMAP is off for that mailbox" in refused(gmail)["remedy"]
    result = gmail.world.run(gmail.side("smtp", ORDERS), gmail.side("pop3", RETURNS))
    assert "POP is off for that mailbox" in result["remedy"]


def test_gmails_refusal_of_a_token_comes_after_an_empty_line(gmail: Gmail) -> None:
    server = gmail.world.server("gmail_smtp", "starttls")
    send = {"transport": "smtp", "mailbox": ORDERS, "access_token": "ya29.wrong", **server}
    result = gmail.world.run(send, None, expect="refused", to=RETURNS)
    assert not result.get("failed"), result["msg"]
    assert (result["delivery"]["refusal"]["step"], result["delivery"]["refusal"]["code"]) == ("sign_in", "535 5.7.8")


def test_an_untrusted_endpoint_is_no_refusal(gmail: Gmail) -> None:
    key = {**gmail.p12(), "token_uri": "https://127.0.0.1:9/token"}
    result = refused(gmail, gmail.side("smtp", ORDERS, **key))
    assert "127.0.0.1:9 cannot be reached" in result["msg"]
    assert "Check token_uri" in result["remedy"]


def test_nothing_is_left_in_the_mailboxes(gmail: Gmail) -> None:
    result = gmail.world.run(gmail.side("smtp", ORDERS), gmail.side("imap", ORDERS))
    assert not result.get("failed"), result["msg"]
    assert result["delivery"]["cleaned_up"] == {"received": 1, "sent_items": "deleted"}
