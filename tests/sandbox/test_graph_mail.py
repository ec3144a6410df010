"""Graph's mail: what it sends, shows, moves and refuses. The far side is another face wherever there is one."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from graph_client import Graph, body, done, refusal, token_of
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_ids import Place, decode_folder, decode_message, encode_folder, encode_message
from m365_sandbox.graph.mail_reading import attachments, parse
from m365_sandbox.graph.mail_writing import build_message
from m365_sandbox.graph.message_types import FILE_ATTACHMENT, MESSAGE
from m365_sandbox.mail.mailbox import decode_utf7, encode_utf7
from mail_client import CONTRACTS, PROBE, imap, letter, mail_app, messages_in, pop3, submission, switch_smtp_on
from sandbox_fixture import RunningSandbox

ALL = ("Mail.Send", "Mail.ReadWrite", "MailboxSettings.Read")
FROM, TO = f"/users/{CONTRACTS}", f"/users/{PROBE}"
NOT_FOUND = (404, "ErrorItemNotFound", "The specified object was not found in the store.")
MALFORMED = (400, "ErrorInvalidIdMalformed", "Id is malformed.")


@pytest.fixture
def graph(clean: RunningSandbox) -> Graph:
    return Graph(clean, *ALL)


def recipient(address: str, name: str | None = None) -> dict[str, Any]:
    return {"emailAddress": {"address": address, **({"name": name} if name else {})}}


def message(subject: str = "Hello", to: str = PROBE, **properties: Any) -> dict[str, Any]:
    return {
        "subject": subject, "body": {"contentType": "Text", "content": "One\nTwo"}, "toRecipients": [recipient(to)],
        **properties,
    }


def send(graph: Graph, *, to: str = PROBE, save: bool | None = None, **properties: Any) -> None:
    request: dict[str, Any] = {"message": message(to=to, **properties)}
    if save is not None:
        request["saveToSentItems"] = save
    response = graph.post(f"{FROM}/sendMail", json=request)
    assert (response.status_code, response.content) == (202, b""), response.text


def read_by_imap(graph: Graph, mailbox: str, folder: str = "INBOX") -> list[EmailMessage]:
    reader = mail_app(graph.sandbox, mailbox)
    with imap(graph.sandbox, reader, mailbox) as client:
        found = [message_from_bytes(one, policy=policy.default) for one in messages_in(client, folder)]
    return [one for one in found if isinstance(one, EmailMessage)]


def only(graph: Graph, path: str = f"{TO}/messages", **options: Any) -> dict[str, Any]:
    (found,) = graph.values(path, **options)
    return found


# -- sending ------------------------------------------------------------------------------------------------------


def test_what_graph_sends_is_what_imap_and_pop3_read(graph: Graph) -> None:
    send(
        graph, subject="Größe, \"quoted\"", importance="high",
        ccRecipients=[recipient("shared@contoso.example", "Ü, S")],
        bccRecipients=[recipient("admin@contoso.example")], internetMessageId="<own@id.example>",
        internetMessageHeaders=[{"name": "x-mark", "value": "kept"}], replyTo=[recipient("r@contoso.example")],
        attachments=[{
            "@odata.type": "#microsoft.graph.fileAttachment", "name": "ä.bin", "contentType": "application/x-thing",
            "contentBytes": base64.b64encode(b"\x00\xff").decode(),
        }],
    )
    for mailbox in (PROBE, "shared@contoso.example", "admin@contoso.example"):
        (found,) = read_by_imap(graph, mailbox)
        assert found["Subject"] == "Größe, \"quoted\""
        assert (found["From"], found["To"], found["Bcc"]) == (CONTRACTS, PROBE, None)
        assert found["Cc"].addresses[0].display_name == "Ü, S"
        assert (found["Message-ID"], found["X-Mark"]) == ("<own@id.example>", "kept")
        assert (found["Importance"], found["Reply-To"]) == ("high", "r@contoso.example")
        text, attachment = found.iter_parts()
        assert text.get_content().split() == ["One", "Two"]
        assert (attachment.get_filename(), attachment.get_content()) == ("ä.bin", b"\x00\xff")
        assert " with mapi id " in " ".join(found.get_all("Received")[1].split())
    (copy,) = read_by_imap(graph, CONTRACTS, "Sent Items")
    assert (copy["Message-ID"], copy["Bcc"]) == ("<own@id.example>", "admin@contoso.example")
    with pop3(graph.sandbox, mail_app(graph.sandbox, PROBE), PROBE) as client:
        assert b"Message-ID: <own@id.example>" in client.retr(1)[1]


def test_no_copy_when_asked_for_none(graph: Graph) -> None:
    send(graph, save=False)
    assert read_by_imap(graph, CONTRACTS, "Sent Items") == []
    send(graph, save=True)
    assert len(read_by_imap(graph, CONTRACTS, "Sent Items")) == 1


def test_html_comes_with_plain_text(graph: Graph) -> None:
    send(graph, body={"contentType": "HTML", "content": "<p>One &amp; <b>two</b></p>"})
    (found,) = read_by_imap(graph, PROBE)
    assert found.get_body(["html"]).get_content().strip() == "<p>One &amp; <b>two</b></p>"
    assert found.get_body(["plain"]).get_content().strip() == "One & two"


def test_mime(graph: Graph) -> None:
    text, message_id = letter(CONTRACTS, f"P <{PROBE}>", "As MIME", Bcc="admin@contoso.example")
    content = base64.encodebytes(text.encode())
    response = graph.post(f"{FROM}/sendMail", content=content, headers={"Content-Type": "text/plain"})
    assert response.status_code == 202
    for mailbox in (PROBE, "admin@contoso.example"):
        (found,) = read_by_imap(graph, mailbox)
        assert (found["Message-ID"], found["Bcc"], found.get_content()) == (message_id, None, "Hello\r\n.dot\r\n")
    assert len(read_by_imap(graph, CONTRACTS, "Sent Items")) == 1


def test_what_smtp_sends_is_what_graph_reads(graph: Graph) -> None:
    switch_smtp_on(graph.sandbox)
    text, message_id = letter(CONTRACTS, PROBE)
    with submission(graph.sandbox, mail_app(graph.sandbox, CONTRACTS), CONTRACTS) as client:
        client.sendmail(CONTRACTS, [PROBE], text)
    assert only(graph)["internetMessageId"] == message_id


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"toRecipients": []}, "ErrorInvalidRecipients"),
        ({"toRecipients": [{"emailAddress": {"address": "no address"}}]}, "ErrorInvalidRecipients"),
        ({"toRecipients": [{"emailAddress": {"address": "a@b.example\r\nBcc: c@d.x"}}]}, "ErrorInvalidRecipients"),
        ({"toRecipients": "a@b.example"}, "RequestBodyRead"),
        ({"toRecipients": [{"address": "a@b.example"}]}, "RequestBodyRead"),
        ({"internetMessageHeaders": [{"name": "Subject", "value": "y"}]}, "InvalidInternetMessageHeader"),
        ({"internetMessageHeaders": [{"name": "x-a: b\r\nBcc", "value": "y"}]}, "InvalidInternetMessageHeader"),
        ({"internetMessageHeaders": [{"name": f"x-{n}", "value": "y"} for n in range(6)]},
         "InvalidInternetMessageHeaderCollection"),
        ({"body": {"contentType": "Markdown", "content": "x"}}, "RequestBodyRead"),
        ({"body": "x"}, "RequestBodyRead"),
        ({"subject": 7}, "RequestBodyRead"),
        ({"importance": "urgent"}, "RequestBodyRead"),
        ({"internetMessageId": "no brackets"}, "RequestBodyRead"),
        ({"attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": "x", "contentBytes": "%"}]},
         "RequestBodyRead"),
        ({"attachments": [{"@odata.type": "#microsoft.graph.itemAttachment", "name": "x"}]}, "RequestBodyRead"),
        ({"surprise": True}, "RequestBodyRead"),
    ],
)
def test_a_bad_message_is_refused_and_not_sent(graph: Graph, properties: dict[str, Any], code: str) -> None:
    response = graph.post(f"{FROM}/sendMail", json={"message": {**message(), **properties}})
    assert refusal(response)[:2] == (400, code)
    assert read_by_imap(graph, PROBE) == []
    assert read_by_imap(graph, CONTRACTS, "Sent Items") == []


def test_the_table_of_a_message_is_that_of_graphs_own_sdk() -> None:
    from msgraph.generated.models.file_attachment import FileAttachment
    from msgraph.generated.models.message import Message

    published = set(Message().get_field_deserializers()) - {"@odata.type", "extensions"}
    assert {item.name for item in MESSAGE.properties} == published
    published = set(FileAttachment().get_field_deserializers()) - {"@odata.type"}
    assert {item.name for item in FILE_ATTACHMENT.properties} == published


EVERYTHING: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.message", "subject@odata.type": "#String", "id": "mine", "isDraft": False,
    "createdDateTime": "2026-01-01T00:00:00Z", "receivedDateTime": "2026-01-01T00:00:00+01:00", "hasAttachments": True,
    "parentFolderId": "x", "conversationId": "x", "conversationIndex": "AAA=", "webLink": "x", "bodyPreview": "x",
    "uniqueBody": {"contentType": "html", "content": "x"}, "changeKey": "x", "sentDateTime": None,
    "lastModifiedDateTime": None,
    "categories": ["Red category"], "importance": "High", "inferenceClassification": "other", "isRead": False,
    "isDeliveryReceiptRequested": True, "isReadReceiptRequested": True,
    "flag": {
        "flagStatus": "Flagged", "startDateTime": {"dateTime": "2026-01-01T00:00:00", "timeZone": "UTC"},
        "dueDateTime": None, "completedDateTime": None,
    },
    "internetMessageHeaders": [{"name": "x-mark", "value": "kept"}],
    "singleValueExtendedProperties": [{"id": "String {00020386-0000-0000-C000-000000000046} Name X", "value": "x"}],
    "multiValueExtendedProperties": [{"id": "StringArray {00020386-0000-0000-C000-000000000046} Name Y", "value": []}],
    "sender": None, "from": None, "ccRecipients": [], "bccRecipients": None, "replyTo": [],
}


def test_everything_that_graph_knows_of_a_message_can_be_sent(graph: Graph) -> None:
    send(graph, **EVERYTHING)
    (found,) = read_by_imap(graph, PROBE)
    assert (found["Subject"], found["Importance"], found["X-Mark"]) == ("Hello", "high", "kept")
    # What is the sender's own does not travel.
    received = only(graph)
    assert (received["categories"], received["flag"]) == ([], {"flagStatus": "notFlagged"})
    assert received["id"] != "mine"


@pytest.mark.parametrize("wrong", [
    {"categories": "Red"}, {"categories": [1]}, {"isRead": "yes"}, {"flag": "flagged"}, {"flag": {"flagStatus": "x"}},
    {"flag": {"when": "now"}}, {"inferenceClassification": "spam"}, {"singleValueExtendedProperties": [{"name": "x"}]},
    {"receivedDateTime": "today"}, {"conversationIndex": "%"}, {"extensions": []},
])
def test_and_nothing_else(graph: Graph, wrong: dict[str, Any]) -> None:
    for path, content in ((f"{FROM}/sendMail", {"message": message(**wrong)}), (f"{FROM}/messages", message(**wrong))):
        assert refusal(graph.post(path, json=content))[:2] == (400, "RequestBodyRead")
    assert read_by_imap(graph, PROBE) == []


def test_a_draft_keeps_what_is_the_mailboxes(graph: Graph) -> None:
    draft = body(graph.post(f"{FROM}/messages", json=message(**EVERYTHING)), 201)
    path = f"{FROM}/messages/{draft['id']}"
    assert body(graph.get(path)) == draft
    assert (draft["categories"], draft["inferenceClassification"]) == (["Red category"], "other")
    assert draft["isRead"] is False
    assert draft["flag"]["flagStatus"] == "flagged"
    assert draft["flag"]["startDateTime"] == {"dateTime": "2026-01-01T00:00:00", "timeZone": "UTC"}
    changed = body(graph.patch(path, json={
        "categories": [], "importance": "low", "flag": {"flagStatus": "complete"}, "isReadReceiptRequested": False,
    }))
    assert (changed["categories"], changed["importance"], changed["isReadReceiptRequested"]) == ([], "low", False)
    assert changed["flag"] == {"flagStatus": "complete"}
    assert changed["changeKey"] != draft["changeKey"]
    with imap(graph.sandbox, mail_app(graph.sandbox, CONTRACTS), CONTRACTS) as client:
        client.select("Drafts")
        client.store("1", "+FLAGS", r"(\Flagged)")
    assert body(graph.get(path))["flag"] == {"flagStatus": "flagged"}
    found = graph.values(f"{FROM}/messages?$filter=importance eq 'low'")
    assert [one["id"] for one in found] == [draft["id"]]


def test_attachments_come_in_lines_too(graph: Graph) -> None:
    content = bytes(range(256))
    send(graph, attachments=[{
        "@odata.type": "#microsoft.graph.fileAttachment", "name": "x.bin",
        "contentBytes": base64.encodebytes(content).decode().replace("\n", "\r\n"),
    }])
    (found,) = read_by_imap(graph, PROBE)
    assert [part.get_content() for part in found.iter_attachments()] == [content]


def test_no_more_than_500_recipients(graph: Graph) -> None:
    many = [recipient(f"r{number}@elsewhere.example") for number in range(501)]
    for split in ({"toRecipients": many}, {"toRecipients": many[:1], "ccRecipients": many[1:300],
                                            "bccRecipients": many[300:]}):
        response = graph.post(f"{FROM}/sendMail", json={"message": {**message(), **split}})
        assert refusal(response)[:2] == (400, "ErrorInvalidRecipients")
    assert read_by_imap(graph, CONTRACTS, "Sent Items") == []
    send(graph, toRecipients=many[:500])
    assert len(read_by_imap(graph, CONTRACTS, "Sent Items")) == 1


def test_no_larger_than_the_mailbox_may_send(graph: Graph) -> None:
    too_large = (
        400, "ErrorMessageSizeExceeded",
        "The message exceeds the maximum supported size., Cannot save changes made to an item to store.",
    )
    mailbox = f"/tenant/mailboxes/{CONTRACTS}"
    assert graph.sandbox.control("PATCH", mailbox, {"MaxSendSize": "2kb"})["MaxSendSize"] == "2 KB (2,048 bytes)"
    large = message(body={"contentType": "text", "content": "x" * 2048})
    assert refusal(graph.post(f"{FROM}/sendMail", json={"message": large})) == too_large
    draft = body(graph.post(f"{FROM}/messages", json=large), 201)
    assert refusal(graph.post(f"{FROM}/messages/{draft['id']}/send")) == too_large
    assert read_by_imap(graph, PROBE) == []
    send(graph)
    graph.sandbox.control("PATCH", mailbox, {"MaxSendSize": "Unlimited"})
    assert graph.post(f"{FROM}/sendMail", json={"message": large}).status_code == 202
    assert len(read_by_imap(graph, PROBE)) == 2


def test_a_mailbox_that_is_full_sends_nothing(graph: Graph) -> None:
    full = (403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.")
    mailbox = f"/tenant/mailboxes/{CONTRACTS}"
    graph.sandbox.control("PATCH", mailbox, {"ProhibitSendQuota": "0B"})
    assert refusal(graph.post(f"{FROM}/sendMail", json={"message": message()})) == full
    draft = body(graph.post(f"{FROM}/messages", json=message()), 201)
    assert refusal(graph.post(f"{FROM}/messages/{draft['id']}/send")) == full
    assert read_by_imap(graph, PROBE) == []
    graph.sandbox.control("PATCH", mailbox, {"ProhibitSendQuota": "1MB"})
    send(graph)
    assert len(read_by_imap(graph, PROBE)) == 1


def test_bad_requests_to_send(graph: Graph) -> None:
    def post(**options: Any) -> tuple[int, str, str]:
        return refusal(graph.post(f"{FROM}/sendMail", **options))

    mime = {"Content-Type": "text/plain"}
    assert post(content=b"no base64!", headers=mime) == (
        400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.",
    )
    assert post(content=base64.b64encode(b"no header"), headers=mime)[1] == "ErrorInvalidRecipients"
    assert post(json={"saveToSentItems": True})[0] == 400
    assert post(json={"message": message(), "extra": 1})[0] == 400
    assert post(json={"message": message(), "saveToSentItems": "yes"})[0] == 400
    assert post(content=b"x" * (4 * 1024 * 1024 + 1), headers=mime)[0] == 413


@pytest.mark.parametrize("properties", [{"from": recipient(PROBE)}, {"sender": recipient(PROBE)}])
def test_another_sender_needs_send_as_of_the_mailbox(graph: Graph, properties: dict[str, Any]) -> None:
    request = {"message": message(to="admin@contoso.example", **properties)}
    assert refusal(graph.post(f"{FROM}/sendMail", json=request)) == (
        403, "ErrorSendAsDenied",
        "The user account which was used to submit this request does not have the right to send mail on behalf of the "
        "specified sending account., Cannot submit message.",
    )
    assert read_by_imap(graph, "admin@contoso.example") == []
    users = graph.sandbox.control("GET", "/tenant")["collections"]["users"].values()
    owner = next(user["id"] for user in users if user["userPrincipalName"] == CONTRACTS)
    graph.sandbox.control("POST", "/tenant/recipient-permissions", {"Identity": PROBE, "Trustee": owner})
    assert graph.post(f"{FROM}/sendMail", json=request).status_code == 202
    assert len(read_by_imap(graph, "admin@contoso.example")) == 1


def test_an_unknown_recipient_is_accepted_and_reported(graph: Graph) -> None:
    send(graph, to="nobody@contoso.example")
    assert only(graph, f"{FROM}/mailFolders/inbox/messages")["subject"] == "Undeliverable: Hello"


def test_a_draft_is_kept_and_sent(graph: Graph) -> None:
    draft = body(graph.post(f"{FROM}/messages", json=message(bccRecipients=[recipient("admin@contoso.example")])), 201)
    assert (draft["isDraft"], draft["isRead"]) == (True, True)
    assert draft["bccRecipients"] == [recipient("admin@contoso.example", "admin@contoso.example")]
    assert [found["id"] for found in graph.values(f"{FROM}/mailFolders/drafts/messages")] == [draft["id"]]
    response = graph.post(f"{FROM}/messages/{draft['id']}/send")
    assert (response.status_code, response.content) == (202, b"")
    for mailbox in (PROBE, "admin@contoso.example"):
        (found,) = read_by_imap(graph, mailbox)
        assert (found["Message-ID"], found["Bcc"]) == (draft["internetMessageId"], None)
    assert graph.values(f"{FROM}/mailFolders/drafts/messages") == []
    assert len(graph.values(f"{FROM}/mailFolders/sentitems/messages")) == 1


def test_a_draft_comes_as_mime_too_and_into_any_folder(graph: Graph) -> None:
    text, message_id = letter(CONTRACTS, PROBE, "As MIME")
    draft = body(graph.post(
        f"{FROM}/mailFolders/archive/messages", content=base64.b64encode(text.encode()),
        headers={"Content-Type": "text/plain"},
    ), 201)
    assert (draft["isDraft"], draft["internetMessageId"], draft["subject"]) == (True, message_id, "As MIME")
    assert [found["Message-ID"] for found in read_by_imap(graph, CONTRACTS, "Archive")] == [message_id]
    send(graph, to=CONTRACTS)
    received = only(graph, f"{FROM}/mailFolders/inbox/messages")["id"]
    assert refusal(graph.post(f"{FROM}/messages/{received}/send"))[1] == "ErrorAccessDenied"


# -- reading ------------------------------------------------------------------------------------------------------


def test_the_properties_of_a_message(graph: Graph) -> None:
    send(graph, internetMessageId="<m@id.example>")
    found = only(graph)
    assert set(found) == {
        "@odata.etag", "id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "receivedDateTime",
        "sentDateTime", "hasAttachments", "internetMessageId", "subject", "bodyPreview", "importance", "parentFolderId",
        "conversationId", "conversationIndex", "isDeliveryReceiptRequested", "isReadReceiptRequested", "isRead",
        "isDraft", "webLink", "inferenceClassification", "body", "sender", "from", "toRecipients", "ccRecipients",
        "bccRecipients", "replyTo", "flag",
    }
    assert found["internetMessageId"] == "<m@id.example>"
    assert found["body"] == {"contentType": "text", "content": "One\r\nTwo\r\n"}
    assert found["from"] == found["sender"] == recipient(CONTRACTS, CONTRACTS)
    assert found["toRecipients"] == [recipient(PROBE, PROBE)]
    assert (found["isRead"], found["isDraft"], found["hasAttachments"]) == (False, False, False)
    one = body(graph.get(f"{TO}/messages/{found['id']}"))
    assert one.pop("@odata.context").endswith(f"/v1.0/$metadata#users('{PROBE}')/messages/$entity")
    assert one == found
    inbox = body(graph.get(f"{TO}/mailFolders/inbox"))
    assert found["parentFolderId"] == inbox["id"]
    assert body(graph.get(f"{TO}/mailFolders/{inbox['id']}/messages/{found['id']}"))["id"] == found["id"]
    assert refusal(graph.get(f"{TO}/mailFolders/drafts/messages/{found['id']}")) == NOT_FOUND


def test_select(graph: Graph) -> None:
    send(graph, internetMessageHeaders=[{"name": "X-Mark", "value": "ü"}])
    found = only(graph, params={"$select": "subject,internetMessageHeaders"})
    assert set(found) == {"@odata.etag", "id", "subject", "internetMessageHeaders"}
    headers = [(header["name"], header["value"]) for header in found["internetMessageHeaders"]]
    assert ("X-Mark", "ü") in headers
    assert [name for name, _ in headers].count("Received") == 2
    assert refusal(graph.get(f"{TO}/messages", params={"$select": "surprise"}))[0] == 400
    assert refusal(graph.get(f"{TO}/messages", params={"$surprise": "1"}))[0] == 400


def test_mime_of_a_message_is_what_imap_has(graph: Graph) -> None:
    send(graph)
    response = graph.get(f"{TO}/messages/{only(graph)['id']}/$value")
    assert response.headers["content-type"].startswith("text/plain")
    with imap(graph.sandbox, mail_app(graph.sandbox, PROBE), PROBE) as client:
        assert messages_in(client) == [response.content]


def test_body_types(graph: Graph) -> None:
    send(graph, body={"contentType": "HTML", "content": "<p>a &lt; b</p>"})
    identifier = only(graph)["id"]

    def get(preference: str) -> tuple[dict[str, str], str | None]:
        response = graph.get(f"{TO}/messages/{identifier}", headers={"Prefer": preference})
        return body(response)["body"], response.headers.get("preference-applied")

    assert get('outlook.body-content-type="text"') == (
        {"contentType": "text", "content": "a < b"}, 'outlook.body-content-type="text"',
    )
    assert get('outlook.body-content-type="html"')[0]["content"].strip() == "<p>a &lt; b</p>"
    assert get("outlook.timezone=UTC")[1] is None


def test_filters(graph: Graph) -> None:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    for subject in ("Invoice 1", "Invoice 2", "It's über"):
        send(graph, subject=subject, internetMessageId=f"<{subject[-1]}+x@id.example>")
    send(graph, subject="With file", internetMessageId="<f@id.example>", attachments=[{
        "@odata.type": "#microsoft.graph.fileAttachment", "name": "x.txt", "contentType": "text/plain",
        "contentBytes": "eA==",
    }])
    first = next(one for one in graph.values(f"{TO}/messages") if one["subject"] == "Invoice 1")
    body(graph.patch(f"{TO}/messages/{first['id']}", json={"isRead": True}))

    def subjects(condition: str) -> set[str]:
        return {found["subject"] for found in graph.values(f"{TO}/messages", params={"$filter": condition})}

    everything = {"Invoice 1", "Invoice 2", "It's über", "With file"}
    assert subjects("internetMessageId eq '<2+x@id.example>'") == {"Invoice 2"}
    assert subjects("internetMessageId eq '<2+x@id'") == set()
    assert subjects("subject eq 'It''s über'") == {"It's über"}
    assert subjects("startsWith(subject,'Invoice')") == {"Invoice 1", "Invoice 2"}
    assert subjects("contains(subject,'ÜBER')") == {"It's über"}
    assert subjects("isRead eq true") == {"Invoice 1"}
    assert subjects("isRead eq false and startswith(subject, 'Inv')") == {"Invoice 2"}
    assert subjects("hasAttachments eq true") == {"With file"}
    assert subjects(f"receivedDateTime ge {before}") == everything
    assert subjects(f"receivedDateTime le {before}") == set()
    assert subjects("subject eq 'Invoice 1' or internetMessageId eq '<2+x@id.example>'") == {"Invoice 1", "Invoice 2"}
    assert subjects("not (isRead eq true)") == everything - {"Invoice 1"}
    assert subjects(f"from/emailAddress/address eq '{CONTRACTS}'") == everything
    for bad in ("surprise eq 1", "subject eq", "body/content eq 'x'"):
        assert refusal(graph.get(f"{TO}/messages", params={"$filter": bad}))[0] == 400


def test_order_and_the_rule_beside_a_filter(graph: Graph) -> None:
    for subject in ("b", "a", "c"):
        send(graph, subject=subject)

    def ask(**options: str) -> httpx.Response:
        return graph.get(f"{TO}/messages", params={f"${name}": value for name, value in options.items()})

    assert [found["subject"] for found in body(ask(orderby="subject desc"))["value"]] == ["c", "b", "a"]
    allowed = ask(orderby="subject", filter="startswith(subject,'') and isRead eq false")
    assert [found["subject"] for found in body(allowed)["value"]] == ["a", "b", "c"]
    inefficient = (400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")
    assert refusal(ask(orderby="receivedDateTime desc", filter="isRead eq false")) == inefficient
    assert refusal(ask(orderby="subject", filter="isRead eq false and startswith(subject,'')")) == inefficient
    assert refusal(ask(orderby="surprise"))[0] == 400


def test_pages(graph: Graph) -> None:
    for number in range(12):
        send(graph, subject=f"{number:02}", save=False)
    first = body(graph.get(f"{TO}/messages", params={"$count": "true", "$orderby": "subject"}))
    assert first["@odata.count"] == 12
    second = body(graph.get(first["@odata.nextLink"]))
    assert "@odata.nextLink" not in second
    subjects = [found["subject"] for page in (first, second) for found in page["value"]]
    assert subjects == [f"{number:02}" for number in range(12)]
    assert len(graph.values(f"{TO}/messages", params={"$top": "3"})) == 3
    for bad in ("0", "1001", "x"):
        assert refusal(graph.get(f"{TO}/messages", params={"$top": bad}))[0] == 400


def test_search(graph: Graph) -> None:
    send(graph, subject="Budget für alle", body={"contentType": "Text", "content": "numbers"})
    send(graph, subject="Other")

    def subjects(text: str) -> list[str]:
        return [found["subject"] for found in graph.values(f"{TO}/messages", params={"$search": text})]

    assert subjects('"subject:budget"') == subjects('"numbers"') == subjects('"subject:für"') == ["Budget für alle"]
    assert subjects('"nothing of this"') == []
    for other in ({"$filter": "isRead eq false"}, {"$orderby": "subject"}):
        assert refusal(graph.get(f"{TO}/messages", params={"$search": '"x"', **other}))[0] == 400
    for unknown in ("subject:budget AND from:contracts", "received>=2020-01-01", "hasAttachments:true", "a OR b", "(a"):
        assert refusal(graph.get(f"{TO}/messages", params={"$search": f'"{unknown}"'}))[:2] == (400, "BadRequest")


def test_attachments(graph: Graph) -> None:
    send(graph, attachments=[
        {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain",
         "contentBytes": "eA=="},
        {"@odata.type": "#microsoft.graph.fileAttachment", "name": "b.png", "contentType": "image/png",
         "contentBytes": "AAEC", "isInline": True, "contentId": "logo"},
    ])
    found = only(graph)
    assert found["hasAttachments"] is True
    shown = graph.values(f"{TO}/messages/{found['id']}/attachments")
    assert [(one["name"], one["contentType"], one["contentBytes"], one["isInline"], one["contentId"], one["size"])
            for one in shown] == [("a.txt", "text/plain", "eA==", False, None, 1),
                                  ("b.png", "image/png", "AAEC", True, "logo", 3)]
    one = body(graph.get(f"{TO}/messages/{found['id']}/attachments/{shown[1]['id']}"))
    assert one["name"] == "b.png"
    assert refusal(graph.get(f"{TO}/messages/{found['id']}/attachments/x")) == NOT_FOUND


# -- changing -----------------------------------------------------------------------------------------------------


def test_attachments_are_expanded(graph: Graph) -> None:
    send(graph, attachments=[{
        "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.bin", "contentType": "application/x-thing",
        "contentBytes": "AP8=",
    }])
    found = only(graph, params={"$select": "subject", "$expand": "attachments"})
    (attachment,) = found["attachments"]
    assert (found["subject"], attachment["name"], attachment["contentBytes"]) == ("Hello", "a.bin", "AP8=")
    some = body(graph.get(f"{TO}/messages/{found['id']}", params={"$expand": "attachments($select=name)"}))
    assert some["attachments"] == [{name: attachment[name] for name in ("@odata.type", "id", "name")}]
    for wrong in ("nosuch", "attachments($filter=name eq 'x')", "attachments($select=id", "internetMessageHeaders"):
        assert refusal(graph.get(f"{TO}/messages", params={"$expand": wrong}))[:2] == (400, "BadRequest")


COLOUR = "String {66F5A359-4659-4830-9070-00047EC6AC6E} Name Colour"
SHOWN_COLOUR = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Colour"


def test_extended_properties_are_kept_and_shown_on_request_only(graph: Graph) -> None:
    single, multiple = "singleValueExtendedProperties", "multiValueExtendedProperties"
    draft = body(graph.post(f"{FROM}/messages", json=message(**{
        single: [{"id": COLOUR, "value": "Green"}, {"id": "Integer 0x0E07", "value": "1"}],
        multiple: [{"id": f"StringArray {COLOUR[7:]}s", "value": ["Green", "Red"]}],
    })), 201)
    assert not {single, multiple} & set(draft)
    path = f"{FROM}/messages/{draft['id']}"
    body(graph.patch(path, json={single: [{"id": COLOUR, "value": "Blue"}]}))

    def shown(condition: str, name: str = single) -> Any:
        options = {"$select": "id", "$expand": f"{name}($filter={condition})"}
        found = only(graph, f"{FROM}/mailFolders/drafts/messages", params=options)
        assert body(graph.get(path, params=options)).get(name) == found.get(name)
        return found.get(name)

    assert shown(f"id eq '{COLOUR}'") == [{"id": SHOWN_COLOUR, "value": "Blue"}]
    assert shown(f"(Id eq 'Integer 0xe07' or id eq '{COLOUR}')") == [
        {"id": SHOWN_COLOUR, "value": "Blue"}, {"id": "Integer 0xe07", "value": "1"},
    ]
    assert shown("id eq 'Integer 0xe08'") is None
    assert shown(f"id eq 'StringArray {COLOUR[7:]}s'", multiple)[0]["value"] == ["Green", "Red"]
    for wrong in ("value eq 'Blue'", "id ne 'Integer 0xe07'", "id eq 'Colour'"):
        refused = graph.get(path, params={"$expand": f"{single}($filter={wrong})"})
        assert refusal(refused)[:2] == (400, "BadRequest")
    assert refusal(graph.patch(path, json={"isRead": False, single: [{"id": "Colour", "value": "x"}]}))[0] == 400
    assert body(graph.get(path))["isRead"] is True


def test_marking_is_seen_by_imap(graph: Graph) -> None:
    send(graph)
    found = only(graph)
    changed = body(graph.patch(f"{TO}/messages/{found['id']}", json={
        "isRead": True, "flag": {"flagStatus": "flagged"},
    }))
    assert (changed["isRead"], changed["flag"]) == (True, {"flagStatus": "flagged"})
    assert changed["changeKey"] != found["changeKey"]
    with imap(graph.sandbox, mail_app(graph.sandbox, PROBE), PROBE) as client:
        client.select("INBOX")
        flags = client.fetch("1", "(FLAGS)")[1][0]
    assert b"\\Seen" in flags
    assert b"\\Flagged" in flags
    assert body(graph.patch(f"{TO}/messages/{found['id']}", json={"isRead": False}))["isRead"] is False
    for bad in ({"isRead": "yes"}, {"subject": "x"}, {"surprise": 1}):
        assert refusal(graph.patch(f"{TO}/messages/{found['id']}", json=bad))[0] == 400


def test_delete_goes_by_way_of_deleted_items(graph: Graph) -> None:
    send(graph)
    first = only(graph)["id"]
    done(graph.delete(f"{TO}/messages/{first}"))
    assert refusal(graph.get(f"{TO}/messages/{first}")) == NOT_FOUND
    deleted = only(graph, f"{TO}/mailFolders/deleteditems/messages")["id"]
    assert deleted != first
    done(graph.delete(f"{TO}/messages/{deleted}"))
    assert graph.values(f"{TO}/messages") == []
    assert read_by_imap(graph, PROBE, "Deleted Items") == []


def test_permanent_delete(graph: Graph) -> None:
    send(graph)
    done(graph.post(f"{TO}/messages/{only(graph)['id']}/permanentDelete"))
    assert graph.values(f"{TO}/messages") == []


def test_move_changes_the_id_unless_it_is_immutable(graph: Graph) -> None:
    send(graph)
    prefer = {"Prefer": 'IdType="ImmutableId"'}
    ordinary, immutable = only(graph)["id"], only(graph, headers=prefer)["id"]
    moved = body(graph.post(f"{TO}/messages/{ordinary}/move", json={"destinationId": "archive"}), 201)
    assert moved["id"] != ordinary
    assert moved["parentFolderId"] == body(graph.get(f"{TO}/mailFolders/archive"))["id"]
    assert refusal(graph.get(f"{TO}/messages/{ordinary}")) == NOT_FOUND
    again = body(graph.get(f"{TO}/messages/{immutable}", headers=prefer))
    assert again["id"] == immutable
    back = graph.post(f"{TO}/messages/{immutable}/move", json={"DestinationId": "inbox"}, headers=prefer)
    assert body(back, 201)["id"] == immutable
    assert len(read_by_imap(graph, PROBE)) == 1
    for bad in ({}, {"destinationId": 1}, {"destinationId": "inbox", "x": 1}):
        assert refusal(graph.post(f"{TO}/messages/{immutable}/move", json=bad))[0] == 400
    assert refusal(graph.post(f"{TO}/messages/{immutable}/move", json={"destinationId": "nowhere"})) == MALFORMED


def test_unknown_and_malformed_ids(graph: Graph) -> None:
    send(graph)
    good = only(graph)["id"]
    other = encode_message(Place(b"x" * 16, 1, 1), b"", immutable=False)
    assert refusal(graph.get(f"{TO}/messages/{other}")) == NOT_FOUND
    immutable = encode_message(Place(b"x" * 16, 1, 1), b"y" * 16, immutable=True)
    assert refusal(graph.get(f"{TO}/messages/{immutable}")) == NOT_FOUND
    assert refusal(graph.get(f"{TO}/mailFolders/{encode_folder(b'x' * 16)}")) == NOT_FOUND
    for bad in ("nonsense", good.swapcase(), good[:-4], encode_folder(b"x" * 16)):
        assert refusal(graph.get(f"{TO}/messages/{bad}")) == MALFORMED
    assert refusal(graph.get(f"{TO}/mailFolders/{good}")) == MALFORMED
    assert refusal(graph.delete(f"{TO}/messages/{other}")) == NOT_FOUND
    assert refusal(graph.patch(f"{TO}/messages/{other}", json={"isRead": True})) == NOT_FOUND


# -- folders and settings -----------------------------------------------------------------------------------------


def test_folders(graph: Graph) -> None:
    send(graph)
    found = {folder["displayName"]: folder for folder in graph.values(f"{TO}/mailFolders")}
    assert list(found) == ["Archive", "Deleted Items", "Drafts", "Inbox", "Junk Email", "Outbox", "Sent Items"]
    assert set(found["Inbox"]) == {
        "id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden",
    }
    assert (found["Inbox"]["totalItemCount"], found["Inbox"]["unreadItemCount"]) == (1, 1)
    root = body(graph.get(f"{TO}/mailFolders/msgfolderroot"))
    assert (root["id"], root["childFolderCount"]) == (found["Inbox"]["parentFolderId"], 7)
    assert len(graph.values(f"{TO}/mailFolders/{root['id']}/childFolders")) == 7
    assert refusal(graph.get(f"{TO}/mailFolders/recoverableitemsdeletions")) == MALFORMED
    drafts = only(graph, f"{TO}/mailFolders", params={"$filter": "displayName eq 'Drafts'"})
    assert drafts["id"] == found["Drafts"]["id"]


def test_a_folder_is_made_once_and_imap_has_it(graph: Graph) -> None:
    made = body(graph.post(f"{TO}/mailFolders", json={"displayName": "Prüfung & Co", "isHidden": False}), 201)
    assert (made["displayName"], made["totalItemCount"]) == ("Prüfung & Co", 0)
    assert refusal(graph.post(f"{TO}/mailFolders", json={"displayName": "prüfung & co"})) == (
        400, "ErrorFolderExists",
        "A folder with the specified name already exists., Could not create folder 'prüfung & co'.",
    )
    child = body(graph.post(f"{TO}/mailFolders/{made['id']}/childFolders", json={"displayName": "Below"}), 201)
    assert child["parentFolderId"] == made["id"]
    assert only(graph, f"{TO}/mailFolders/{made['id']}/childFolders")["id"] == child["id"]
    with imap(graph.sandbox, mail_app(graph.sandbox, PROBE), PROBE) as client:
        assert client.select('"Pr&APw-fung &- Co/Below"')[0] == "OK"
    for bad in ({}, {"displayName": ""}, {"displayName": "a/b"}, {"displayName": "x", "surprise": 1}):
        assert refusal(graph.post(f"{TO}/mailFolders", json=bad))[0] == 400


def test_settings_tell_a_shared_mailbox(graph: Graph) -> None:
    assert body(graph.get(f"{TO}/mailboxSettings"))["userPurpose"] == "user"
    assert body(graph.get("/users/shared@contoso.example/mailboxSettings"))["userPurpose"] == "shared"
    assert body(graph.get("/users/shared@contoso.example/mailboxSettings/userPurpose"))["value"] == "shared"


# -- who may do what ----------------------------------------------------------------------------------------------


def test_users_without_a_mailbox(graph: Graph) -> None:
    assert refusal(graph.get("/users/nobody@contoso.example/messages")) == (
        404, "ErrorInvalidUser", "The requested user 'nobody@contoso.example' is invalid.",
    )
    inactive = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    for response in (
        graph.get("/users/unlicensed@contoso.example/mailFolders/inbox"),
        graph.get("/users/unlicensed@contoso.example/mailboxSettings"),
        graph.post("/users/unlicensed@contoso.example/sendMail", json={"message": message()}),
    ):
        assert refusal(response) == (404, "MailboxNotEnabledForRESTAPI", inactive)


def test_roles(clean: RunningSandbox) -> None:
    denied = (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    with Graph(clean, "Mail.Send") as sender:
        send(sender)
        assert refusal(sender.get(f"{TO}/messages")) == denied
        assert refusal(sender.get(f"{TO}/mailboxSettings")) == denied
    with Graph(clean, "Mail.Read") as reader:
        found = only(reader)
        assert found["body"]["content"]
        assert refusal(reader.post(f"{FROM}/sendMail", json={"message": message()})) == denied
        assert refusal(reader.delete(f"{TO}/messages/{found['id']}")) == denied
        assert refusal(reader.post(f"{TO}/messages", json=message())) == denied
    with Graph(clean, "Mail.ReadBasic.All") as basic:
        shown = only(basic)
        assert not {"body", "bodyPreview"} & set(shown)
        assert refusal(basic.get(f"{TO}/messages/{shown['id']}/$value")) == denied


def test_more_than_four_calls_at_a_time_are_throttled(graph: Graph) -> None:
    for _ in range(30):
        send(graph, save=False)

    def ask(_: int) -> httpx.Response:
        return graph.get(f"{TO}/messages", params={"$top": "30", "$filter": "hasAttachments eq false"})

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(ask, range(96)))
    throttled = [answer for answer in answers if answer.status_code != 200]
    assert throttled
    assert {refusal(answer) for answer in throttled} == {
        (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    }
    assert len(throttled) < len(answers)
    assert graph.get(f"{TO}/messages").status_code == 200


def test_the_sdk_sends_and_reads(clean: RunningSandbox) -> None:
    from azure.core.credentials import AccessToken
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.models.body_type import BodyType
    from msgraph.generated.models.email_address import EmailAddress
    from msgraph.generated.models.file_attachment import FileAttachment
    from msgraph.generated.models.item_body import ItemBody
    from msgraph.generated.models.message import Message
    from msgraph.generated.models.recipient import Recipient
    from msgraph.generated.users.item.messages.messages_request_builder import MessagesRequestBuilder
    from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody
    from msgraph_core import GraphClientFactory

    caller = Graph(clean, *ALL)

    class Credential:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            return AccessToken(token_of(clean, caller.app_id), int(time.time()) + 3600)

    async def work() -> tuple[str | None, str | None, bool | None]:
        base = f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0"
        http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(verify=ssl.create_default_context(cafile=clean.ca), base_url=base)
        )
        provider = AzureIdentityAuthenticationProvider(Credential(), allowed_hosts=["127.0.0.1"])
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = base
        client = GraphServiceClient(request_adapter=adapter)
        attachment = FileAttachment(name="x.txt", content_type="text/plain", content_bytes=b"eA==")
        await client.users.by_user_id(CONTRACTS).send_mail.post(SendMailPostRequestBody(
            message=Message(
                subject="Through the SDK", body=ItemBody(content_type=BodyType.Html, content="<b>x</b>"),
                to_recipients=[Recipient(email_address=EmailAddress(address=PROBE, name="Probe"))],
                attachments=[attachment],
            ),
            save_to_sent_items=False,
        ))
        options = RequestConfiguration(
            query_parameters=MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(
                filter="subject eq 'Through the SDK'", select=["subject", "from", "hasAttachments"],
            )
        )
        page = await client.users.by_user_id(PROBE).messages.get(options)
        assert page is not None
        assert page.value is not None
        (found,) = page.value
        assert found.id is not None
        assert found.from_ is not None
        assert found.from_.email_address is not None
        await client.users.by_user_id(PROBE).messages.by_message_id(found.id).delete()
        return found.subject, found.from_.email_address.address, found.has_attachments

    assert asyncio.run(work()) == ("Through the SDK", CONTRACTS, True)
    assert read_by_imap(caller, PROBE) == []
    assert len(read_by_imap(caller, PROBE, "Deleted Items")) == 1


# -- pure parts ---------------------------------------------------------------------------------------------------


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_ids_are_read_back(guid: bytes, validity: int, uid: int) -> None:
    place = Place(guid, validity, uid)
    assert decode_message(encode_message(place, guid, immutable=False)) == place
    assert decode_message(encode_message(place, guid, immutable=True)) == guid
    assert decode_folder(encode_folder(guid)) == guid


@given(st.text(max_size=60))
def test_no_text_crashes_the_ids(text: str) -> None:
    with pytest.raises(GraphError, match="ErrorInvalidIdMalformed"):
        decode_message(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_folder_names_survive_utf7(name: str) -> None:
    encoded = encode_utf7(name)
    assert encoded.isascii()
    assert decode_utf7(encoded) == name


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.binary(max_size=50), st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_a_built_message_says_what_the_resource_says(subject: str, content: str, data: bytes, name: str) -> None:
    built = build_message(message(
        subject, body={"contentType": "text", "content": content},
        attachments=[{"@odata.type": "#microsoft.graph.fileAttachment", "name": name, "contentType": "application/x-y",
                      "contentBytes": base64.b64encode(data).decode()}],
        toRecipients=[recipient(PROBE, name or None)],
    ), CONTRACTS)
    assert b"\n" not in built.replace(b"\r\n", b"")
    parsed = message_from_bytes(built, policy=policy.default)
    assert str(parsed["To"].addresses[0].addr_spec) == PROBE
    assert [header for header in parsed if header.lower() in ("bcc", "cc")] == []
    (attachment,) = attachments(parse(built))
    assert attachment.content == data
