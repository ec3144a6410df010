# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A real browser is brought to a sign-in by the module: the page tells what goes wrong, the module how to go on.

The person in it is the one of ``make demo-sign-in``, but where something is to go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sandbox_fixture import RunningSandbox
from sign_in_world import CONTRACTS, NAME, SignInWorld
from signing_in.chromium import chromium, new_page, press, sign_in

CODE = "123456"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_page(browser) as page:
        yield page


@pytest.fixture
def world(clean: RunningSandbox, tmp_path: Path) -> SignInWorld:
    return SignInWorld(clean, tmp_path)


def told(world: SignInWorld, page: Page, act: Callable[[], object], **options: Any) -> dict[str, Any]:
    """Start the module, open what it prints, act there, and give what it says in the end."""
    world.set_up()

    def open_and_act(address: str) -> None:
        page.goto(address)
        act()

    return world.run_told(open_and_act, world.sign_in(**options)).last()


def alert(page: Page, code: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text(code)


def give_password(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def test_a_wrong_password_and_a_second_factor(world: SignInWorld, page: Page) -> None:
    world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"multiFactorCode": CODE})

    def act() -> None:
        give_password(page, "wrong")
        alert(page, "AADSTS50126")
        give_password(page, world.password)
        page.get_by_label("Code").fill("654321")
        press(page, "Verify")
        alert(page, "AADSTS500121")
        page.get_by_label("Code").fill(CODE)
        press(page, "Verify")
        sign_in(page, CONTRACTS, world.password)

    done = told(world, page, act)
    assert (done["changed"], done["msg"]) == (True, f"{CONTRACTS} has signed in.")
    assert world.kept()[f"sign-ins/{NAME}"]["people"] == {CONTRACTS: done["since"]}


def test_declined_consent(world: SignInWorld, page: Page) -> None:
    world.application["consent"] = "account"

    def act() -> None:
        give_password(page, world.password)
        press(page, "Cancel")
        press(page, "Continue")

    refused = told(world, page, act)
    assert "AADSTS65004" in refused["msg"]
    assert refused["remedy"]


def test_a_redirect_uri_that_is_not_registered(world: SignInWorld, page: Page) -> None:
    world.application["redirect_uris"] = {"web": ["https://product.example/callback"]}
    refused = told(world, page, lambda: alert(page, "AADSTS50011"), wait=1)
    assert refused["msg"].startswith("Nobody has signed in for ")
    assert refused["remedy"]


def test_an_expired_code(world: SignInWorld, page: Page) -> None:
    def act() -> None:
        give_password(page, world.password)
        world.sandbox.control("PUT", "/clock", {"offset_seconds": 3600})
        press(page, "Continue")

    refused = told(world, page, act)
    assert "AADSTS70008" in refused["msg"]
    assert refused["remedy"]


def test_a_wrong_state(world: SignInWorld, page: Page) -> None:
    def act(address: str) -> None:
        state = parse_qs(urlsplit(address).query)["state"][0]
        page.goto(address.replace(state, "of-another-sign-in"))
        sign_in(page, CONTRACTS, world.password)
        expect(page.get_by_text("State mismatch. Waiting for next response")).to_be_visible()
        page.goto(address)
        press(page, "Continue")

    world.set_up()
    done = world.run_told(act, world.sign_in()).last()
    assert (done["changed"], done["msg"]) == (True, f"{CONTRACTS} has signed in.")
