# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens of a person who has signed in, and what is proven with them; the identity platform and the mailboxes judge."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import _flows, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.deliveries import prove_all
from mail_world import PROBE, MailWorld
from person import Person
from sandbox_fixture import RunningSandbox
from test_estate_deliveries import Told, check

CONTRACTS = "contracts@contoso.example"
TICKETS = "tickets@contoso.example"
SHARED = "shared@contoso.example"
OUTLOOK = "https://outlook.office365.com"
SCOPE = f"{OUTLOOK}/.default"
SECONDS = 60
MAIL_SCOPES = {OUTLOOK: ["IMAP.AccessAsUser.All", "SMTP.Send"]}


class Desk:
    """A person, the application that they sign in to, and what they are told."""

    def __init__(self, sandbox: RunningSandbox, **registration: Any) -> None:
        self.sandbox = sandbox
        self.world = MailWorld(sandbox)
        self.app = self.world.application(
            "Product", **{"redirectUris": {"web": ["http://localhost"]}, "scopes": MAIL_SCOPES, **registration}
        )
        self.told: list[str] = []
        self.visits: list[threading.Thread] = []

    @property
    def password(self) -> str:
        return self.sandbox.env["M365_SANDBOX_USER_PASSWORD"]

    def source(self, sign_in: str | None = None, account: str = CONTRACTS, **options: Any) -> signed_in.SignedIn:
        """The token source."""
        environment = self.sandbox.env
        return signed_in.source({
            "cloud": "custom", "authority_host": environment["AZURE_AUTHORITY_HOST"],
            "graph_endpoint": environment["MAILOPS_GRAPH_ENDPOINT"], "ca_path": self.sandbox.ca, "timeout": 60,
            "tenant_id": environment["AZURE_TENANT_ID"], "client_id": self.app["appId"],
            "client_secret": self.app["secret"], "account": account, "sign_in": sign_in, **options,
        }, Connections())

    def prompt(self, visit: Callable[[Person], object]) -> Callable[[str], None]:
        """Have somebody do what they are told, in a browser of their own."""
        def told(text: str) -> None:
            self.told.append(text)
            words = text.split()
            code = words[words.index("code") + 1] if "code" in words else None

            def go() -> None:
                page = Person(self.sandbox.ca).open(words[1] if code else words[-1])
                visit(page.press("Next", user_code=code) if code else page)

            self.visits.append(threading.Thread(target=go))
            self.visits[-1].start()

        return told

    def accept(self, page: Person) -> None:
        """Sign in under the name that is shown, and consent."""
        page = page.press("Sign in", password=self.password)
        if page.arrived is None:
            page.press("Accept")
        assert page.leave().ok

    def sign_in(self, person: signed_in.SignedIn, scope: str = SCOPE) -> str:
        """Sign in; gives what is kept."""
        _flows.by_authorization_code(person, scope, SECONDS, self.prompt(self.accept), 0)
        return person.kept


@pytest.fixture
def desk(clean: RunningSandbox) -> Iterator[Desk]:
    clean.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {"SmtpClientAuthenticationDisabled": False})
    found = Desk(clean)
    yield found
    for visit in found.visits:
        visit.join(SECONDS)


def test_whoever_has_signed_in_is_asked_nothing_and_no_access_token_is_kept(desk: Desk) -> None:
    with pytest.raises(AuthenticationError, match="Nobody has signed in yet") as nobody:
        desk.source().token(SCOPE)
    assert nobody.value.needs_person
    kept = desk.sign_in(desk.source())
    assert set(json.loads(kept)) == {"RefreshToken", "Account", "AppMetadata"}
    desk.sandbox.control("DELETE", "/requests")
    later = desk.source(kept)
    token = later.token(SCOPE)
    assert token not in kept
    assert later.token(SCOPE) == token
    assert not later.refresh()
    asked = [one for one in desk.sandbox.requests("identity") if one["path"].endswith("/token")]
    assert len(asked) == 1
    assert json.loads(later.kept)["RefreshToken"] != json.loads(kept)["RefreshToken"]
    with pytest.raises(AuthenticationError, match="Nobody has signed in yet"):
        desk.source(kept, account=TICKETS).token(SCOPE)


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"RefreshToken": []}', '{"RefreshToken": {"x": 1}}', "{}"])
def test_what_is_damaged_counts_as_nothing(desk: Desk, damaged: str) -> None:
    with pytest.raises(AuthenticationError, match="Nobody has signed in yet"):
        desk.source(damaged).token(SCOPE)


def end_of_sessions(desk: Desk) -> None:
    desk.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")


def another_password(desk: Desk) -> None:
    desk.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"password": "another one"})


def sign_in_frequency(desk: Desk) -> None:
    desk.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"signInFrequencySeconds": 3600})
    desk.sandbox.control("PUT", "/clock", {"offset_seconds": 7200})


def three_months(desk: Desk) -> None:
    desk.sandbox.control("PUT", "/clock", {"offset_seconds": 91 * 86400})


def second_factor(desk: Desk) -> None:
    desk.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"multiFactorCode": "123456"})


def conditional_access(desk: Desk) -> None:
    desk.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"blockedByConditionalAccess": True})


@pytest.mark.parametrize(("event", "code", "words"), [
    (end_of_sessions, "AADSTS50173", "was revoked, or the password changed"),
    (another_password, "AADSTS50173", "was revoked, or the password changed"),
    (sign_in_frequency, "AADSTS70043", "lengthen it for this account"),
    (three_months, "AADSTS700082", "Nobody used the sign-in for 90 days"),
    (second_factor, "AADSTS50076", "with the second factor that the tenant asks for"),
    (conditional_access, "AADSTS53003", "A Conditional Access policy blocks the sign-in"),
])
def test_why_a_sign_in_is_over(desk: Desk, event: Callable[[Desk], None], code: str, words: str) -> None:
    kept = desk.sign_in(desk.source())
    event(desk)
    with pytest.raises(AuthenticationError) as over:
        desk.source(kept).token(SCOPE)
    assert (over.value.code, over.value.needs_person) == (code, True)
    assert words in str(over.value.remedy)


def test_a_wrong_secret_is_no_matter_for_the_person(desk: Desk) -> None:
    kept = desk.sign_in(desk.source())
    with pytest.raises(AuthenticationError) as wrong:
        desk.source(kept, client_secret="wrong~but~not~an~id").token(SCOPE)
    assert (wrong.value.code, wrong.value.needs_person) == ("AADSTS7000215", False)


def test_the_person_declines(desk: Desk) -> None:
    desk.app = desk.world.application("Stranger", redirectUris={"web": ["http://localhost"]})
    person = desk.source()

    def decline(page: Person) -> None:
        page.press("Sign in", password=desk.password).press("Cancel").leave()

    with pytest.raises(AuthenticationError) as declined:
        _flows.by_authorization_code(
            person, f"{OUTLOOK}/IMAP.AccessAsUser.All", SECONDS, desk.prompt(decline), 0
        )
    assert (declined.value.code, "accept" in str(declined.value.remedy)) == ("AADSTS65004", True)
    assert json.loads(person.kept)["RefreshToken"] == {}


def test_somebody_else_signs_in(desk: Desk) -> None:
    person = desk.source()

    def other(page: Person) -> None:
        # A person may change the name in the address, or be signed in already.
        page.open(page.response.url.replace("contracts%40", "tickets%40").replace("contracts@", "tickets@"))
        desk.accept(page)

    with pytest.raises(AuthenticationError, match=f"{TICKETS} has signed in, and {CONTRACTS} should have"):
        _flows.by_authorization_code(person, SCOPE, SECONDS, desk.prompt(other), 0)
    assert json.loads(person.kept)["RefreshToken"] == {}


def test_nobody_comes_and_what_comes_is_another_sign_ins(desk: Desk) -> None:
    with pytest.raises(AuthenticationError, match=f"Nobody has signed in for {CONTRACTS} .* within 1 seconds"):
        _flows.by_authorization_code(desk.source(), SCOPE, 1, desk.told.append, 0)

    def forged(page: Person) -> None:
        page = page.press("Sign in", password=desk.password)
        assert page.arrived is not None
        requests.post(page.arrived, data={**page.posted, "state": "forged"}, timeout=SECONDS)

    with pytest.raises(AuthenticationError, match="Nobody has signed in"):
        _flows.by_authorization_code(desk.source(), SCOPE, 5, desk.prompt(forged), 0)


def test_a_port_that_is_taken(desk: Desk) -> None:
    with listening() as port, pytest.raises(InputError, match=f"port: {port} cannot be listened at"):
        _flows.by_authorization_code(desk.source(), SCOPE, 1, desk.told.append, port)
    with pytest.raises(InputError, match="port: 70000 cannot be listened at"):
        _flows.by_authorization_code(desk.source(), SCOPE, 1, desk.told.append, 70000)


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_device_code(desk: Desk) -> None:
    desk.app = desk.world.application("Device", public=True, scopes=MAIL_SCOPES, redirectUris={})
    person = desk.source(client_secret=None)

    def on_a_phone(page: Person) -> None:
        page.sign_in(CONTRACTS, desk.password).press("Continue")
        if "Accept" in page.response.text:
            page.press("Accept")

    _flows.by_device_code(person, SCOPE, SECONDS, desk.prompt(on_a_phone))
    assert desk.source(person.kept, client_secret=None).token(SCOPE)
    with pytest.raises(AuthenticationError, match="Nobody has signed in for"):
        _flows.by_device_code(desk.source(client_secret=None), SCOPE, 1, desk.told.append)

    def turned_away(page: Person) -> None:
        page.sign_in(CONTRACTS, desk.password).press("Cancel")

    with pytest.raises(AuthenticationError) as declined:
        _flows.by_device_code(desk.source(client_secret=None), SCOPE, SECONDS, desk.prompt(turned_away))
    assert declined.value.code == "AADSTS65004"


def test_a_device_code_needs_public_client_flows(desk: Desk) -> None:
    with pytest.raises(AuthenticationError) as refused:
        _flows.by_device_code(desk.source(client_secret=None), SCOPE, 20, desk.told.append)
    assert (refused.value.code, "public_client" in str(refused.value.remedy)) == ("AADSTS7000218", True)


# -- proofs in a person's name --------------------------------------------------------------------------------------


class Prover:
    """Checks in the name of a person who has signed in."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.token = desk.source(desk.sign_in(desk.source())).token(SCOPE)

    def side(self, transport: str, mailbox: str = CONTRACTS) -> dict[str, Any]:
        server = self.desk.world.server(transport, "starttls" if transport == "smtp" else "implicit")
        return {
            "transport": transport, "mailbox": mailbox, "auth_source": "access_token", "access_token": self.token,
            **server,
        }

    def verdict(self, **options: Any) -> dict[str, Any]:
        """The verdict on one check."""
        one = check(self.desk.world, "one", **{"timeout": 5, "to": None, **options})
        [verdict] = asyncio.run(prove_all([one], progress=Told())).values()
        assert self.token not in str(verdict)
        found: dict[str, Any] = verdict
        return found


@pytest.fixture
def prover(desk: Desk) -> Prover:
    return Prover(desk)


def test_the_own_mailbox(prover: Prover) -> None:
    verdict = prover.verdict(send=prover.side("smtp"), receive=prover.side("imap"), timeout=60)
    assert verdict["msg"] == "The mail was delivered.", verdict


def test_the_delegate_of_a_shared_mailbox(prover: Prover) -> None:
    control = prover.desk.sandbox.control
    ways = {"send": prover.side("smtp"), "receive": prover.side("imap", SHARED)}
    closed = prover.verdict(**ways)
    assert closed["failed"], closed
    assert "the account that has signed in must be able to open the mailbox in Outlook" in closed["msg"]
    user = control("PATCH", f"/tenant/users/{CONTRACTS}", {})["id"]
    control("POST", "/tenant/mailbox-permissions", {"Identity": SHARED, "User": user})
    assert prover.verdict(**ways, timeout=60)["msg"] == "The mail was delivered."


def test_what_is_switched_off_or_not_consented_to(prover: Prover) -> None:
    prover.desk.sandbox.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {
        "ImapEnabled": False, "SmtpClientAuthenticationDisabled": True,
    })
    world = prover.desk.world
    smtp = prover.verdict(send=prover.side("smtp"), receive=world.reader("imap"))
    assert "Set-CASMailbox -SmtpClientAuthenticationDisabled $false" in smtp["msg"]
    imap, pop3 = (
        prover.verdict(send=world.anonymous(), receive=prover.side(transport), **{"from": PROBE})["msg"]
        for transport in ("imap", "pop3")
    )
    assert "-ImapEnabled" in imap, imap
    assert "application" not in imap.partition("Outlook")[0].partition("Set-CASMailbox")[2], imap
    assert "and not POP.AccessAsUser.All of Office 365 Exchange Online" in pop3


def test_a_mail_that_is_put_into_a_mailbox_is_taken(prover: Prover) -> None:
    stop = threading.Event()
    product = threading.Thread(target=take, args=(prover.desk.world, stop))
    product.start()
    try:
        taken = prover.verdict(receive=prover.side("imap"), expect="taken", timeout=60)
    finally:
        stop.set()
        product.join(SECONDS)
    assert taken["msg"] == "The mail was taken out of the mailbox.", taken
    assert (taken["delivery"]["sent_through"], taken["delivery"]["cleaned_up"]["received"]) == (None, 1)
    assert prover.desk.world.mails(CONTRACTS) == []


def take(world: MailWorld, stop: threading.Event) -> None:
    """What a product does: it reads what is unread."""
    mailbox = world.mailbox(CONTRACTS)
    while not stop.wait(0.2):
        mailbox.select("INBOX")
        for number in mailbox.search(None, "UNSEEN")[1][0].split():
            mailbox.fetch(number, "(RFC822)")
    mailbox.logout()


def test_a_mail_that_nobody_takes(prover: Prover) -> None:
    left = prover.verdict(receive=prover.side("imap"), expect="taken", timeout=1)
    assert left["failed"]
    assert f"out of the inbox of {CONTRACTS}" in left["msg"]
    assert "the sign-in of its person is still good" in left["msg"]
    assert prover.desk.world.mails(CONTRACTS) == []


@pytest.mark.parametrize(("options", "words"), [
    ({"send": {"transport": "smtp"}}, "send: has no meaning with expect: taken"),
    ({"receive": {"transport": "graph", "mailbox": CONTRACTS}}, "'graph' is not possible with expect: taken; use imap"),
    ({"receive": None}, "receive: is needed"),
])
def test_taking_has_rules(desk: Desk, options: dict[str, Any], words: str) -> None:
    one = check(desk.world, "one", **{
        "receive": {"transport": "imap", "mailbox": CONTRACTS, "access_token": "x"}, "expect": "taken", **options,
    })
    [verdict] = asyncio.run(prove_all([one], progress=Told())).values()
    assert words in verdict["msg"]
