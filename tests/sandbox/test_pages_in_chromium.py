"""The pages in a real browser: by keyboard alone, on a phone and on a desktop, with nothing from elsewhere."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser_fixture import chromium, context, looks_right, page
from mail_client import PROBE, mail_app, submission, switch_smtp_on
from person_fixture import ADMIN, CONTRACTS, Product, body
from playwright.sync_api import Page, Request, expect
from sandbox_fixture import RunningSandbox, run_cli

__all__ = ["chromium", "context", "page"]


class Landing(BaseHTTPRequestHandler):
    """The product's redirect URI."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"The product")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def landing() -> Iterator[str]:
    """The redirect URI of a product on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Landing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/landing"
        server.shutdown()
        thread.join()


@pytest.fixture
def product(clean: RunningSandbox) -> Product:
    return Product(clean, redirectUris={"web": ["http://localhost/landing"]})


def returned(page: Page, landing: str) -> dict[str, str]:
    """What the product was told."""
    page.wait_for_url(f"{landing}**")
    return dict(parse_qsl(urlsplit(page.url).query))


def test_a_sign_in_by_keyboard(page: Page, product: Product, landing: str) -> None:
    product.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"multiFactorCode": "123456"})
    page.goto(product.address(redirect_uri=landing))
    looks_right(page, "Sign in")
    keyboard = page.keyboard
    keyboard.type(CONTRACTS)
    keyboard.press("Enter")
    looks_right(page, "Enter password")
    keyboard.type("wrong")
    keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS50126")
    looks_right(page, "Enter password")
    keyboard.type(product.password)
    keyboard.press("Enter")
    looks_right(page, "Verify your identity")
    keyboard.type("123456")
    keyboard.press("Tab")
    keyboard.press("Enter")
    looks_right(page, "Permissions requested")
    expect(page.get_by_text("IMAP.AccessAsUser.All")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_be_focused()
    keyboard.press("Enter")
    assert body(product.redeem(returned(page, landing)["code"], redirect_uri=landing))["refresh_token"]


def test_declined_consent_and_a_wrong_redirect_uri(page: Page, product: Product, landing: str) -> None:
    page.goto(product.address(redirect_uri=landing))
    page.get_by_label("User name").fill(ADMIN)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    looks_right(page, "Permissions requested")
    page.get_by_label("Consent on behalf of your organization").check()
    page.get_by_role("button", name="Cancel").click()
    assert returned(page, landing)["error_description"].startswith("AADSTS65004")
    page.goto(product.address(redirect_uri=f"{landing}/other"))
    looks_right(page, re.compile("having trouble signing you in"))
    expect(page.get_by_role("alert")).to_contain_text("AADSTS50011")


def test_what_only_an_administrator_may_grant_and_another_account(page: Page, product: Product, landing: str) -> None:
    page.goto(product.address(redirect_uri=landing, scope="User.Read.All", login_hint=CONTRACTS))
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    looks_right(page, "Need admin approval")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS90094")
    page.get_by_role("button", name="Return to the application").click()
    assert returned(page, landing)["error"] == "access_denied"
    page.goto(product.address(redirect_uri=landing, prompt="select_account"))
    looks_right(page, "Pick an account")
    page.get_by_role("button", name="Use another account").click()
    looks_right(page, "Sign in")


def test_a_form_that_sends_itself(page: Page, product: Product, landing: str) -> None:
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.url == landing else None)
    page.goto(product.address(redirect_uri=landing, response_mode="form_post", prompt="none"))
    page.wait_for_url(landing)
    (post,) = posts
    assert post.method == "POST"
    assert dict(parse_qsl(post.post_data or ""))["error"] == "login_required"


def test_a_device(page: Page, clean: RunningSandbox) -> None:
    product = Product(clean, public=True)
    page.goto(f"{product.url}/common/oauth2/deviceauth")
    looks_right(page, "Enter code")
    page.keyboard.type("WRONGCODE")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("AADSTS70018")


def test_the_inbox_shows_markup_without_its_script(page: Page, clean: RunningSandbox) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = PROBE, CONTRACTS, "A very long subject " * 20
    message.set_content("Plain")
    message.add_alternative(
        "<p>Rich</p><script>document.body.append('ran')</script><img src='https://tracker.example/x.png'>"
        "<form action='https://tracker.example'><button>Press</button></form>", subtype="html",
    )
    switch_smtp_on(clean)
    with submission(clean, mail_app(clean, PROBE)) as client:
        client.send_message(message)
    page.goto(run_cli("inbox", clean.directory).stdout.strip())
    assert "token" not in page.url
    looks_right(page, "Mailboxes")
    page.get_by_role("link", name=CONTRACTS, exact=True).click()
    looks_right(page, f"INBOX of {CONTRACTS}")
    page.get_by_role("link", name="A very long subject").click()
    looks_right(page, re.compile("A very long subject"))
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Rich")).to_be_visible()
    expect(frame.locator("body")).not_to_contain_text("ran")
    page.locator("summary").press("Enter")
    expect(page.get_by_text("Message-ID", exact=True)).to_be_visible()
