"""The pages of Motion's stand-in: an administrator logs in, and somebody signs in at Microsoft for a cloud provider."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from person import Person
from sandbox_fixture import RunningSandbox
from xcally_fixture import Motion, motion

__all__ = ["motion"]

SUPPORT = "support-test@contoso.example"


def state(motion: Motion, provider: int) -> object:
    """Whether somebody has signed in, as the API says."""
    row = motion.ask("GET", f"/api/cloudProviders/{provider}")
    return row["authenticated"], row["authenticatedAt"] is not None


def test_a_wrong_password_lets_nobody_in(motion: Motion) -> None:
    person = Person(motion.sandbox.ca).open(f"{motion.url}/login")
    person.press("Login", username=motion.username, password="wrong")
    assert (person.response.status_code, person.error) == (401, "Wrong username or password.")
    person.open(f"{motion.url}/cloudProviders")
    assert person.heading == "Login"


@pytest.mark.parametrize(("next_", "path"), [
    ("/cloudProviders/{}", "/cloudProviders/{}"), ("https://evil.example/", "/cloudProviders"),
    ("//evil.example", "/cloudProviders"), ("/\\evil.example", "/cloudProviders"),
])
def test_after_the_login_comes_the_page_that_was_asked_for(motion: Motion, next_: str, path: str) -> None:
    provider = motion.provider(applicationId="1", tenantId="2", clientSecret="3")["id"]
    person = Person(motion.sandbox.ca).open(f"{motion.url}/login?next={next_.format(provider)}")
    person.press("Login", username=motion.username, password=motion.password)
    assert person.response.url == motion.url + path.format(provider)


def test_somebody_signs_in_once(motion: Motion) -> None:
    provider = motion.provider()["id"]
    assert state(motion, provider) == (False, False)
    person = motion.authenticate(provider, SUPPORT)
    assert person.response.url == f"{motion.url}/cloudProviders/{provider}"
    assert f"Authenticated as {SUPPORT}" in person.text
    assert state(motion, provider) == (True, True)


def test_it_asks_for_the_permissions_that_the_product_needs(motion: Motion) -> None:
    provider = motion.provider()
    person = motion.administrator().open(f"{motion.url}/cloudProviders/{provider['id']}").press("Authenticate")
    assert person.arrived is not None
    asked = parse_qs(urlsplit(person.arrived).query)
    assert {name: values for name, values in asked.items() if name != "state"} == {
        "client_id": [provider["applicationId"]], "response_type": ["code"], "redirect_uri": [motion.redirect],
        "scope": ["https://outlook.office365.com/IMAP.AccessAsUser.All https://outlook.office365.com/SMTP.Send "
                  "offline_access openid profile email"],
    }


def test_a_new_secret_keeps_the_sign_in_and_another_application_ends_it(motion: Motion) -> None:
    provider = motion.provider()["id"]
    motion.authenticate(provider, SUPPORT)
    motion.ask("PUT", f"/api/cloudProviders/{provider}", {"clientSecret": "another"})
    assert state(motion, provider) == (True, True)
    motion.ask("PUT", f"/api/cloudProviders/{provider}", {"applicationId": "another"})
    assert state(motion, provider) == (False, False)


def test_whoever_declines_reads_microsofts_words(motion: Motion) -> None:
    provider = motion.provider(**motion.registered(scopes={}))["id"]
    person = motion.at_microsoft(provider).sign_in(SUPPORT, motion.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
    person.press("Cancel")
    assert person.arrived is not None, person.text
    person.open(person.arrived)
    assert (person.heading, person.error[:12]) == ("Not authenticated", "AADSTS65004:")
    assert state(motion, provider) == (False, False)


def test_another_redirect_uri_stops_at_microsoft(motion: Motion) -> None:
    provider = motion.provider(redirectUri=f"{motion.url}/elsewhere")["id"]
    assert "AADSTS50011" in motion.at_microsoft(provider).text


def test_a_wrong_secret_is_told_after_the_sign_in(motion: Motion) -> None:
    provider = motion.provider(**{**motion.registered(), "clientSecret": "wrong"})["id"]
    person = motion.authenticate(provider, SUPPORT)
    assert (person.response.status_code, person.error[:15]) == (400, "AADSTS7000215: ")
    assert state(motion, provider) == (False, False)


def test_a_code_is_good_once(motion: Motion) -> None:
    provider = motion.provider()["id"]
    person = motion.at_microsoft(provider).sign_in(SUPPORT, motion.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
    assert person.arrived is not None
    address = person.arrived
    assert "Authenticated as" in person.open(address).text
    assert person.open(address).error.startswith("AADSTS54005: ")
    assert state(motion, provider) == (True, True), "what was there stays"


def test_a_code_that_is_too_old_is_told(motion: Motion, sandbox: RunningSandbox) -> None:
    provider = motion.provider()["id"]
    person = motion.at_microsoft(provider).sign_in(SUPPORT, motion.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
    assert person.arrived is not None
    sandbox.control("PUT", "/clock", {"offset_seconds": 3600})
    try:
        assert person.open(person.arrived).error.startswith("AADSTS70008")
    finally:
        sandbox.control("PUT", "/clock", {"offset_seconds": 0})


@pytest.mark.parametrize("answer", ["code=1&state=wrong", "code=1", "state=wrong&error=access_denied", ""])
def test_an_answer_that_nobody_asked_for_is_refused(motion: Motion, answer: str) -> None:
    provider = motion.provider()["id"]
    person = motion.administrator().open(f"{motion.url}/cloudProviders/{provider}").press("Authenticate")
    person.open(f"{motion.redirect}?{answer}")
    assert person.error == 'The state is not the one of this sign-in. Press "Authenticate" again.'
    assert state(motion, provider) == (False, False)


def test_nobody_else_can_bring_a_code(motion: Motion) -> None:
    provider = motion.provider()["id"]
    person = motion.at_microsoft(provider).sign_in(SUPPORT, motion.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
    assert person.arrived is not None
    stranger = Person(motion.sandbox.ca).open(person.arrived)
    assert stranger.heading == "Login"
    assert state(motion, provider) == (False, False)
