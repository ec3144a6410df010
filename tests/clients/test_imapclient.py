"""IMAPClient lists, uploads, searches, reads, flags, moves, deletes and idles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError
from office import CONTRACTS, HOST, PROBE, SECONDS, Office, letter, spoiled


@contextmanager
def signed_in(office: Office, user: str = PROBE, token: str | None = None) -> Iterator[IMAPClient]:
    with IMAPClient(HOST, office.port("imap"), ssl_context=office.sandbox.tls, timeout=SECONDS) as client:
        client.oauth2_login(user, token or office.token())
        yield client


def test_it_does_everything(office: Office) -> None:
    with signed_in(office) as client:
        folders = {name: flags for flags, _, name in client.list_folders()}
        assert b"\\Sent" in folders["Sent Items"]
        client.create_folder("Größe")
        assert client.folder_exists("Größe")
        client.append("INBOX", letter(CONTRACTS, PROBE, "By IMAPClient"), flags=[b"\\Seen"])
        status = client.select_folder("INBOX")
        assert (status[b"EXISTS"], b"$MDNSent" in status[b"PERMANENTFLAGS"]) == (1, True)
        (uid,) = client.search(["SUBJECT", "IMAPClient", "SEEN"])
        assert client.search("UNSEEN") == []
        fetched = client.fetch([uid], ["ENVELOPE", "FLAGS", "BODY.PEEK[TEXT]"])[uid]
        assert (fetched[b"ENVELOPE"].subject, fetched[b"BODY[TEXT]"]) == (b"By IMAPClient", b"Hello\r\n")
        client.add_flags([uid], [b"\\Flagged", b"$MDNSent"])
        client.remove_flags([uid], [b"\\Seen"])
        assert client.get_flags([uid])[uid] == (b"\\Flagged", b"\\Recent", b"$MDNSent")
        client.copy([uid], "Archive")
        client.move([uid], "Größe")
        client.select_folder("Archive")
        client.delete_messages(client.search())
        client.expunge()
        client.rename_folder("Größe", "Größen")
        assert client.namespace().personal == (("", "/"),)
        assert client.id_() == ((b"name", b"Microsoft.Exchange.Imap4.Imap4Server", b"version", b"15.20"),)
    assert office.subjects(PROBE) == office.subjects(PROBE, "Archive") == []
    assert office.flags(PROBE, "By IMAPClient", "Gr&APYA3w-en") == {"\\Flagged", "$MDNSent"}


def test_it_hears_of_mail_while_it_idles(office: Office) -> None:
    with signed_in(office) as client:
        client.select_folder("INBOX")
        client.idle()
        office.put(PROBE, "News")
        heard = client.idle_check(timeout=SECONDS)
        assert (1, b"EXISTS") in heard
        text, _ = client.idle_done()
        assert text == b"IDLE completed."


def test_bad_tokens_are_refused(office: Office) -> None:
    for token in (spoiled(office.token()), office.token("https://graph.microsoft.com/.default")):
        with pytest.raises(IMAPClientError, match=r"AUTHENTICATE failed\."), signed_in(office, token=token):
            pass


def test_anothers_mailbox_is_refused(office: Office) -> None:
    with (
        pytest.raises(IMAPClientError, match=r"User is authenticated but not connected\."),
        signed_in(office, CONTRACTS) as client,
    ):
        client.select_folder("INBOX")


def test_what_exchange_does_not_have_is_refused(office: Office) -> None:
    office.put(PROBE, "For IMAPClient")
    with signed_in(office) as client:
        client.select_folder("INBOX")
        for refused in (
            lambda: client.add_flags([1], [b"Important"]), lambda: client.search(["KEYWORD", "Important"]),
            lambda: client.append("INBOX", b"x", flags=[b"Important"]), lambda: client.fetch([1], ["X-GUID"]),
        ):
            with pytest.raises(IMAPClientError, match=r"Command Argument Error\. 11"):
                refused()
        with pytest.raises(IMAPClientError, match=r"\[BADCHARSET \(US-ASCII\)\] The specified charset is not supp"):
            client.search(["SUBJECT", "größer"], charset="UTF-8")
        for missing in (lambda: client.sort("ARRIVAL"), lambda: client.thread(), lambda: client.enable("CONDSTORE")):
            with pytest.raises(CapabilityError):
                missing()
    assert office.flags(PROBE, "For IMAPClient") == set()
