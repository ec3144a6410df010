"""What a person does at the products' own pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from signing_in.chromium import follow, new_page, press, sign_in

Required = Mapping[str, str]
"""An entry of ``authorization_required`` in a report."""


def integration_server(page: Page, server: Mapping[str, Any], required: Required, password: str) -> None:
    """Get Authorization Code for the e-mail port that the report names, or for the notifications."""
    page.goto(f"{server['url']}/WmRoot/security-ports.dsp")
    if "notifications" in required["what"]:
        follow(page, page.get_by_role("link", name="Settings > Resources"))
        follow(page, page.get_by_role("link", name="Edit Resource Settings"))
    else:
        follow(page, _link_to(page, required))
        follow(page, page.get_by_role("link", name="Edit Email Client Configuration"))
    follow(page, page.get_by_role("link", name="Get Authorization Code"))
    sign_in(page, required["account"], password)
    _refuse_refusals(page)
    press(page, "Save Changes")
    _refuse_refusals(page)


def xcally(page: Page, server: Mapping[str, Any], required: Required, password: str) -> None:
    """Authenticate the cloud provider that the report names."""
    page.goto(f"{server['url']}/login")
    page.get_by_label("Username").fill(server["username"])
    page.get_by_label("Password").fill(server["password"])
    press(page, "Login")
    follow(page, _link_to(page, required))
    press(page, "Authenticate")
    sign_in(page, required["account"], password)
    _refuse_refusals(page)


PRODUCTS: Mapping[str, Callable[[Page, Mapping[str, Any], Required, str], None]] = {
    "integration_server": integration_server, "xcally": xcally,
}


def at_a_product(
    browser: Browser, product: str, server: Mapping[str, Any], required: Required, password: str
) -> None:
    """Sign in where a report says that somebody has to.

    :param server: the entry of ``servers.json`` of the host that is meant.
    :raises RuntimeError: a page refused; its text.
    """
    with new_page(browser, server) as page:
        PRODUCTS[product](page, server, required, password)


def _link_to(page: Page, required: Required) -> Locator:
    """The link to what a report calls "NAME at ADDRESS"."""
    name = required["where"].rpartition(" at ")[0]
    return page.get_by_role("link", name=name, exact=True)


def _refuse_refusals(page: Page) -> None:
    alert = page.get_by_role("alert")
    if alert.count():
        raise RuntimeError(alert.inner_text())
