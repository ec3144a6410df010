# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product's API is asked, and what is made of its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._listed import Listed
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe, new_probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Refused
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web import (
    Api,
    WebMailbox,
    WebSender,
    about,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer
from hypothesis import given
from hypothesis import strategies as st

ACCESS = Access({"username": "admin", "password": "api~password"}, timeout=7)
URL = "https://product.example/send"
ACCOUNTS = "https://product.example/accounts"
LISTED: Listed = {"rows": "rows", "id": "id", "by": {"key": "SUPP"}}


class Product:
    """Answers by address, and remembers what it was asked."""

    def __init__(self, **answers: tuple[int, Any]) -> None:
        self.answers = {f"https://product.example/{path}": answer for path, answer in answers.items()}
        self.asked: list[tuple[str, str, Any]] = []

    def request(self, method: str, url: str, access: Access, body: Mapping[str, Any] | None = None) -> Answer:
        assert access is ACCESS
        self.asked.append((method, url, body))
        status, content = self.answers[url]
        return Answer(status, None if isinstance(content, str) else content, str(content))


@pytest.fixture
def probe() -> Probe:
    return new_probe("support@contoso.example", ("a@contoso.example", "b@contoso.example"), "A check", {})


def sender(product: Product, body: Mapping[str, Any], url: str = URL, **options: Any) -> WebSender:
    listed = options.pop("listed", None)
    api = Api(url, ACCESS, ACCOUNTS if listed else None, listed)
    return WebSender(api, "POST", body, options.pop("accepted", {}), product, Stopwatch(), **options)


def test_a_product_is_told_what_the_mail_has(probe: Probe) -> None:
    product = Product(send=(200, {"status": None}))
    body = {
        "to": {"mail": "recipient"}, "subject": {"mail": "subject"}, "auth": {"user": {"mail": "sender"}},
        "lines": [{"mail": "text"}, "mail"], "id": {"mail": "message_id"}, "mail": {"mail": "unknown"}, "port": 587,
    }
    asyncio.run(sender(product, body, accepted={"status": "^$"}).send(probe))
    assert product.asked == [("POST", URL, {
        "to": "a@contoso.example, b@contoso.example", "subject": probe.subject,
        "auth": {"user": "support@contoso.example"}, "lines": [probe.text, "mail"], "id": probe.message_id,
        "mail": {"mail": "unknown"}, "port": 587,
    })]


@pytest.mark.parametrize(("answer", "accepted", "said"), [
    ((500, {"message": "550 5.7.60 SendAsDenied"}), {}, "550 5.7.60 SendAsDenied"),
    ((302, "elsewhere"), {}, "elsewhere"),
    ((200, {"status": "535 5.7.3 Authentication unsuccessful"}), {"status": "^(250.*)?$"}, "status: 535 5.7.3"),
    ((200, {"reply": {"code": 550}}), {"reply.code": "^250"}, "reply.code: 550"),
    ((200, "no JSON"), {"status": "^250"}, "status: (nothing)"),
])
def test_a_refusal_is_told_in_the_products_words(
    probe: Probe, answer: tuple[int, Any], accepted: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(sender(Product(send=answer), {"to": "x"}, accepted=accepted).send(probe))
    assert (refused.value.step, refused.value.where) == ("submission", "product.example")
    assert said in refused.value.message
    assert "needs_person" not in refused.value.details


@pytest.mark.parametrize(("said", "remedy", "person"), [
    ("Error: AADSTS70043: The refresh token has expired", "lengthen it for this account", True),
    ("invalid_grant AADSTS50173: The provided grant", "was revoked, or the password changed", True),
    ("AADSTS7000222: The provided client secret keys", "make a new one", False),
    ("Invalid login: 535 5.7.139 SmtpClientAuthentication is disabled for the Tenant", "SMTP AUTH is off", False),
    ("Invalid login: 535 5.7.3 Authentication unsuccessful", "must be able to open the mailbox in Outlook", False),
    ("2 NO AUTHENTICATE failed.", "IMAP is on for the mailbox", False),
    ("User is authenticated but not connected.", "FullAccess", False),
])
def test_what_it_repeats_has_its_remedy(probe: Probe, said: str, remedy: str, person: bool) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(sender(Product(send=(500, said)), {}).send(probe))
    assert remedy in str(refused.value.remedy)
    assert refused.value.details.get("needs_person", False) is person


def test_no_secret_is_repeated(probe: Probe) -> None:
    body = {"auth": {"token": "a~long~token", "pass": ["sec~ret"]}, "client_secret": "", "to": "x"}
    said = "You, admin, sent a~long~token and sec~ret, with api~password."
    with pytest.raises(Refused) as refused:
        asyncio.run(sender(Product(send=(500, said)), body).send(probe))
    assert "You, admin, sent (secret) and (secret), with (secret)." in refused.value.message
    with pytest.raises(Refused) as closed:
        asyncio.run(sender(Product(send=(401, said)), body).send(probe))
    assert (closed.value.step, "You" in closed.value.message) == ("sign_in", False)


def test_an_id_that_only_the_product_knows(probe: Probe) -> None:
    rows = [{"id": 7, "key": "SALE"}, {"id": "a/b", "key": "SUPP"}]
    product = Product(accounts=(200, {"count": 2, "rows": rows[:1]}))
    product.answers[f"{ACCOUNTS}?limit=1&offset=1"] = 200, {"count": 2, "rows": rows[1:]}
    product.answers[f"{ACCOUNTS}/a%2Fb/send"] = 200, {}
    sends = sender(product, {"to": "x"}, "https://product.example/accounts/{id}/send", listed=LISTED)
    asyncio.run(sends.send(probe))
    asyncio.run(sends.send(probe))
    assert [(method, url) for method, url, _body in product.asked] == [
        ("GET", ACCOUNTS), ("GET", f"{ACCOUNTS}?limit=1&offset=1"), *[("POST", f"{ACCOUNTS}/a%2Fb/send")] * 2,
    ]


@pytest.mark.parametrize(("rows", "words"), [
    ([], "shows no object with key SUPP"),
    ([{"id": 1, "key": "SUPP"}, {"id": 2, "key": "SUPP"}], "has 2 rows with key 'SUPP': 1, 2"),
    (None, "gives no list 'rows'"),
])
def test_an_id_that_cannot_be_told(probe: Probe, rows: Any, words: str) -> None:
    product = Product(accounts=(200, {"rows": rows}))
    with pytest.raises(InputError, match=words):
        asyncio.run(sender(product, {}, "https://product.example/accounts/{id}/send", listed=LISTED).send(probe))


@pytest.mark.parametrize(("content", "rows", "subject"), [
    ([{"subject": "X"}, {"subject": "SUBJECT"}], None, "subject"),
    ({"rows": [{"mail": {"title": "  Re: SUBJECT\r\n"}}]}, "rows", "mail.title"),
    ({"data": {"rows": [{"subject": "SUBJECT"}, "no row", {}]}}, "data.rows", "subject"),
])
def test_a_mail_in_a_products_list(probe: Probe, content: Any, rows: str | None, subject: str) -> None:
    told = json.loads(json.dumps(content).replace("SUBJECT", probe.subject))
    mailbox = WebMailbox(Api(URL, ACCESS), rows, subject, Product(send=(200, told)))
    [found] = asyncio.run(mailbox.find(probe))
    assert (found.folder, found.is_junk) == ("the list /send", False)
    asyncio.run(mailbox.remove([found]))
    assert asyncio.run(mailbox.remove_sent(probe, "x")) is None
    other = WebMailbox(Api(URL, ACCESS), rows, subject, Product(send=(200, content)))
    assert asyncio.run(other.find(probe)) == []


def test_a_list_that_cannot_be_read(probe: Probe) -> None:
    mailbox = WebMailbox(Api(URL, ACCESS), "rows", "subject", Product(send=(200, {"rows": {}})))
    with pytest.raises(InputError, match="gives no list 'rows'"):
        asyncio.run(mailbox.open())
    closed = WebMailbox(Api(URL, ACCESS), "rows", "subject", Product(send=(403, {"message": "no"})))
    with pytest.raises(Refused) as refused:
        asyncio.run(closed.open())
    assert refused.value.step == "open_mailbox"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20,
)


@given(json_values)
def test_what_says_nothing_of_the_mail_is_sent_as_it_is(value: Any) -> None:
    probe = new_probe("a@x.example", ("b@x.example",), "A", {})
    if "mail" not in str(value):
        assert about(value, probe) == value
