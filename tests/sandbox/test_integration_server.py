"""The stand-in of Integration Server beside the sandbox: somebody signs in, mails are taken and sent."""

from __future__ import annotations

import email
import time
from collections.abc import Callable
from typing import Any

import pytest
from administrator import REDIRECT_PAGE, Administrator
from mail_client import PROBE, MailApp, imap, letter, mail_app, messages_in
from person_fixture import OUTLOOK, Product
from sandbox_fixture import RunningSandbox

ORDERS, OTHER = "integration-test@contoso.example", "contracts@contoso.example"
PORT_PAGE = "/WmRoot/configEmail.dsp?listenerKey=orders&mode=edit"
HOUR = 3600


@pytest.fixture
def administrator(clean: RunningSandbox) -> Administrator:
    """Of a server that has no ports."""
    administrator = Administrator(clean, "is-1", "--version", "10.15")
    for alias in ("orders", "other"):
        administrator.api.delete(f"/admin/port/email/{alias}")
    administrator.register()
    return administrator


@pytest.fixture
def reader(clean: RunningSandbox) -> MailApp:
    """Who looks into the mailboxes and puts mails there."""
    return mail_app(clean, ORDERS, OTHER, PROBE)


def listening(administrator: Administrator, alias: str = "orders", user: str = ORDERS, **settings: Any) -> None:
    """Have a port of a mailbox whose owner has signed in, and which is enabled."""
    administrator.add_port(alias, user, **settings)
    page = f"/WmRoot/configEmail.dsp?listenerKey={alias}&mode=edit"
    administrator.get_code(page, user).press("Save Changes", enable="on")
    assert administrator.is_enabled(alias)


def deliver(reader: MailApp, subject: str, mailbox: str = ORDERS) -> None:
    """Put an unread mail into a mailbox."""
    with imap(reader.sandbox, reader, mailbox) as client:
        client.append("INBOX", "", None, letter(PROBE, mailbox, subject)[0].encode())


def unseen(reader: MailApp) -> list[bytes]:
    """The unread mails in the mailbox of the port ``orders``."""
    with imap(reader.sandbox, reader, ORDERS) as client:
        client.select(readonly=True)
        found: list[bytes] = client.search(None, "UNSEEN")[1][0].split()
        return found


def left(reader: MailApp, mailbox: str = ORDERS) -> list[str]:
    """The subjects in a mailbox."""
    with imap(reader.sandbox, reader, mailbox) as client:
        return [str(email.message_from_bytes(one)["Subject"]) for one in messages_in(client)]


def until(happened: Callable[[], bool]) -> None:
    """Wait; the limit only ends a test that has failed."""
    limit = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.2)


def test_nothing_is_enabled_before_somebody_has_signed_in(administrator: Administrator) -> None:
    administrator.add_port("orders", ORDERS)
    refused = administrator.enable("orders")
    assert (refused.status_code, refused.json()["cause"].split(":")[0]) == (400, "No authorization code")
    page = administrator.get_code(PORT_PAGE, ORDERS)
    assert page.heading == "Received Auth Code"
    assert page.press("Save Changes").heading == "Security > Ports"
    assert "Disabled, signed in" in page.follow("orders").text
    enabled = administrator.enable("orders")
    assert (enabled.status_code, enabled.json()["enabled"]) == (201, True)


@pytest.mark.parametrize("remove", [True, False])
def test_a_port_takes_the_mails_of_its_mailbox(administrator: Administrator, reader: MailApp, remove: bool) -> None:
    deliver(reader, "Before it was enabled")
    listening(administrator, remove=remove)
    deliver(reader, "Afterwards")
    until(lambda: unseen(reader) == [])
    assert left(reader) == ([] if remove else ["Before it was enabled", "Afterwards"])


def test_mails_that_no_service_is_for(administrator: Administrator, reader: MailApp) -> None:
    listening(administrator, globalService=None, deleteInvalid=False)
    deliver(reader, "Hello")
    deliver(reader, "orders.mail:take")
    until(lambda: unseen(reader) == [])
    assert left(reader) == ["Hello"]
    administrator.api.patch("/admin/port/email/orders", json={"defaultService": "orders.mail:other"})
    deliver(reader, "Hello again")
    until(lambda: unseen(reader) == [])
    assert left(reader) == ["Hello"]


def test_a_disabled_port_takes_nothing(administrator: Administrator, reader: MailApp) -> None:
    listening(administrator)
    listening(administrator, "other", OTHER)
    assert administrator.api.post("/admin/port/email/orders?action=disable").status_code == 201
    deliver(reader, "Left alone")
    for subject in ("First look", "Second look"):
        deliver(reader, subject, OTHER)
        until(lambda: left(reader, OTHER) == [])
    assert left(reader) == ["Left alone"]


def test_somebody_else_has_signed_in(administrator: Administrator) -> None:
    administrator.add_port("orders", ORDERS)
    page = administrator.get_code(PORT_PAGE, OTHER).press("Save Changes", enable="on")
    assert page.error.startswith("Unable to enable port orders: ")
    assert not administrator.is_enabled("orders")
    assert "User is authenticated but not connected" in administrator.enable("orders").json()["cause"]


def test_codes_that_are_no_good(administrator: Administrator) -> None:
    administrator.add_port("orders", ORDERS)
    used = administrator.get_code(PORT_PAGE, ORDERS)
    code = used.hidden["authCodeValue"]
    used.press("Save Changes")
    replayed = administrator.person().open(administrator.url + PORT_PAGE)
    replayed.open(f"{administrator.url}{REDIRECT_PAGE}?code={code}").press("Save Changes")
    assert "AADSTS54005" in replayed.error
    late = administrator.get_code(PORT_PAGE, ORDERS)
    administrator.sandbox.control("PUT", "/clock", {"offset_seconds": HOUR})
    assert "AADSTS70008" in late.press("Save Changes").error


def test_refusals_on_the_way(administrator: Administrator) -> None:
    administrator.register(scopes={})
    administrator.add_port("orders", ORDERS)
    person = administrator.person().open(administrator.url + PORT_PAGE).follow("Get Authorization Code")
    person.sign_in(ORDERS, administrator.sandbox.env["M365_SANDBOX_USER_PASSWORD"]).press("Cancel")
    assert person.arrived is not None
    assert "AADSTS65004" in person.open(person.arrived).error
    lost = administrator.person().open(f"{administrator.url}{REDIRECT_PAGE}?code=x")
    assert "none was asked for in this browser" in lost.error


def test_without_offline_access_there_is_nothing_to_keep(administrator: Administrator) -> None:
    administrator.add_port("orders", ORDERS, scope=f"{OUTLOOK}/IMAP.AccessAsUser.All")
    assert "offline_access" in administrator.get_code(PORT_PAGE, ORDERS).press("Save Changes").error
    assert administrator.enable("orders").status_code == 400


@pytest.mark.parametrize("change", ["revoke-sessions", "password"])
def test_a_sign_in_that_was_revoked_disables_the_port(administrator: Administrator, change: str) -> None:
    listening(administrator)
    user = f"/tenant/users/{ORDERS}"
    if change == "password":
        administrator.sandbox.control("PATCH", user, {"password": "another one"})
    else:
        administrator.sandbox.control("POST", f"{user}/{change}")
    # The access token is good for an hour and more.
    administrator.sandbox.control("PUT", "/clock", {"offset_seconds": 3 * HOUR})
    until(lambda: not administrator.is_enabled("orders"))
    assert "AADSTS50173" in administrator.enable("orders").json()["cause"]


def test_settings_that_change_under_a_port(administrator: Administrator, reader: MailApp) -> None:
    listening(administrator)
    address = "/admin/port/email/orders"
    wrong = administrator.api.patch(address, json={"clientSecret": "wrong"})
    assert (wrong.status_code, wrong.json()["enabled"]) == (200, True)
    refused = administrator.enable("orders")
    assert "AADSTS7000215" in refused.json()["cause"]
    assert administrator.is_enabled("orders")
    administrator.api.patch(address, json={"clientSecret": administrator.secret, "interval": 2})
    assert administrator.enable("orders").status_code == 201
    deliver(reader, "With another secret")
    until(lambda: unseen(reader) == [])
    moved = administrator.api.patch(address, json={"user": OTHER})
    assert moved.json()["enabled"] is False
    assert "No authorization code" in administrator.enable("orders").json()["cause"]


def test_notifications_sign_in_too(administrator: Administrator) -> None:
    address, oauth = "/admin/server/notification", administrator.oauth
    set_up = administrator.api.patch(address, json={
        "smtpServer": "localhost", "userName": ORDERS, "authType": "OAuth", "clientId": oauth.pop("clientID"), **oauth,
    })
    assert set_up.status_code == 200, set_up.text
    assert "accessTokenExpiryTime" not in set_up.json()
    page = administrator.get_code("/WmRoot/settings-resources-edit.dsp", ORDERS).press("Save Changes")
    assert page.heading == "Settings > Resources"
    assert administrator.api.get(address).json()["accessTokenExpiryTime"]
    again = administrator.api.patch(address, json={"authorizationCode": "made up"})
    assert "AADSTS70000" in again.json()["cause"]
    other = administrator.api.patch(address, json={"clientId": "another"})
    assert "accessTokenExpiryTime" not in other.json()


# -- services -----------------------------------------------------------------------------------------------------


def tokens(administrator: Administrator) -> dict[str, Any]:
    """What getExternalAccessToken gives for a code of ``ORDERS``."""
    product = Product(administrator.sandbox, scopes={OUTLOOK: ["SMTP.Send"]})
    scope = f"offline_access {OUTLOOK}/SMTP.Send"
    answer = administrator.api.post("/invoke/pub.client.oauth/getExternalAccessToken", json={
        "grant_type": "authorization_code", "code": product.code(user=ORDERS, scope=scope), "scope": scope,
        "token_endpoint": f"{product.url}/{product.tenant_id}/oauth2/v2.0/token", "client_id": product.app_id,
        "client_secret": product.secret, "redirect_uri": "https://product.example/callback",
    })
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def smtp(administrator: Administrator, **inputs: Any) -> Any:
    return administrator.api.post("/invoke/pub.client/smtp", json={
        "from": ORDERS, "to": PROBE, "subject": "Sent by a service", "body": "Hello", "mailhost": "localhost",
        "mailhostPort": administrator.sandbox.env["M365_SANDBOX_SMTP_PORT"],
        "secure": {"transportLayerSecurity": "explicit"}, **inputs,
    })


def test_a_service_sends(administrator: Administrator, reader: MailApp) -> None:
    got = tokens(administrator)
    assert set(got) == {"access_token", "refresh_token", "expires_in", "token_type", "scope"}
    auth = {"type": "Bearer", "user": ORDERS, "token": got["access_token"]}
    off = smtp(administrator, auth=auth)
    assert (off.status_code, "535 5.7.139" in off.json()["$error"]) == (500, True)
    administrator.sandbox.control(
        "PATCH", f"/tenant/mailboxes/{ORDERS}", {"SmtpClientAuthenticationDisabled": False}
    )
    sent = smtp(administrator, auth=auth)
    assert (sent.status_code, sent.json()["status"].startswith("250 ")) == (200, True), sent.text
    with imap(reader.sandbox, reader, PROBE) as client:
        (mail,) = (email.message_from_bytes(one) for one in messages_in(client))
    assert (mail["From"], mail["Subject"], mail.get_payload().strip()) == (ORDERS, "Sent by a service", "Hello")


@pytest.mark.parametrize(("inputs", "reason"), [
    ({"secure": {"transportLayerSecurity": "none"}, "auth": {"type": "Bearer", "user": ORDERS, "token": "x"}}, "5"),
    ({"auth": {"type": "Bearer", "user": ORDERS, "token": "x"}}, "535 5.7.3"),
    ({"auth": {"type": "Basic", "user": ORDERS, "pass": "x"}}, "535 5.7.139"),
    ({}, "530 5.7.57"),
    ({"secure": {"transportLayerSecurity": "tls"}}, "Invalid transportLayerSecurity tls"),
    ({"mailhost": "127.0.0.1", "mailhostPort": 1}, "Connection refused"),
])
def test_a_service_that_cannot_send_says_why(
    administrator: Administrator, inputs: dict[str, Any], reason: str
) -> None:
    failed = smtp(administrator, **inputs)
    assert (failed.status_code, reason in failed.json()["$error"]) == (500, True), failed.text


def test_services_that_cannot_be_called(administrator: Administrator) -> None:
    assert administrator.api.post("/invoke/pub.client/nothing", json={}).status_code == 404
    assert "JSON object" in administrator.api.post("/invoke/pub.client:smtp", json=[]).json()["$error"]
    refused = administrator.api.post("/invoke/pub.client.oauth/getExternalAccessToken", json={
        "grant_type": "refresh_token", "refresh_token": "made up", "client_id": administrator.app_id,
        "client_secret": administrator.secret, "token_endpoint": administrator.oauth["accessTokenURL"],
    })
    assert (refused.status_code, "AADSTS" in refused.json()["$error"]) == (500, True)
