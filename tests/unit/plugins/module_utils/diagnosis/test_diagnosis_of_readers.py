# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who looks for a proof, and what a token of his says of his reading."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import of_readers
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import Subject
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MAILBOX = "proofs@contoso.example"
WHO = {"tenant_id": "contoso.example", "client_id": "c-1", "client_secret": "s3cret~Value"}
APP = {"appid": "c-1", "oid": "o-1"}


def reader(transport: str, *hosts: str, **check: Any) -> of_readers.Reader:
    receive = {"transport": transport, "mailbox": MAILBOX, **WHO}
    return of_readers.reader(Subject("mailbox", MAILBOX, hosts or ("h",)), check, receive)


@pytest.mark.parametrize(("transport", "check", "claims", "state"), [
    ("graph", {}, {**APP, "roles": ["Mail.ReadWrite"]}, "ok"),
    ("graph", {"cleanup": False}, {**APP, "roles": ["Mail.Read"]}, "ok"),
    ("graph", {}, {"roles": ["Mail.Read"]}, "cross"),
    ("imap", {}, {**APP, "roles": ["IMAP.AccessAsApp"]}, "ok"),
    ("imap", {}, {**APP, "roles": ["POP.AccessAsApp", "Mail.ReadWrite"]}, "cross"),
    ("imap", {"cleanup": False}, {**APP, "roles": ["Mail.Read"]}, "cross"),
    ("pop3", {}, APP, "cross"),
    ("graph", {}, {"scp": "openid Mail.ReadWrite"}, "ok"),
    ("graph", {}, {"scp": "Mail.ReadWrite.Shared"}, "ok"),
    ("graph", {}, {**APP, "scp": "Mail.Read"}, "cross"),
    ("imap", {}, {"scp": "IMAP.AccessAsUser.All"}, "ok"),
    ("pop3", {}, {"scp": "IMAP.AccessAsUser.All"}, "cross"),
    ("imap", {}, {}, "unknown"),
])
def test_what_a_token_says(transport: str, check: dict[str, Any], claims: dict[str, Any], state: str) -> None:
    told = of_readers.judge(reader(transport, **check), claims)
    [found] = told.findings
    assert (found.about, found.check, found.state, found.hosts) == (MAILBOX, "reader", state, ("h",))
    assert bool(found.remedy) is (state == "cross")
    assert told.asks is None


def test_of_what_no_token_shows_exchange_is_asked() -> None:
    told = of_readers.judge(reader("graph"), APP)
    assert told.findings == []
    assert told.asks is not None
    assert (told.asks.client_id, told.asks.object_id) == ("c-1", "o-1")
    assert told.asks.permissions == {"Mail.ReadWrite"}
    assert [one.state for one in told.asks.lacking] == ["cross"]


def test_the_proof_is_the_first_mail_that_is_read_so_and_a_refusal_is_none() -> None:
    reads = {"transport": "graph", "mailbox": MAILBOX}
    receive = {**reads, "client_id": "c-1"}
    refusal = {"name": "refused", "host": "a", "receive": receive}
    other = {"name": "other", "host": "b", "send": {}, "receive": receive}
    proof = {"name": "proof", "host": "a", "send": {}, "receive": receive}
    own = {"name": "own", "host": "a", "send": {}, "receive": {**receive, "client_id": {"fact": "client_id"}}}
    elsewhere = {"name": "elsewhere", "host": "a", "send": {}, "receive": {**receive, "mailbox": "a@b.example"}}
    mails = [refusal, other, elsewhere, proof, own]
    assert of_readers.proof(mails, "a", reads) == proof
    assert of_readers.proof(mails, "c", reads) is None
    assert of_readers.proof(mails, "a", None) is None


def test_who_signs_in_alike_signs_in_once_for_all_hosts() -> None:
    found = of_readers.joined([reader("graph", "a"), reader("imap", "b"), reader("graph", "c")])
    assert [(one.transport, one.subject.hosts) for one in found] == [("graph", ("a", "c")), ("imap", ("b",))]


def test_settings_that_make_no_sense_are_refused_and_no_secret_is_shown() -> None:
    assert "s3cret" not in repr(reader("graph"))
    with pytest.raises(InputError, match="client_secret: is needed"):
        of_readers.reader(Subject("mailbox", MAILBOX), {}, {
            "transport": "imap", "mailbox": MAILBOX, "tenant_id": "t", "client_id": "c",
        })
