"""mail_delivery against the sandbox, judged by what is, or is not, in the mailboxes."""

from __future__ import annotations

import imaplib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mail_world import EXCHANGE, PROBE, SENDER, MailWorld, Options
from sandbox_fixture import RunningSandbox

RECEIVERS = ("graph", "imap", "pop3")


@pytest.fixture
def world(clean: RunningSandbox) -> MailWorld:
    return MailWorld(clean)


# -- every way out, every way in ------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[MailWorld], Options]] = {
    "graph, secret": lambda world: world.graph(world.may_send()),
    "graph, token": lambda world: {
        "transport": "graph", "mailbox": SENDER,
        "access_token": world.token(world.may_send(), "https://graph.microsoft.com"),
    },
    "smtp, oauth2, starttls": lambda world: world.smtp(world.may_send()),
    "smtp, oauth2, starttls_optional": lambda world: world.smtp(world.may_send(), tls="starttls_optional"),
    "smtp, oauth2, auto": lambda world: world.smtp(world.may_send(), tls="auto"),
    "smtp, oauth2, implicit": lambda world: world.smtp(world.may_send(), face="smtps", tls="implicit"),
    "smtp, basic, starttls": lambda world: with_password(world, "smtp", "starttls"),
    "smtp, basic, starttls_optional": lambda world: with_password(world, "smtp", "starttls_optional"),
    "smtp, basic, auto": lambda world: with_password(world, "smtp", "auto"),
    "smtp, basic, implicit": lambda world: with_password(world, "smtps", "implicit"),
    "relay, basic, none": lambda world: world.relay_login(),
    "relay, basic, starttls_optional": lambda world: world.relay_login("starttls_optional"),
    "relay, basic, auto": lambda world: world.relay_login("auto"),
    "relay, none, none": lambda world: world.anonymous(),
    "relay, none, starttls_optional": lambda world: world.anonymous("starttls_optional"),
    "relay, none, auto": lambda world: world.anonymous("auto"),
}


def with_password(world: MailWorld, face: str, tls: str) -> Options:
    world.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    world.smtp_auth(PROBE, disabled=False)
    return world.basic(face, tls, PROBE, world.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"])


@pytest.mark.parametrize("way", WAYS)
def test_it_arrives_by_every_way_and_is_deleted(world: MailWorld, way: str) -> None:
    send = WAYS[way](world)
    sender = PROBE if send.get("username") == PROBE else SENDER
    for receiver in RECEIVERS:
        delivery = world.delivered(send, world.reader(receiver), **{"from": sender})
        assert delivery["headers"]["from"] == sender
        assert delivery["headers"]["message_id"] == delivery["message_id"]
        assert delivery["sent_through"]["encrypted"] is not way.startswith("relay")
        assert delivery["received_through"]["transport"] == receiver
        assert delivery["cleaned_up"]["received"] == 1
        assert delivery["path"]
        assert {"token", "sign_in", "send", "wait", "cleanup", "total"} <= set(delivery["seconds"])
        assert world.mails(PROBE) == []


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_without_cleanup_the_very_mail_is_in_the_mailbox(world: MailWorld, receiver: str) -> None:
    delivery = world.delivered(
        world.graph(world.may_send()), world.reader(receiver), cleanup=False, subject="Prüfung äöü",
        headers={"X-Check": "one"},
    )
    (mail,) = world.mails(PROBE)
    assert mail["Message-ID"] == delivery["message_id"]
    assert mail["X-Check"] == "one"
    assert mail["From"] == SENDER
    assert mail["To"] == PROBE
    assert delivery["headers"]["subject"].startswith("Prüfung äöü [")
    assert delivery["cleaned_up"] == {"received": None, "sent_items": None}
    assert len(world.mails(SENDER, "Sent Items")) == 1


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_other_mails_are_left_alone(world: MailWorld, receiver: str) -> None:
    send = world.anonymous()
    world.delivered(send, world.reader(receiver), cleanup=False, subject="Keep me", **{"from": SENDER})
    world.delivered(send, world.reader(receiver), **{"from": SENDER})
    assert [mail["Subject"].startswith("Keep me") for mail in world.everywhere(PROBE)] == [True]


def test_deleted_is_deleted_for_good(world: MailWorld) -> None:
    for receiver in RECEIVERS:
        world.delivered(world.anonymous(), world.reader(receiver), **{"from": SENDER})
    assert world.everywhere(PROBE) == []


def test_a_certificate_signs_in_as_well(world: MailWorld, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    ).public_bytes(Encoding.PEM)
    path = tmp_path / "mail.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
    application = world.application(
        "By certificate", graph=("Mail.Send",), secret=False, certificate=certificate.decode()
    )
    send = {
        "transport": "graph", "mailbox": SENDER, "tenant_id": world.sandbox.env["AZURE_TENANT_ID"],
        "client_id": application["appId"], "certificate_path": str(path),
    }
    world.delivered(send, world.reader("imap"))


def test_it_arrives_in_a_mailbox_under_another_address_of_the_recipient(world: MailWorld) -> None:
    (user,) = world.modules.objects("users", userPrincipalName=SENDER)
    application = world.application("By id", graph=("Mail.Send",))
    delivery = world.delivered(world.graph(application, user["id"]), world.reader("graph"), **{"from": SENDER})
    assert delivery["headers"]["from"] == SENDER


# -- the copy in Sent Items -----------------------------------------------------------------------------------------

def test_a_copy_that_the_rights_do_not_reach_is_left_and_told(world: MailWorld) -> None:
    send = world.graph(world.may_send())
    delivery = world.delivered(send, world.reader("imap"))
    assert delivery["cleaned_up"]["sent_items"].startswith("left there: ")
    assert "ErrorAccessDenied" in delivery["cleaned_up"]["sent_items"]
    assert len(world.mails(SENDER, "Sent Items")) == 1


@pytest.mark.parametrize("transport", ["graph", "smtp"])
def test_a_copy_that_the_readers_rights_reach_is_deleted(world: MailWorld, transport: str) -> None:
    application = world.may_send()
    send = world.graph(application) if transport == "graph" else world.smtp(application)
    delivery = world.delivered(send, world.reader("graph"))
    assert delivery["cleaned_up"]["sent_items"] == "deleted"
    assert world.everywhere(SENDER) == []


def test_imap_deletes_the_copy_of_a_mail_to_itself(world: MailWorld) -> None:
    application = world.application("Itself", exchange=("SMTP.SendAsApp", "IMAP.AccessAsApp"))
    world.tell_exchange(application, SENDER)
    world.smtp_auth(SENDER, disabled=False)
    receive = {
        "transport": "imap", "mailbox": SENDER, **world.credentials(application), **world.server("imap", "implicit"),
    }
    delivery = world.delivered(world.smtp(application), receive)
    assert delivery["cleaned_up"] == {"received": 1, "sent_items": "deleted"}
    assert world.everywhere(SENDER) == []


# -- refusals of the sending side -------------------------------------------------------------------------------------

def no_service_principal(world: MailWorld) -> Options:
    world.smtp_auth(SENDER, disabled=False)
    return world.smtp(world.application("Unknown to Exchange", exchange=("SMTP.SendAsApp",)))


def wrong_object_id(world: MailWorld) -> Options:
    application = world.application("Wrong object id", exchange=("SMTP.SendAsApp",))
    world.tell_exchange(application, SENDER, object_id=application["id"])
    world.smtp_auth(SENDER, disabled=False)
    return world.smtp(application)


def no_full_access(world: MailWorld) -> Options:
    application = world.application("No FullAccess", exchange=("SMTP.SendAsApp",))
    world.tell_exchange(application)
    world.smtp_auth(SENDER, disabled=False)
    return world.smtp(application)


def no_role(world: MailWorld) -> Options:
    application = world.application("No role", exchange=("IMAP.AccessAsApp",))
    world.tell_exchange(application, SENDER)
    world.smtp_auth(SENDER, disabled=False)
    return world.smtp(application)


def ready_token(world: MailWorld, side: Options, resource: str, seconds: int = 3600) -> Options:
    application = world.may_send()
    token = world.token(application, resource, seconds)
    return {**side, "mailbox": SENDER, "access_token": token}


def switched_off(world: MailWorld, disabled: bool | None) -> Options:
    application = world.may_send()
    world.smtp_auth(SENDER, disabled=disabled)
    return world.smtp(application)


def basic_authentication_off(world: MailWorld) -> Options:
    world.smtp_auth(PROBE, disabled=False)
    return world.basic("smtp", "starttls", PROBE, "not-the-password")


def wrong_password(world: MailWorld, password: str) -> Options:
    return with_password(world, "smtp", "starttls") | {"password": password}


REFUSALS: dict[str, tuple[Callable[[MailWorld], Options], str, str, str]] = {
    "SMTP AUTH off for the organisation": (
        lambda world: switched_off(world, None), "sign_in", "535 5.7.139", "leave the organisation's default off",
    ),
    "SMTP AUTH off for the mailbox": (
        lambda world: switched_off(world, True), "sign_in", "535 5.7.139", "on the mailbox itself",
    ),
    "no service principal in Exchange": (no_service_principal, "sign_in", "535 5.7.3", "New-ServicePrincipal"),
    "wrong object id": (wrong_object_id, "sign_in", "535 5.7.3", "not of the registration"),
    "no FullAccess": (no_full_access, "sign_in", "535 5.7.3", "FullAccess"),
    "no role": (no_role, "sign_in", "535 5.7.3", "application permission"),
    "SMTP, wrong audience": (
        lambda world: ready_token(world, {"transport": "smtp", **world.server("smtp", "starttls")},
                                  "https://graph.microsoft.com"),
        "sign_in", "535 5.7.3", "audience",
    ),
    "SMTP, expired token": (
        lambda world: ready_token(world, {"transport": "smtp", **world.server("smtp", "starttls")},
                                  "https://outlook.office365.com", -60),
        "sign_in", "535 5.7.3", "token was refused",
    ),
    "SMTP, unknown mailbox": (
        lambda world: world.smtp(world.may_send(), "nobody@contoso.example"), "sign_in", "535 5.7.3", "spelt right",
    ),
    "SMTP, mailbox without licence": (
        lambda world: world.smtp(world.may_send(), "unlicensed@contoso.example"), "sign_in", "535 5.7.3", "mailbox",
    ),
    "basic authentication off": (
        basic_authentication_off, "sign_in", "535 5.7.139", "authentication oauth2",
    ),
    "wrong password": (
        lambda world: wrong_password(world, "not-the-password"), "sign_in", "535 5.7.139", "password is wrong",
    ),
    "no sign-in at Microsoft": (
        lambda world: world.anonymous("starttls", "smtp"), "submission", "530 5.7.57", "without a sign-in",
    ),
    "SMTP, another sender": (
        lambda world: {**world.smtp(world.may_send()), "from": "admin@contoso.example"}, "end_of_data", "554 5.2.252",
        "SendAs",
    ),
    "relay, wrong password": (
        lambda world: world.relay_login() | {"password": "not-the-password"}, "sign_in", "535 5.7.8", "password",
    ),
    "relay, foreign recipient": (
        lambda world: {**world.anonymous(), "to": "someone@elsewhere.example"}, "submission", "550 5.7.54",
        "meant for it",
    ),
    "relay, unknown recipient": (
        lambda world: {**world.anonymous(), "to": "nobody@contoso.example"}, "submission", "550 5.1.10", "recipient",
    ),
    "Graph, no permission": (
        lambda world: world.graph(world.application("None", graph=("User.Read.All",))), "submission",
        "ErrorAccessDenied", "Mail.Send",
    ),
    "Graph, unknown mailbox": (
        lambda world: world.graph(world.may_send(), "nobody@contoso.example"), "submission", "ErrorInvalidUser",
        "spelling",
    ),
    "Graph, mailbox without licence": (
        lambda world: world.graph(world.may_send(), "unlicensed@contoso.example"), "submission",
        "MailboxNotEnabledForRESTAPI", "licence",
    ),
    "Graph, another sender": (
        lambda world: {**world.graph(world.may_send()), "from": "admin@contoso.example"}, "submission",
        "ErrorSendAsDenied", "SendAs",
    ),
    "Graph, wrong audience": (
        lambda world: ready_token(world, {"transport": "graph"}, "https://outlook.office365.com"), "sign_in",
        "InvalidAuthenticationToken", "audience",
    ),
    "Graph, expired token": (
        lambda world: ready_token(world, {"transport": "graph"}, "https://graph.microsoft.com", -60), "sign_in",
        "InvalidAuthenticationToken", "expired",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_a_success_if_it_is_expected_and_a_failure_if_not(world: MailWorld, name: str) -> None:
    prepare, step, code, words = REFUSALS[name]
    send = prepare(world)
    options = {"from": send.pop("from", SENDER), "to": send.pop("to", PROBE)}
    refusal = world.refused(send, **options)
    assert (refusal["step"], refusal["code"]) == (step, code)
    assert refusal["text"]
    assert words in refusal["remedy"]

    failure = world.failed(send, world.reader("imap"), **options)
    assert (failure["step"], failure["code"], failure["text"][:20]) == (step, code, refusal["text"][:20])
    assert code in failure["msg"]
    assert failure["remedy"] in failure["msg"]
    assert failure["delivery"]["sent_through"]["transport"] == send["transport"]
    assert world.everywhere(PROBE) == []


def test_a_mail_that_should_have_been_refused_fails_and_is_deleted(world: MailWorld) -> None:
    failure = world.failed(world.graph(world.may_send()), world.reader("graph"), expect="refused")
    assert "accepted the mail" in failure["msg"]
    assert "found and deleted" in failure["msg"]
    assert failure["delivery"]["cleaned_up"] == {"received": 1, "sent_items": "deleted"}
    assert world.everywhere(PROBE) == []
    assert world.everywhere(SENDER) == []


def test_without_a_mailbox_to_look_into_it_is_left_and_told(world: MailWorld) -> None:
    failure = world.failed(world.anonymous(), expect="refused", to=PROBE, **{"from": SENDER})
    assert "left where it is" in failure["msg"]
    assert len(world.mails(PROBE)) == 1


# -- what is no refusal -----------------------------------------------------------------------------------------------

def other_authority(tmp_path: Path) -> str:
    path = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda world: world.anonymous("starttls"), "offers no STARTTLS"),
        (lambda world: world.anonymous("implicit"), "does not speak TLS from the first byte"),
        (lambda world: world.anonymous("implicit", "smtp"), "does not speak TLS from the first byte"),
        (lambda world: world.anonymous("starttls", "smtps") | {"port": 9}, "nothing listens there"),
        (lambda world: world.anonymous() | {"host": "no-such-host.invalid"}, "the host name is unknown"),
        (lambda world: world.smtp(world.may_send(), face="relay", tls="starttls_optional"), "never sent in the clear"),
        (lambda world: world.graph({**world.may_send(), "secret": "wrong~value"}), "AADSTS7000215"),
        (lambda world: world.graph({**world.may_send(), "appId": world.may_send()["id"]}), "AADSTS700016"),
    ],
)
def test_what_is_no_refusal_fails_with_its_reason(
    world: MailWorld, prepare: Callable[[MailWorld], Options], words: str
) -> None:
    send = prepare(world)
    for options in ({"expect": "refused", "to": PROBE}, {"receive": world.reader("imap")}):
        failure = world.failed(send, **{"from": SENDER, **options})
        assert words in failure["msg"]
        assert failure["remedy"]
    assert world.everywhere(PROBE) == []


def test_a_silent_server_is_no_refusal(world: MailWorld) -> None:
    failure = world.failed(
        world.anonymous("starttls", "smtps"), expect="refused", to=PROBE, request_timeout=1, **{"from": SENDER}
    )
    assert "no answer in time" in failure["msg"]
    assert "implicit" in failure["remedy"]


def test_a_certificate_that_is_not_trusted_is_no_refusal(world: MailWorld, tmp_path: Path) -> None:
    failure = world.failed(
        world.anonymous("starttls", "smtp"), expect="refused", to=PROBE, ca_path=other_authority(tmp_path),
        **{"from": SENDER},
    )
    assert "from an authority that is not trusted (it is for localhost, " in failure["msg"]
    assert "ca_path" in failure["remedy"]


# -- refusals of the receiving side: nothing is sent then -------------------------------------------------------------

def reader_without(world: MailWorld, transport: str, *, role: bool = True, access: bool = True) -> Options:
    names = {"imap": "IMAP.AccessAsApp", "pop3": "POP.AccessAsApp"}
    application = world.application("Poor reader", exchange=(names[transport] if role else "SMTP.SendAsApp",))
    world.tell_exchange(application, *([PROBE] if access else []))
    side = {"transport": transport, "mailbox": PROBE, **world.credentials(application)}
    return side | world.server(transport, "implicit")


def protocol_off(world: MailWorld, transport: str) -> Options:
    switch = {"imap": "ImapEnabled", "pop3": "PopEnabled"}[transport]
    world.control("PATCH", f"/tenant/mailboxes/{PROBE}", {switch: False})
    return world.reader(transport)


def password_reader(world: MailWorld, transport: str) -> Options:
    return {
        "transport": transport, "authentication": "basic", "username": PROBE,
        "password": world.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"], **world.server(transport, "implicit"),
    }


def token_reader(world: MailWorld, transport: str) -> Options:
    token = world.token(world.may_send(), "https://graph.microsoft.com")
    return {"transport": transport, "mailbox": PROBE, "access_token": token, **world.server(transport, "implicit")}


@pytest.mark.parametrize(
    ("prepare", "step", "code", "words"),
    [
        (lambda world: protocol_off(world, "imap"), "open_mailbox", "BAD", "ImapEnabled"),
        (lambda world: protocol_off(world, "pop3"), "open_mailbox", "-ERR", "PopEnabled"),
        (lambda world: reader_without(world, "imap", access=False), "open_mailbox", "BAD", "FullAccess"),
        (lambda world: reader_without(world, "pop3", access=False), "open_mailbox", "-ERR", "FullAccess"),
        (lambda world: reader_without(world, "imap", role=False), "sign_in", "NO", "application permission"),
        (lambda world: reader_without(world, "pop3", role=False), "sign_in", "-ERR", "application permission"),
        (lambda world: token_reader(world, "imap"), "sign_in", "NO", "audience"),
        (lambda world: token_reader(world, "pop3"), "sign_in", "-ERR", "audience"),
        (lambda world: password_reader(world, "imap"), "sign_in", "LOGINDISABLED", "oauth2"),
        (lambda world: password_reader(world, "pop3"), "sign_in", "-ERR", "oauth2"),
        (lambda world: world.graph(world.may_send(), PROBE), "open_mailbox", "ErrorAccessDenied", "Mail.Read"),
        (lambda world: world.reader("graph", "nobody@contoso.example"), "open_mailbox", "ErrorInvalidUser", "spelling"),
        (lambda world: world.reader("graph", "unlicensed@contoso.example"), "open_mailbox",
         "MailboxNotEnabledForRESTAPI", "licence"),
        (lambda world: world.reader("imap", "unlicensed@contoso.example"), "open_mailbox", "BAD", "licence"),
    ],
)
def test_a_mailbox_that_cannot_be_opened_is_told_before_anything_is_sent(
    world: MailWorld, prepare: Callable[[MailWorld], Options], step: str, code: str, words: str
) -> None:
    receive = prepare(world)
    failure = world.failed(world.anonymous(), receive, to=PROBE, **{"from": SENDER})
    assert (failure["step"], failure["code"]) == (step, code)
    assert words in failure["remedy"]
    world.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"ImapEnabled": True})
    assert world.everywhere(PROBE) == []


@pytest.mark.parametrize(
    ("prepare", "step", "code"),
    [
        (lambda world: reader_without(world, "imap", access=False), "open_mailbox", "BAD"),
        (lambda world: reader_without(world, "pop3", access=False), "open_mailbox", "-ERR"),
        (lambda world: reader_without(world, "imap", role=False), "sign_in", "NO"),
        (lambda world: world.graph(world.may_send(), PROBE), "open_mailbox", "ErrorAccessDenied"),
        (lambda world: world.graph(world.may_send(graph=False), PROBE), "open_mailbox", "ErrorAccessDenied"),
    ],
)
def test_a_mailbox_that_stays_closed_is_what_was_expected(
    world: MailWorld, prepare: Callable[[MailWorld], Options], step: str, code: str
) -> None:
    refusal = world.refused(None, prepare(world))
    assert (refusal["step"], refusal["code"]) == (step, code)
    assert refusal["remedy"]


@pytest.mark.parametrize("transport", ["imap", "pop3", "graph"])
def test_a_mailbox_that_opens_although_it_should_not(world: MailWorld, transport: str) -> None:
    failure = world.failed(None, world.reader(transport), expect="refused")
    assert "opened the mailbox, although it was expected to refuse that" in failure["msg"]
    assert failure["delivery"]["sent_through"] is None
    checked = world.run(None, world.reader(transport), check=True, expect="refused")
    assert checked["plan"].startswith(f"Would open the mailbox by {transport}")


def test_a_service_that_cannot_be_reached_refuses_nothing(world: MailWorld) -> None:
    failure = world.failed(None, world.reader("imap") | {"port": 1}, expect="refused")
    assert "127.0.0.1:1" in failure["msg"]
    assert failure["delivery"]["refusal"] is None


def test_a_reader_that_may_not_delete_is_told_so(world: MailWorld) -> None:
    reader = world.application("Only reads", graph=("Mail.Read",))
    failure = world.failed(world.anonymous(), world.graph(reader, PROBE), **{"from": SENDER})
    assert failure["msg"].startswith("The mail arrived, but could not be deleted")
    assert "Mail.ReadWrite" in failure["remedy"]
    delivery = world.delivered(world.anonymous(), world.graph(reader, PROBE), cleanup=False, **{"from": SENDER})
    assert delivery["folder"] == "Inbox"
    assert len(world.mails(PROBE)) == 2


# -- mails that do not arrive -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_mail_that_does_not_arrive_is_told_with_where_it_was_looked_for(world: MailWorld, receiver: str) -> None:
    failure = world.failed(
        world.anonymous(), world.reader(receiver), to="contracts-test@contoso.example", timeout=1, **{"from": SENDER}
    )
    assert failure["delivery"]["message_id"] in failure["msg"]
    assert f"({failure['delivery']['polls']} looks)" in failure["msg"]
    places = {"graph": "Inbox and Junk Email", "imap": "INBOX and Junk Email", "pop3": "all that POP3 shows"}
    assert places[receiver] in failure["msg"]
    assert "junk folder" in failure["remedy"]


@pytest.mark.parametrize("receiver", ["graph", "imap"])
def test_a_mail_in_the_junk_folder_is_told_and_deleted(world: MailWorld, receiver: str) -> None:
    over = threading.Event()

    def misfile() -> None:
        while not over.wait(0.05):
            arrived = world.mails("contracts-test@contoso.example")
            if arrived:
                connection = world.mailbox(PROBE)
                moment = imaplib.Time2Internaldate(time.time())
                connection.append('"Junk Email"', "", moment, arrived[0].as_bytes())
                connection.logout()
                return

    filter_ = threading.Thread(target=misfile)
    filter_.start()
    failure = world.failed(
        world.anonymous(), world.reader(receiver), to="contracts-test@contoso.example", timeout=120, **{"from": SENDER}
    )
    over.set()
    filter_.join()
    assert "arrived, but in Junk Email" in failure["msg"]
    assert "SPF" in failure["remedy"]
    assert world.everywhere(PROBE) == []


# -- a service in trouble ---------------------------------------------------------------------------------------------

def fault(world: MailWorld, kind: str, **values: object) -> None:
    world.control("POST", "/faults", {"face": "graph", "kind": kind, **values})


def sendings(world: MailWorld) -> int:
    return len([one for one in world.sandbox.requests("graph") if one["path"].endswith("/sendMail")])


def test_throttling_and_outages_do_not_stop_it(world: MailWorld) -> None:
    send = world.graph(world.may_send())
    fault(world, "throttle", rate=0.3, retry_after="0.1", seed=7)
    fault(world, "unavailable", rate=0.2, seed=8, methods=["GET"])
    for _round in range(3):
        world.delivered(send, world.reader("graph"))
    assert world.everywhere(PROBE) == []


def test_a_mail_that_was_not_taken_is_sent_again_after_looking_for_it(world: MailWorld) -> None:
    send = world.graph(world.may_send())
    fault(world, "unavailable", path="/sendMail$", count=1)
    delivery = world.delivered(send, world.reader("imap"), timeout=20)
    assert sendings(world) == 2
    assert delivery["polls"] > 1
    assert delivery["cleaned_up"]["received"] == 1


@pytest.mark.parametrize("kind", ["unavailable", "disconnect"])
def test_a_mail_that_was_taken_is_not_sent_again_though_the_answer_said_otherwise(world: MailWorld, kind: str) -> None:
    send = world.graph(world.may_send())
    fault(world, kind, path="/sendMail$", when="after", count=1)
    delivery = world.delivered(send, world.reader("imap"))
    assert sendings(world) == 1
    assert delivery["cleaned_up"]["received"] == 1
    assert world.everywhere(PROBE) == []


def test_a_lost_answer_is_no_refusal_either(world: MailWorld) -> None:
    send = world.graph(world.may_send())
    fault(world, "disconnect", path="/sendMail$", when="after", count=1)
    failure = world.failed(send, world.reader("imap"), expect="refused")
    assert "this is none" in failure["msg"]
    assert world.everywhere(PROBE) == []


# -- options ----------------------------------------------------------------------------------------------------------

def test_bad_input_is_refused_before_anything_is_asked_of_anybody(world: MailWorld) -> None:
    application = world.may_send()
    world.control("DELETE", "/requests")
    for send, words in (
        ({**world.smtp(application), "host": "smtp.office365.com", "port": 465}, "send.port: 465 is not possible"),
        ({**world.smtp(application), "host": None, "port": None, "tls": "implicit"}, "use tls starttls with port 587"),
        (world.graph({**application, "secret": application["keyId"]}), "send.client_secret: looks like the secret's"),
        (world.graph(application) | {"authentication": "basic"}, "send.authentication: 'basic' is not possible"),
        ({"transport": "graph", "mailbox": SENDER}, "send.tenant_id: is needed"),
        (world.graph(application) | {"client_secret": None, "certificate_path": "/no.pem"}, "send: certificate_path"),
    ):
        for check in (False, True):
            failure = world.failed(send, world.reader("imap"), check=check)
            assert words in failure["msg"]
            assert "delivery" not in failure
    assert world.sandbox.requests("identity") == world.sandbox.requests("graph") == []
    assert world.everywhere(PROBE) == []


def test_check_mode_says_what_it_would_do_and_does_nothing(world: MailWorld) -> None:
    application = world.may_send()
    world.control("DELETE", "/requests")
    for send in (world.graph(application), world.smtp(application)):
        result = world.run(send, world.reader("imap"), check=True)
        assert result["changed"] is False
        assert result["plan"].startswith(f"Would send a mail from {SENDER} to {PROBE} by {send['transport']}")
        assert result["plan"].endswith("for up to 30 seconds and delete it.")
    result = world.run(world.graph(application), check=True, expect="refused", to=PROBE)
    assert result["plan"].endswith("and expect it to be refused.")
    assert world.sandbox.requests("identity") == world.sandbox.requests("graph") == []
    assert world.everywhere(PROBE) == world.everywhere(SENDER) == []


def test_no_secret_shows_anywhere(world: MailWorld, tmp_path: Path) -> None:
    application = world.may_send()
    expired = world.token(application, "https://outlook.office365.com", -60)
    secrets = [application["secret"], expired, world.sandbox.env["M365_SANDBOX_READER_CLIENT_SECRET"], "hunter2-wrong"]
    ways = [
        world.graph(application), world.smtp(application),
        {"transport": "smtp", "mailbox": SENDER, "access_token": expired, **world.server("smtp", "starttls")},
        world.relay_login() | {"password": "hunter2-wrong"},
    ]
    results = [
        str(world.run(send, world.reader("imap"), token_cache=str(tmp_path / "cache"), _ansible_verbosity=3,
                      **{"from": SENDER}))
        for send in ways
    ]
    assert not [secret for secret in secrets for result in results if secret in result]


def test_one_application_on_both_sides_asks_for_one_token(world: MailWorld) -> None:
    application = world.application("Both", graph=("Mail.Send", "Mail.ReadWrite"), exchange=("SMTP.SendAsApp",))
    world.control("DELETE", "/requests")
    world.delivered(world.graph(application), world.graph(application, PROBE))
    tokens = [one for one in world.sandbox.requests("identity") if one["path"].endswith("/token")]
    assert len(tokens) == 1
    assert EXCHANGE not in str(tokens)


@pytest.mark.parametrize("option", ["client_secret", "username", "mailbox"])
def test_a_text_that_yaml_made_a_number_is_refused(world: MailWorld, option: str) -> None:
    result = world.failed({**world.graph(world.may_send()), option: 42798}, world.reader("imap"))
    assert result["msg"] == f"send.{option}: is no text: YAML reads it as a number; write it in quotes"
    assert world.sandbox.requests("identity") == []
