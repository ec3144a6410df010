"""The page of report_credentials in a real browser: on a phone, on a desktop and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._credentials_page import credentials_page
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    credential,
    slot,
    stamp,
)
from browser_fixture import DESKTOP, PHONE, chromium
from playwright.sync_api import Browser, Page, expect

__all__ = ["chromium"]

APPLICATIONS = 100
#: Days that the current secret of one has left, so that all states occur.
DAYS = (5, 40, 90, 150, -3)


def estate() -> dict[str, Any]:
    """A report of a hundred applications, of which every tenth has a previous secret."""
    planned, entries, found = [], {}, []
    for number in range(APPLICATIONS):
        name, days = f"Application {number:03}", DAYS[number % len(DAYS)]
        app_id = f"5e1e3b5a-2fd7-4c07-8ae1-{number:012}"
        entry = {"client_id": app_id, "current": slot(f"c{number}", days)}
        credentials = [credential(f"c{number}", days)]
        if number % 10 == 0:
            entry["previous"] = slot(f"p{number}", 20, remove_after=stamp(4))
            credentials.append(credential(f"p{number}", 20))
        hosts = [f"server-{number:03}"]
        planned.append({
            "name": name, "unique_name": name.lower(), "display_name": name, "environment": "prod", "team": hosts,
            "secret": {"renew_within": "30d"}, "store": {"kind": "ansible_vault"}, "hosts": hosts,
        })
        entries[name] = entry
        found.append({
            "object_id": "object", "app_id": app_id, "unique_name": name.lower(), "display_name": name,
            "credentials": credentials,
        })
    enabled = dict.fromkeys((one["app_id"] for one in found), True)
    reading = {"moment": stamp(0), "applications": found, "not_found": [], "enabled": enabled}
    return report(planned, entries, [reading], {}, "14d", {}, [])


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page; at its end it must have asked for nothing but itself."""
    file = tmp_path / "credentials.html"
    file.write_text(credentials_page(estate()), encoding="utf-8")
    page, asked = chromium.new_page(viewport=request.param), list[str]()
    page.on("request", lambda one: asked.append(one.url))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert asked == [file.as_uri()]


def test_a_hundred_applications_are_filtered(page: Page) -> None:
    table, line = page.locator("tbody:visible"), page.locator("ol > li:visible")
    expect(page.get_by_role("status")).to_have_text(f"{APPLICATIONS} of {APPLICATIONS} applications")
    page.get_by_label("Filter").fill("SERVER-010")
    expect(page.get_by_role("status")).to_have_text(f"1 of {APPLICATIONS} applications")
    expect(table).to_have_count(1)
    expect(line).to_have_count(2)
    page.get_by_label("Filter").fill("")
    page.get_by_label("State").select_option("expired")
    expect(table).to_have_count(APPLICATIONS // len(DAYS))


def test_it_fits_and_the_table_is_scrolled_by_keyboard(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    region = page.get_by_role("region", name="Applications")
    region.focus()
    page.keyboard.press("ArrowRight")
    hidden = region.evaluate("one => one.scrollWidth > one.clientWidth")
    if hidden:
        page.wait_for_function("one => one.scrollLeft > 0", arg=region.element_handle())
    assert hidden == (page.viewport_size == PHONE)


def test_a_day_stays_in_one_line(page: Page) -> None:
    lines = page.evaluate("[...document.querySelectorAll('main time')].map(one => one.getClientRects().length)")
    assert set(lines) == {1}


def test_the_time_line_tells_the_slots_apart_and_when_the_rotation_acts(page: Page) -> None:
    page.get_by_label("Filter").fill("server-010")
    looks = page.locator("ol > li:visible .bar").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundImage.split('(')[0])"
    )
    assert looks == ["none", "repeating-linear-gradient"]
    places = page.locator("ol > li:visible").evaluate_all(
        "all => all.map(one => ['.mark', '.until'].map(name => one.querySelector(name).getBoundingClientRect().left))"
    )
    assert all(acts < ends for acts, ends in places)
    assert page.locator("ol > li:visible .mark").evaluate_all("all => all.map(one => one.title)") == [
        "replace it from 2031-04-06", "remove it from 2031-05-05",
    ]


def test_on_paper_nothing_is_cut(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.get_by_role("search")).to_be_hidden()
    # A4 across, less Chromium's margins.
    page.set_viewport_size({"width": 1040, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(page.pdf(format="A4", landscape=True)) > 10_000
