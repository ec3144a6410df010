"""A real browser, once as a phone and once as a desktop, and what has to hold for every page in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from signing_in.chromium import chromium as started

expect.set_options(timeout=30_000)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def context(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser with an empty jar."""
    context = chromium.new_context(viewport=request.param, ignore_https_errors=True)
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; at its end it must have asked nobody but the sandbox and the product for anything."""
    page, asked, stopped = context.new_page(), list[Request](), list[Request]()
    page.on("request", lambda request: asked.append(request))
    # What the page's own policy forbade has not left the browser.
    page.on("requestfailed", lambda request: stopped.append(request) if request.failure == "csp" else None)
    yield page
    assert {urlsplit(one.url).hostname for one in asked if one not in stopped} <= {"127.0.0.1", "localhost"}


def looks_right(page: Page, heading: str | re.Pattern[str]) -> None:
    """Whether a page fits its width, has one heading, and names every field and button."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden])')].filter(field => !field.labels.length).length"
        " + [...document.querySelectorAll('button, a')].filter(one => !one.textContent.trim()).length"
    )
    assert unnamed == 0
    small = page.evaluate("[...document.querySelectorAll('button')].filter(one => one.offsetHeight < 40).length")
    assert small == 0
