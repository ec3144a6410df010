"""Integration Server's pages in a real browser, from the list of ports to a code that was used before."""

from __future__ import annotations

import base64

from administrator import Administrator
from browser_fixture import chromium, context, looks_right, page
from playwright.sync_api import Page, expect
from sandbox_fixture import RunningSandbox

__all__ = ["chromium", "context", "page"]

ORDERS = "integration-test@contoso.example"


def test_somebody_signs_in_by_keyboard(page: Page, clean: RunningSandbox) -> None:
    administrator = Administrator(clean, "is-1", "--version", "10.15")
    administrator.api.delete("/admin/port/email/orders")
    administrator.register()
    administrator.add_port("orders", ORDERS, description="A very long description " * 20)
    password = base64.b64encode(":".join(administrator.login).encode()).decode()
    page.context.set_extra_http_headers({"Authorization": f"Basic {password}"})
    page.goto(f"{administrator.url}/WmRoot/settings-resources.dsp")
    looks_right(page, "Settings > Resources")
    page.get_by_role("link", name="Edit Resource Settings").press("Enter")
    looks_right(page, "Settings > Resources > Edit")
    page.goto(administrator.url)
    looks_right(page, "Security > Ports")
    page.get_by_role("link", name="orders").press("Enter")
    looks_right(page, "View Email Client Details: orders")
    page.get_by_role("link", name="Edit Email Client Configuration").press("Enter")
    looks_right(page, "Edit Email Client Configuration: orders")
    page.get_by_role("link", name="Get Authorization Code").press("Enter")
    page.get_by_label("User name").fill(ORDERS)
    page.keyboard.press("Enter")
    page.get_by_label("Password").fill(clean.env["M365_SANDBOX_USER_PASSWORD"])
    page.keyboard.press("Enter")
    looks_right(page, "Received Auth Code")
    received = page.url
    page.keyboard.press("Enter")
    looks_right(page, "Security > Ports")
    page.goto(received)
    page.get_by_role("button", name="Save Changes").click()
    looks_right(page, "Edit Email Client Configuration: orders")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS54005")
