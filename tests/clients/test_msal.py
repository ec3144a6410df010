"""msal signs persons in by its own flows: in a browser, by a device code, and for a web application."""

from __future__ import annotations

import imaplib
import threading
import webbrowser
from typing import Any

import msal
import pytest
from office import CONTRACTS, HOST, Office
from person import Person

IMAP = ["https://outlook.office365.com/IMAP.AccessAsUser.All"]
MAIL = ["https://graph.microsoft.com/Mail.Read", "User.Read"]


class PersonBrowser(webbrowser.BaseBrowser):
    """What msal opens in place of the desktop's browser: a person who signs in, consents and is taken back."""

    def __init__(self, office: Office) -> None:
        super().__init__("person")
        self.office = office
        self.last_label = "Accept"

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        threading.Thread(target=self.visit, args=(url,)).start()
        return True

    def visit(self, address: str) -> None:
        person = Person(self.office.sandbox.ca).open(address).sign_in(CONTRACTS, self.office.password)
        person.press(self.last_label).leave()


@pytest.fixture(autouse=True)
def authority(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests prefers the environment's authority to that of a session."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", office.sandbox.ca)


@pytest.fixture
def browser(office: Office, monkeypatch: pytest.MonkeyPatch) -> PersonBrowser:
    browser = PersonBrowser(office)
    monkeypatch.setattr(webbrowser, "_tryorder", ["person"])
    monkeypatch.setattr(webbrowser, "_browsers", {"person": [None, browser]})
    return browser


def public(office: Office, **registration: Any) -> msal.PublicClientApplication:
    """A desktop application."""
    app_id, _ = office.product(**registration)
    return msal.PublicClientApplication(
        app_id, authority=f"{office.authority}/{office.tenant_id}", verify=office.sandbox.ca, instance_discovery=False,
    )


def opens_the_mailbox(office: Office, token: str) -> bool:
    """Whether Exchange takes the token for the person's own mailbox."""
    with imaplib.IMAP4_SSL(HOST, office.port("imap"), ssl_context=office.sandbox.tls) as client:
        client.authenticate("XOAUTH2", lambda _: f"user={CONTRACTS}\x01auth=Bearer {token}\x01\x01".encode())
        return client.select("INBOX")[0] == "OK"


def test_interactive(office: Office, browser: PersonBrowser) -> None:
    app = public(office, redirectUris={"publicClient": ["http://localhost"]})
    result = app.acquire_token_interactive(IMAP, timeout=60)
    assert opens_the_mailbox(office, result["access_token"])
    assert result["id_token_claims"]["preferred_username"] == CONTRACTS
    (account,) = app.get_accounts()
    assert account["username"] == CONTRACTS
    assert app.acquire_token_silent(IMAP, account=account)["token_source"] == "cache"
    fresh = app.acquire_token_silent(IMAP, account=account, force_refresh=True)
    assert opens_the_mailbox(office, fresh["access_token"])
    assert app.acquire_token_silent(MAIL, account=account) is None
    assert app.acquire_token_silent_with_error(MAIL, account=account)["suberror"] == "consent_required"


def test_a_person_who_declines(office: Office, browser: PersonBrowser) -> None:
    browser.last_label = "Cancel"
    app = public(office, redirectUris={"publicClient": ["http://localhost"]})
    result = app.acquire_token_interactive(IMAP, timeout=60)
    assert result["error"] == "access_denied"
    assert result["error_description"].startswith("AADSTS65004")


def test_device_code(office: Office) -> None:
    app = public(office, public=True)
    flow = app.initiate_device_flow(MAIL)
    person = Person(office.sandbox.ca).open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    person.sign_in(CONTRACTS, office.password).press("Continue").press("Accept")
    result = app.acquire_token_by_device_flow(flow)
    assert "error" not in result, result
    (account,) = app.get_accounts()
    assert app.acquire_token_silent(["User.Read"], account=account)["access_token"]


def test_a_device_that_is_turned_away(office: Office) -> None:
    app = public(office, public=True)
    flow = app.initiate_device_flow(MAIL)
    person = Person(office.sandbox.ca).open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    person.sign_in(CONTRACTS, office.password).press("Cancel")
    assert app.acquire_token_by_device_flow(flow)["error"] == "authorization_declined"


def test_a_web_application(office: Office) -> None:
    redirect_uri = "https://product.example/callback"
    app_id, secret = office.product(secret=True, redirectUris={"web": [redirect_uri]})
    app = msal.ConfidentialClientApplication(
        app_id, secret, authority=f"{office.authority}/{office.tenant_id}", verify=office.sandbox.ca,
        instance_discovery=False,
    )
    flow = app.initiate_auth_code_flow(IMAP, redirect_uri=redirect_uri, response_mode="query")
    person = Person(office.sandbox.ca).open(flow["auth_uri"]).sign_in(CONTRACTS, office.password).press("Accept")
    result = app.acquire_token_by_auth_code_flow(flow, person.answer)
    assert opens_the_mailbox(office, result["access_token"])
    with pytest.raises(ValueError, match="state mismatch"):
        app.acquire_token_by_auth_code_flow(flow, {**person.answer, "state": "forged"})
    assert app.acquire_token_by_auth_code_flow(flow, person.answer)["error_codes"] == [54005]
    (account,) = app.get_accounts()
    assert app.acquire_token_silent(IMAP, account=account, force_refresh=True)["access_token"]
    office.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"password": "another one"})
    refused = app.acquire_token_silent_with_error(IMAP, account=account, force_refresh=True)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [50173])
