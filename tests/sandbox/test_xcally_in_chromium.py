"""The pages of Motion's stand-in in a real browser, by keyboard alone, and what each failed sign-in shows there."""

from __future__ import annotations

from browser_fixture import chromium, context, looks_right, page
from person_fixture import CONTRACTS
from playwright.sync_api import Page, expect
from sandbox_fixture import RunningSandbox
from xcally_fixture import Motion, motion

__all__ = ["chromium", "context", "motion", "page"]


def log_in(page: Page, motion: Motion, path: str) -> None:
    """Come to a page of Motion's that wants a login first."""
    page.goto(f"{motion.url}{path}")
    looks_right(page, "Login")
    page.keyboard.type(motion.username)
    page.keyboard.press("Tab")
    page.keyboard.type(motion.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{motion.url}{path}")


def sign_in(page: Page, motion: Motion) -> None:
    """Press "Authenticate", and give name and password to Microsoft."""
    page.get_by_role("button", name="Authenticate").press("Enter")
    looks_right(page, "Sign in")
    page.keyboard.type(CONTRACTS)
    page.keyboard.press("Enter")
    looks_right(page, "Enter password")
    page.keyboard.type(motion.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
    page.keyboard.press("Enter")


def refused(page: Page, text: str) -> None:
    """Whether Motion shows a refusal, and the way back."""
    looks_right(page, "Not authenticated")
    expect(page.get_by_role("alert")).to_contain_text(text)
    page.get_by_role("link", name="Back").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Nobody has authenticated yet.")


def test_an_administrator_and_a_person_by_keyboard(page: Page, motion: Motion) -> None:
    provider = motion.provider(**motion.registered(scopes={}))
    page.goto(motion.url)
    looks_right(page, "Login")
    page.keyboard.type(motion.username)
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong username or password.")
    log_in(page, motion, "/cloudProviders")
    looks_right(page, "Cloud Providers")
    page.get_by_role("link", name=provider["name"], exact=True).press("Enter")
    looks_right(page, provider["name"])
    sign_in(page, motion)
    looks_right(page, "Permissions requested")
    page.keyboard.press("Enter")
    looks_right(page, provider["name"])
    expect(page.get_by_role("status")).to_contain_text(f"Authenticated as {CONTRACTS}")


def test_a_declined_consent(page: Page, motion: Motion) -> None:
    provider = motion.provider(**motion.registered(scopes={}))["id"]
    log_in(page, motion, f"/cloudProviders/{provider}")
    sign_in(page, motion)
    page.get_by_role("button", name="Cancel").press("Enter")
    refused(page, "AADSTS65004: ")


def test_another_redirect_uri(page: Page, motion: Motion) -> None:
    provider = motion.provider(redirectUri=f"{motion.url}/elsewhere")["id"]
    log_in(page, motion, f"/cloudProviders/{provider}")
    page.get_by_role("button", name="Authenticate").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS50011")


def test_a_code_that_waited_too_long(page: Page, motion: Motion, sandbox: RunningSandbox) -> None:
    provider = motion.provider()["id"]
    log_in(page, motion, f"/cloudProviders/{provider}")
    sandbox.control("POST", "/faults", {"face": "identity", "kind": "unavailable", "path": "/token$", "count": 1})
    sign_in(page, motion)
    looks_right(page, "Not authenticated")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS90033: ")
    sandbox.control("PUT", "/clock", {"offset_seconds": 3600})
    try:
        page.reload()
        refused(page, "AADSTS70008: ")
    finally:
        sandbox.control("PUT", "/clock", {"offset_seconds": 0})


def test_a_state_of_somebody_else(page: Page, motion: Motion) -> None:
    provider = motion.provider()["id"]
    log_in(page, motion, f"/cloudProviders/{provider}")
    page.goto(f"{motion.redirect}?code=1&state=wrong")
    looks_right(page, "Not authenticated")
    expect(page.get_by_role("alert")).to_contain_text("The state is not the one of this sign-in.")


def test_a_code_that_was_used(page: Page, motion: Motion) -> None:
    provider = motion.provider()["id"]
    log_in(page, motion, f"/cloudProviders/{provider}")
    callbacks: list[str] = []
    page.on("request", lambda one: callbacks.append(one.url) if one.url.startswith(motion.redirect) else None)
    sign_in(page, motion)
    expect(page.get_by_role("status")).to_contain_text(f"Authenticated as {CONTRACTS}")
    page.goto(callbacks[0])
    expect(page.get_by_role("alert")).to_contain_text("AADSTS54005: ")
