"""python-O365 sends, lists, searches, flags, moves and deletes by Graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from msal import ConfidentialClientApplication
from O365 import Account, Message, MSGraphProtocol
from O365.utils import ME_RESOURCE
from O365.utils.token import MemoryTokenBackend
from office import CONTRACTS, GRAPH_APP_ID, PROBE, Office
from person import Person
from requests import HTTPError

GRAPH = "https://graph.microsoft.com/.default"


class SandboxProtocol(MSGraphProtocol):
    """Graph at the sandbox's address."""

    def __init__(self, office: Office) -> None:
        self._protocol_url = f"{office.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/"
        super().__init__(timezone="UTC")


def account(
    office: Office, mailbox: str = PROBE, application: tuple[str, str] | None = None, *, flow: str = "credentials",
) -> Account:
    """An account of the library's; only the authority is not one that it asks for."""
    app_id, secret = application or (office.app_id, office.secret)
    found = Account(
        (app_id, secret), protocol=SandboxProtocol(office), auth_flow_type=flow,
        tenant_id=office.tenant_id, main_resource=mailbox, token_backend=MemoryTokenBackend(),
        verify_ssl=office.sandbox.ca, raise_http_errors=True,
    )
    found.con._msal_client = ConfidentialClientApplication(
        app_id, secret, authority=f"{office.authority}/{office.tenant_id}",
        verify=office.sandbox.ca, instance_discovery=False, token_cache=found.con.token_backend,
    )
    return found


@pytest.fixture(autouse=True)
def authority(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests prefers the environment's authority to that of a session."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", office.sandbox.ca)


@pytest.fixture
def signed_in(office: Office) -> Account:
    found = account(office)
    assert found.authenticate(requested_scopes=[GRAPH])
    return found


def test_it_sends(office: Office, signed_in: Account) -> None:
    message: Message = signed_in.new_message()
    message.to.add([CONTRACTS, "outside@elsewhere.example"])
    message.bcc.add("shared@contoso.example")
    message.subject, message.body = "By python-O365", "<p>Hello</p>"
    message.importance = "high"
    message.categories = ["Blue category"]
    message.flag.set_flagged()
    message.attachments.add([(__file__, "test.py")])
    assert message.send()
    (mail,) = office.mails(CONTRACTS)
    assert (mail["Subject"], mail["From"], mail["Bcc"]) == ("By python-O365", PROBE, None)
    assert "test.py" in [part.get_filename() for part in mail.walk()]
    assert office.subjects(PROBE, "Sent Items") == ["By python-O365"]


def test_it_does_everything_else(office: Office, signed_in: Account) -> None:
    for subject in ("First", "Second", "Third"):
        office.put(PROBE, subject)
    mailbox = signed_in.mailbox()
    assert {"Inbox", "Sent Items", "Deleted Items"} <= {folder.name for folder in mailbox.get_folders()}
    inbox = mailbox.inbox_folder()
    assert sorted(message.subject for message in inbox.get_messages()) == ["First", "Second", "Third"]
    (second,) = inbox.get_messages(query=inbox.new_query().equals("subject", "Second"))
    assert (second.sender.address, second.is_read) == (CONTRACTS, False)
    assert second.mark_as_read()
    second.flag.set_flagged()
    assert second.save_message()
    assert office.flags(PROBE, "Second") == {"\\Seen", "\\Flagged"}
    assert second.move("archive")
    assert office.subjects(PROBE, "Archive") == ["Second"]
    (third,) = inbox.get_messages(query=inbox.new_query().equals("subject", "Third"))
    assert third.delete()
    assert office.subjects(PROBE) == ["First"]
    draft = mailbox.new_message()
    draft.to.add(CONTRACTS)
    draft.subject, draft.body = "A draft", "Hello"
    assert draft.save_draft()
    assert office.subjects(PROBE, "Drafts") == ["A draft"]


def test_it_searches_and_downloads(office: Office, signed_in: Account, tmp_path: Path) -> None:
    message = signed_in.new_message()
    message.to.add(PROBE)
    message.subject, message.body = "With a file", "Hello"
    message.attachments.add([(__file__, "test.py")])
    assert message.send()
    office.put(PROBE, "Without")
    inbox = signed_in.mailbox().inbox_folder()
    (found,) = inbox.get_messages(query=inbox.new_query().search("without"))
    assert found.subject == "Without"
    (found,) = inbox.get_messages(query=inbox.new_query().equals("subject", "With a file"), download_attachments=True)
    (attachment,) = found.attachments
    assert attachment.save(tmp_path, "saved.py")
    assert (tmp_path / "saved.py").read_bytes() == Path(__file__).read_bytes()


def test_a_wrong_secret_is_refused(office: Office) -> None:
    assert not account(office, application=(office.app_id, "wrong")).authenticate(requested_scopes=[GRAPH])


def test_what_is_not_granted_is_refused(office: Office) -> None:
    reader = account(office, application=office.application({GRAPH_APP_ID: ["Mail.Read"]}))
    assert reader.authenticate(requested_scopes=[GRAPH])
    office.put(PROBE, "First")
    (first,) = reader.mailbox().inbox_folder().get_messages()
    for refused in (first.delete, first.mark_as_read, lambda: first.move("archive")):
        with pytest.raises(HTTPError, match="403"):
            refused()
    message = reader.new_message()
    message.to.add(CONTRACTS)
    with pytest.raises(HTTPError, match="403"):
        message.send()
    assert (office.subjects(PROBE), office.flags(PROBE, "First"), office.mails(CONTRACTS)) == (["First"], set(), [])


def test_too_many_recipients_are_refused(office: Office, signed_in: Account) -> None:
    message = signed_in.new_message()
    message.to.add([f"to{number}@elsewhere.example" for number in range(501)])
    with pytest.raises(HTTPError, match="400"):
        message.send()
    assert office.mails(PROBE, "Sent Items") == []


def test_a_mailbox_that_does_not_exist_is_refused(office: Office) -> None:
    nobody = account(office, "nobody@contoso.example")
    assert nobody.authenticate(requested_scopes=[GRAPH])
    with pytest.raises(HTTPError, match="404"):
        list(nobody.mailbox().get_messages())


def test_a_person_authorizes_it(office: Office) -> None:
    redirect_uri = "https://login.microsoftonline.com/common/oauth2/nativeclient"
    app_id, secret = office.product(secret=True, redirectUris={"web": [redirect_uri]})
    found = account(office, ME_RESOURCE, (app_id, str(secret)), flow="authorization")

    def consent(address: str) -> str:
        person = Person(office.sandbox.ca).open(address).sign_in(CONTRACTS, office.password)
        assert "Read and write access to user mail" in person.text
        return str(person.press("Accept").arrived)

    scopes = [f"https://graph.microsoft.com/{name}" for name in ("Mail.ReadWrite", "Mail.Send", "User.Read")]
    assert found.authenticate(requested_scopes=scopes, redirect_uri=redirect_uri, handle_consent=consent)
    assert found.username == CONTRACTS
    assert found.get_current_user_data().user_principal_name == CONTRACTS
    message = found.new_message()
    message.to.add([PROBE, CONTRACTS])
    message.subject, message.body = "By a person", "Hello"
    assert message.send()
    assert (office.subjects(PROBE), office.subjects(CONTRACTS, "Sent Items")) == (["By a person"], ["By a person"])
    forget_access_tokens(found)
    assert found.con.refresh_token()
    (mine,) = found.mailbox().inbox_folder().get_messages()
    assert mine.delete()
    assert office.subjects(CONTRACTS) == []
    office.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")
    forget_access_tokens(found)
    with pytest.raises(RuntimeError, match="invalid_grant"):
        found.con.refresh_token()


def forget_access_tokens(found: Account) -> None:
    """Let it need the refresh token at once, not in an hour."""
    cache = found.con.token_backend
    for token in list(cache.search("AccessToken")):
        cache.remove_at(token)


def test_a_person_who_declines(office: Office) -> None:
    redirect_uri = "https://login.microsoftonline.com/common/oauth2/nativeclient"
    app_id, secret = office.product(secret=True, redirectUris={"web": [redirect_uri]})
    found = account(office, ME_RESOURCE, (app_id, str(secret)), flow="authorization")
    assert not found.authenticate(
        requested_scopes=["https://graph.microsoft.com/Mail.Read"], redirect_uri=redirect_uri,
        handle_consent=lambda address: str(
            Person(office.sandbox.ca).open(address).sign_in(CONTRACTS, office.password).press("Cancel").arrived
        ),
    )
