# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A product is made to send by its API over HTTPS, and is asked what it has received; the mailboxes judge."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from http_stand_in import Answer, Request, listening
from mail_world import PROBE, MailWorld
from sandbox_fixture import RunningSandbox
from served_app import server_tls

SUPPORT = "support@contoso.example"
PASSWORD = "api~pass~word"


@dataclass
class Product:
    """Sends by the sandbox's relay, and shows what is in the probe's mailbox."""

    world: MailWorld
    ca: Path
    port: int = 0

    def answer(self, request: Request) -> Answer:
        """Do what it is asked, for whoever knows the password."""
        if request.headers.get("Authorization") != "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode():
            return Answer(401, {"message": f"{request.headers.get('Authorization')} is wrong"})
        if request.path == "/accounts":
            return Answer(200, {"count": 1, "rows": [{"id": 7, "key": "SUPP"}]})
        if request.path == "/mails":
            return Answer(200, {"rows": [{"mail": {"subject": mail["Subject"]}} for mail in self.world.mails(PROBE)]})
        if request.path != "/accounts/7/send":
            return Answer(404, {"message": "not found"})
        return self.send(request.json())

    def send(self, wanted: dict[str, Any]) -> Answer:
        """Send, as products do, with a Message-ID of one's own."""
        if wanted.get("text") == "fail":
            return Answer(500, {"message": "AADSTS50173: The provided grant has expired due to it being revoked."})
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = SUPPORT, wanted["to"], wanted["subject"]
        message["Message-ID"] = "<of-the-product@product.example>"
        message.set_content(wanted["text"])
        with smtplib.SMTP("127.0.0.1", int(self.world.sandbox.env["M365_SANDBOX_RELAY_PORT"]), timeout=30) as relay:
            relay.send_message(message)
        return Answer(200, {"response": "250 2.0.0 OK"})

    def side(self, path: str, **web: Any) -> dict[str, Any]:
        """An end of the way."""
        return {"transport": "web", "mailbox": web.pop("mailbox", SUPPORT), "web": {
            "url": f"https://127.0.0.1:{self.port}{path}", "ca_path": str(self.ca),
            "authentication": {"username": "admin", "password": PASSWORD}, **web,
        }}

    def sends(self, **body: Any) -> dict[str, Any]:
        """How it sends."""
        return self.side(
            "/accounts/{id}/send", accepted={"response": "^250"},
            body={"to": {"mail": "recipient"}, "subject": {"mail": "subject"}, "text": {"mail": "text"}, **body},
            listed={"url": f"https://127.0.0.1:{self.port}/accounts", "rows": "rows", "by": {"key": "SUPP"}},
        )


@pytest.fixture
def product(clean: RunningSandbox, tmp_path: Path) -> Iterator[Product]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    found = Product(MailWorld(clean), tmp_path / "authority.pem")
    with listening(found.answer, server_tls(authority)) as port:
        found.port = port
        yield found


def test_what_a_product_sends_is_found_by_its_subject_and_deleted(product: Product) -> None:
    delivery = product.world.delivered(product.sends(), product.world.reader("graph"))
    assert delivery["sent_through"] == {
        "transport": "web", "authentication": "none", "host": "127.0.0.1", "port": product.port, "tls": "implicit",
        "user": None, "encrypted": True,
    }
    assert delivery["headers"]["message_id"] == "<of-the-product@product.example>"
    assert (delivery["cleaned_up"]["received"], product.world.mails(PROBE)) == (1, [])


def test_what_a_product_received_is_found_in_its_list_and_stays(product: Product) -> None:
    read = product.side("/mails", rows="rows", subject="mail.subject", mailbox=PROBE)
    delivery = product.world.delivered(product.sends(), read)
    assert (delivery["folder"], delivery["received_through"]["transport"]) == ("the list /mails", "web")
    assert delivery["cleaned_up"]["received"] is None
    assert len(product.world.mails(PROBE)) == 1


def test_a_refusal_is_the_products_with_our_remedy_and_without_its_password(product: Product) -> None:
    over = product.world.failed(product.sends(text="fail"), product.world.reader("graph"))
    assert "HTTP 500" in over["msg"]
    assert "was revoked, or the password changed: the person has to sign in again." in over["msg"]
    assert over["needs_person"] is True
    wrong = product.sends()
    wrong["web"]["authentication"]["password"] = "not~this~one"
    closed = product.world.failed(wrong, product.world.reader("graph"))
    assert "refused the sign-in: HTTP 401" in closed["msg"]
    assert "not~this~one" not in str(closed)
    untrusted = product.sends()
    del untrusted["web"]["ca_path"]
    assert "ca_path" in product.world.failed(untrusted, product.world.reader("graph"))["msg"]
    assert product.world.mails(PROBE) == []
