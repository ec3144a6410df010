"""A browser, and what a person does in it at Microsoft's pages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

PROGRAM = "/usr/bin/chromium"
MILLISECONDS = 60_000
# What keeps it from looking for its maker's hosts.
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root.
        own = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=[*_QUIET, *own])
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser, server: Mapping[str, Any] | None = None) -> Iterator[Page]:
    """A page of a browser in which nobody is signed in.

    :param server: an entry of ``servers.json``, whose password the browser knows.
    """
    login = None
    if server is not None:
        login = {"username": server["username"], "password": server["password"], "origin": server["url"]}
    # Chromium trusts what the machine trusts, and the sandbox's authority is none of that. Without scripts nothing goes
    # on by itself, as Microsoft's page that posts a code would: whatever happens was clicked.
    context = browser.new_context(ignore_https_errors=True, http_credentials=login, java_script_enabled=False)
    context.set_default_timeout(MILLISECONDS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, account: str, password: str) -> None:
    """Sign in and consent, until the browser is sent back to where it came from.

    :param page: on one of Microsoft's pages.
    :raises RuntimeError: another page comes than a person could answer; its text.
    """
    # By heading: the button to press, and what to fill in before, by label. Each comes once: whoever comes back to one
    # was refused.
    answers = {
        "Sign in": ("Next", {"User name": account}),
        "Enter password": ("Sign in", {"Password": password}),
        "Permissions requested": ("Accept", {}),
        "Working...": ("Continue", {}),
    }
    microsoft = urlsplit(page.url).netloc
    while urlsplit(page.url).netloc == microsoft:
        heading = page.get_by_role("heading", level=1).inner_text()
        if heading not in answers or page.get_by_role("alert").count():
            raise RuntimeError(page.get_by_role("main").inner_text())
        button, fields = answers.pop(heading)
        for label, text in fields.items():
            page.get_by_label(label).fill(text)
        press(page, button)


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that comes."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def follow(page: Page, link: Locator) -> None:
    """Follow a link, and wait for the page that comes."""
    with page.expect_navigation():
        link.click()
