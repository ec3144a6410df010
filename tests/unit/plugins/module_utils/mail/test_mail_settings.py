# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What fits together, what does not, and in which words it is refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import Server
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import (
    GraphSide,
    OAuth2,
    ServerSide,
    Settings,
    is_address,
    settings_from,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web_settings import WebSide
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

GUID = "0f0e0d0c-1111-2222-3333-444455556666"
SIDE: dict[str, Any] = dict.fromkeys((
    "host", "port", "tls", "mailbox", "messages_per_session", "username", "password", "tenant_id", "client_id",
    "client_secret", "certificate_path", "certificate_password", "federated_token_file", "access_token",
    "managed_identity_client_id", "google", "web",
)) | {"authentication": "oauth2", "auth_source": "auto"}
APPLICATION = {"tenant_id": "contoso.example", "client_id": GUID, "client_secret": "s3cret~value"}
GRAPH = {"transport": "graph", "mailbox": "contracts@contoso.example", **APPLICATION}
SMTP = {"transport": "smtp", "mailbox": "contracts@contoso.example", **APPLICATION}
RELAY = {"transport": "smtp", "authentication": "basic", "username": "apikey", "password": "p", "host": "relay.example"}
IMAP = MappingProxyType({"transport": "imap", "mailbox": "probe@contoso.example", **APPLICATION})
GOOGLE = {"authentication": "google_service_account", "google": {"key_file": "key.json"}}
ORDERS = {"mailbox": "orders@fabrikam.example", **GOOGLE}
POP3 = {"transport": "pop3", "mailbox": "probe@contoso.example", **APPLICATION}


def settings(send: dict[str, Any] | None, receive: Mapping[str, Any] | None = IMAP, **options: Any) -> Settings:
    return settings_from({
        "cloud": "global", "authority_host": None, "graph_endpoint": None, "ca_path": None, "token_cache": None,
        "from": None, "to": None, "override": None, "expect": "delivered", "timeout": 180,
        "poll_interval": 2.0, "request_timeout": 30,
        "send": send and SIDE | send, "receive": receive and SIDE | receive, **options,
    })


def server(side: Any) -> Server:
    assert isinstance(side, ServerSide)
    return side.server


@pytest.mark.parametrize(
    ("send", "cloud", "expected"),
    [
        (SMTP, "global", Server("smtp", "smtp.office365.com", 587, "starttls")),
        (SMTP, "us_government", Server("smtp", "smtp.office365.us", 587, "starttls")),
        (SMTP, "us_government_dod", Server("smtp", "outlook-dod.office365.us", 587, "starttls")),
        (SMTP, "china", Server("smtp", "smtp.partner.outlook.cn", 587, "starttls")),
        (SMTP | {"port": 25}, "global", Server("smtp", "smtp.office365.com", 25, "starttls")),
        (SMTP | {"tls": "auto"}, "global", Server("smtp", "smtp.office365.com", 587, "auto")),
        (RELAY, "global", Server("smtp", "relay.example", 587, "starttls")),
        (RELAY | {"tls": "implicit"}, "global", Server("smtp", "relay.example", 465, "implicit")),
        (RELAY | {"port": 465}, "global", Server("smtp", "relay.example", 465, "implicit")),
        (RELAY | {"port": 465, "tls": "auto"}, "global", Server("smtp", "relay.example", 465, "auto")),
        (RELAY | {"port": 2525}, "global", Server("smtp", "relay.example", 2525, "starttls")),
        (RELAY | {"port": 2525, "tls": "implicit"}, "global", Server("smtp", "relay.example", 2525, "implicit")),
        (RELAY | {"tls": "none"}, "global", Server("smtp", "relay.example", 587, "none")),
        ({"transport": "smtp", **ORDERS}, "global", Server("smtp", "smtp.gmail.com", 587, "starttls")),
        (
            {"transport": "smtp", "tls": "implicit", **ORDERS}, "china",
            Server("smtp", "smtp.gmail.com", 465, "implicit"),
        ),
        (
            {"transport": "smtp", "authentication": "none", "host": "relay.example", "mailbox": "a@b.example",
             "tls": "starttls_optional"},
            "global", Server("smtp", "relay.example", 25, "starttls_optional"),
        ),
    ],
)
def test_where_a_mail_is_sent(send: dict[str, Any], cloud: str, expected: Server) -> None:
    assert server(settings(send, cloud=cloud, **{"from": "contracts@contoso.example"}).send) == expected


@pytest.mark.parametrize(
    ("receive", "cloud", "expected"),
    [
        (IMAP, "global", Server("imap", "outlook.office365.com", 993, "implicit")),
        (POP3, "global", Server("pop3", "outlook.office365.com", 995, "implicit")),
        (IMAP, "china", Server("imap", "partner.outlook.cn", 993, "implicit")),
        (POP3, "us_government_dod", Server("pop3", "outlook-dod.office365.us", 995, "implicit")),
        (IMAP | {"tls": "starttls"}, "global", Server("imap", "outlook.office365.com", 143, "starttls")),
        (POP3 | {"port": 110}, "global", Server("pop3", "outlook.office365.com", 110, "starttls")),
        (IMAP | {"tls": "auto"}, "global", Server("imap", "outlook.office365.com", 993, "auto")),
        (IMAP | {"host": "imap.example", "port": 9993}, "global", Server("imap", "imap.example", 9993, "implicit")),
    ],
)
def test_where_a_mail_is_looked_for(receive: dict[str, Any], cloud: str, expected: Server) -> None:
    assert server(settings(GRAPH, receive, cloud=cloud).receive) == expected


def test_tokens_are_asked_for_each_services_own_audience() -> None:
    found = settings(GRAPH, IMAP, cloud="china")
    assert isinstance(found.send, GraphSide)
    assert found.send.credentials.scope == "https://microsoftgraph.chinacloudapi.cn/.default"
    assert isinstance(found.receive, ServerSide)
    assert isinstance(found.receive.credentials, OAuth2)
    assert found.receive.credentials.scope == "https://partner.outlook.cn/.default"
    assert found.receive.credentials.options["client_secret"] == "s3cret~value"
    assert found.receive.credentials.options["timeout"] == 30


def test_secrets_do_not_show() -> None:
    assert "s3cret" not in repr(settings(SMTP, IMAP))
    assert "hunter2" not in repr(settings(RELAY | {"password": "hunter2", "mailbox": "a@b.example"}))


@pytest.mark.parametrize(
    ("send", "receive", "options", "addresses"),
    [
        (GRAPH, IMAP, {}, ("contracts@contoso.example", "probe@contoso.example")),
        (GRAPH | {"mailbox": GUID}, IMAP, {"from": "x@y.example"}, ("x@y.example", "probe@contoso.example")),
        (RELAY | {"mailbox": "m@b.example"}, IMAP, {}, ("m@b.example", "probe@contoso.example")),
        (RELAY | {"username": "u@b.example"}, IMAP, {"to": "list@b.example"}, ("u@b.example", "list@b.example")),
        (SMTP, None, {"expect": "refused", "to": "z@b.example"}, ("contracts@contoso.example", "z@b.example")),
    ],
)
def test_whose_mail_it_is(
    send: dict[str, Any], receive: dict[str, Any] | None, options: dict[str, Any], addresses: tuple[str, str]
) -> None:
    found = settings(send, receive, **options)
    assert (found.sender, found.recipients[0]) == addresses


def test_credentials_by_kind() -> None:
    assert settings(RELAY, **{"from": "a@b.example"}).send.credentials == Password("apikey", "p")
    anonymous = {"transport": "smtp", "authentication": "none", "host": "relay.example"}
    assert settings(anonymous, **{"from": "a@b.example"}).send.credentials is None
    for credential in (
        {"access_token": "t"}, {"auth_source": "managed_identity"}, {"auth_source": "azure_cli"},
        {"tenant_id": "t", "client_id": "c", "certificate_path": "/x"},
        {"tenant_id": "t", "client_id": "c", "federated_token_file": "/x"},
    ):
        side = {"transport": "graph", "mailbox": "contracts@contoso.example", **credential}
        assert isinstance(settings(side).send.credentials, OAuth2)


REFUSED: list[tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any], str]] = [
    (GRAPH | {"authentication": "basic"}, IMAP, {},
     "send.authentication: 'basic' is not possible with transport graph"),
    (GRAPH | {"authentication": "none"}, IMAP, {}, "send.authentication: 'none' is not possible with transport graph"),
    (GRAPH | {"host": "x"}, IMAP, {}, "send.host: has no meaning with transport graph"),
    (GRAPH | {"port": 443}, IMAP, {}, "send.port: has no meaning with transport graph"),
    (GRAPH | {"tls": "implicit"}, IMAP, {}, "send.tls: has no meaning with transport graph"),
    (GRAPH | {"password": "p"}, IMAP, {}, "send.password: has no meaning with authentication oauth2"),
    (GRAPH | {"mailbox": None}, IMAP, {}, "send.mailbox: is needed with authentication oauth2"),
    (GRAPH | {"mailbox": "contracts"}, IMAP, {}, "send.mailbox: 'contracts' is not an e-mail address"),
    (GRAPH | {"mailbox": GUID}, IMAP, {}, "from: is needed, since send.mailbox does not give an e-mail address"),
    (SMTP | {"mailbox": GUID}, IMAP, {}, f"send.mailbox: '{GUID}' is not an e-mail address"),
    (SMTP | {"tls": "implicit"}, IMAP, {}, "send.tls: 'implicit' is not possible: smtp.office365.com has no port 465"),
    (SMTP | {"tls": "none"}, IMAP, {}, "use tls starttls with port 587"),
    (SMTP | {"port": 465}, IMAP, {}, "send.port: 465 is not possible: smtp.office365.com has no port 465"),
    (SMTP | {"host": "SMTP.Office365.com", "port": 465}, IMAP, {}, "has no port 465"),
    (SMTP | {"host": "x.example", "tls": "none"}, IMAP, {}, "send.tls: 'none' would send an access token in the clear"),
    (RELAY | {"port": 465, "tls": "starttls"}, IMAP, {}, "send.tls: 'starttls' is not possible with port 465"),
    (RELAY | {"port": 465, "tls": "none"}, IMAP, {}, "send.tls: 'none' is not possible with port 465"),
    (RELAY | {"port": 587, "tls": "implicit"}, IMAP, {}, "use starttls, or port 465"),
    (RELAY | {"port": 0}, IMAP, {}, "send.port: 0 is not a port"),
    (RELAY | {"port": 70000}, IMAP, {}, "send.port: 70000 is not a port"),
    (RELAY | {"host": "a..b"}, IMAP, {}, "send.host: 'a..b' is not a host name"),
    (RELAY | {"username": None}, IMAP, {}, "send.username: is needed with authentication basic"),
    (RELAY | {"password": None}, IMAP, {}, "send.password: is needed with authentication basic"),
    (RELAY | {"password": " "}, IMAP, {}, "send.password: is empty"),
    (RELAY | {"client_id": GUID}, IMAP, {}, "send.client_id: has no meaning with authentication basic"),
    (RELAY | {"authentication": "none"}, IMAP, {}, "send.username: has no meaning with authentication none"),
    (RELAY, IMAP, {}, "from: is needed"),
    (RELAY, IMAP, {"from": "Name <a@b.example>"}, "from: 'Name <a@b.example>' is not an e-mail address"),
    (RELAY, IMAP, {"from": "a@b.example\r\nRCPT TO:<c@d.example>"}, "is not an e-mail address"),
    ({"transport": "smtp", "authentication": "none"}, IMAP, {}, "send.host: is needed with authentication none"),
    (SMTP, IMAP, {"cloud": "custom", "authority_host": "https://a", "graph_endpoint": "https://b"},
     "send.host: is needed with cloud custom"),
    (SMTP, IMAP, {"cloud": "custom"}, "cloud: custom needs both"),
    (SMTP | {"client_secret": GUID}, IMAP, {}, "send.client_secret: looks like the secret's ID"),
    (SMTP | {"client_secret": ""}, IMAP, {}, "send.client_secret: is empty"),
    (SMTP | {"client_secret": None}, IMAP, {}, "send.client_secret: is needed with authentication oauth2"),
    (SMTP | {"client_id": None}, IMAP, {}, "send.client_id: is needed with authentication oauth2"),
    (SMTP | {"tenant_id": None}, IMAP, {}, "send.tenant_id: is needed with authentication oauth2"),
    (SMTP | {"tenant_id": "common"}, IMAP, {}, "send.tenant_id: 'common' names no tenant"),
    (GRAPH, None, {}, "receive: is needed to see whether the mail arrives"),
    (GRAPH, None, {"expect": "refused"}, "to: is needed"),
    (None, IMAP, {}, "send: is needed to send a mail; only expect: refused does without it"),
    (None, None, {"expect": "refused"}, "send: is needed, or receive"),
    (None, IMAP | {"mailbox": None}, {"expect": "refused"}, "receive.mailbox: is needed with authentication oauth2"),
    (GRAPH, IMAP | {"transport": "graph", "authentication": "basic"}, {}, "receive.authentication: 'basic'"),
    (GRAPH, IMAP | {"port": 993, "tls": "starttls"}, {}, "receive.tls: 'starttls' is not possible with port 993"),
    (GRAPH, IMAP | {"port": 143, "tls": "implicit"}, {}, "use starttls, or port 993"),
    (GRAPH, POP3 | {"port": 995, "tls": "none"}, {}, "receive.tls: 'none'"),
    (GRAPH, POP3 | {"port": 110, "tls": "implicit"}, {}, "use starttls, or port 995"),
    (GRAPH, IMAP | {"tls": "none"}, {}, "receive.tls: 'none' would send an access token in the clear"),
    (GRAPH, IMAP | {"mailbox": "probe"}, {}, "receive.mailbox: 'probe' is not an e-mail address"),
    (GRAPH, IMAP, {"timeout": 0}, "timeout: 0 is not a number of seconds"),
    (GRAPH, IMAP, {"poll_interval": -1.0}, "poll_interval: -1.0"),
    (GRAPH, IMAP, {"request_timeout": 0}, "request_timeout: 0"),
]


@pytest.mark.parametrize(("send", "receive", "options", "words"), REFUSED)
def test_what_does_not_fit_is_refused_by_the_options_path(
    send: dict[str, Any] | None, receive: dict[str, Any] | None, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        settings(send, receive, **options)


def test_no_refusal_repeats_a_secret() -> None:
    for send, receive, options, _words in REFUSED:
        with pytest.raises(InputError) as refused:
            settings(send, receive, **options)
        assert "s3cret" not in str(refused.value)


# -- hosts ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("relay.example", "relay.example"), ("10.0.0.25", "10.0.0.25"), ("::1", "::1"),
        ("[2001:DB8::25]", "2001:db8::25"), ("bücher.example", "bücher.example"),
    ],
)
def test_a_host_is_a_name_or_an_address(given: str, host: str) -> None:
    assert server(settings(RELAY | {"host": given, "mailbox": "a@b.example"}).send).host == host


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("relay.example:2525", "send.host: 'relay.example:2525' holds a port; give host: relay.example and port: 2525"),
        ("[::1]:25", "send.host: '[::1]:25' holds a port; give host: [::1] and port: 25"),
        *((text, f"send.host: {text!r} is not a host name") for text in (
            "smtp://relay.example", "relay example", "::g", "a..b", "relay.example:",
        )),
    ],
)
def test_what_is_no_host_is_refused(given: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        settings(RELAY | {"host": given, "mailbox": "a@b.example"})


# -- several mails, and other recipients ------------------------------------------------------------------------------

def test_as_many_mails_as_a_session_may_have_unless_a_refusal_is_expected() -> None:
    send = SMTP | {"messages_per_session": 3}
    assert settings(send).messages == 3
    assert settings(send, expect="refused").messages == 1
    assert settings(SMTP).messages == 1


@pytest.mark.parametrize(
    ("send", "options", "words"),
    [
        (GRAPH | {"messages_per_session": 2}, {}, "send.messages_per_session: has no meaning with transport graph"),
        (SMTP | {"messages_per_session": 0}, {}, "send.messages_per_session: 0 is not possible; give 1 to 100"),
        (SMTP | {"messages_per_session": 101}, {}, "send.messages_per_session: 101 is not possible"),
        (SMTP, {"override": ["a@b.example", "nobody"]}, "override[1]: 'nobody' is not an e-mail address"),
        (SMTP, {"override": ["None", "a@b.example"]}, "override[0]: 'None' is not an e-mail address"),
        (SMTP, {"override": ["a@b.example"], "to": "Probe@contoso.example"},
         "receive.mailbox: Probe@contoso.example gets no mail while override is set; name the mailbox of a@b.example"),
    ],
)
def test_what_does_not_fit_a_session_or_an_override(send: dict[str, Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        settings(send, **options)


@pytest.mark.parametrize(
    ("override", "recipients"),
    [
        (None, ("list@contoso.example",)), ([], ("list@contoso.example",)), (["none"], ("list@contoso.example",)),
        (["a@b.example", "c@d.example"], ("a@b.example", "c@d.example")),
    ],
)
def test_an_override_takes_the_place_of_the_recipient(override: list[str] | None, recipients: tuple[str, ...]) -> None:
    assert settings(SMTP, override=override, to="list@contoso.example").recipients == recipients


# -- addresses --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "address", ["müller@contoso.example", "a@bücher.example", "用户@例え.example", "a'b+c@d-e.example"]
)
def test_an_address_may_be_an_internationalised_one(address: str) -> None:
    assert settings(SMTP, to=address).recipients == (address,)


@pytest.mark.parametrize(
    "address", [
        "a b@c.example", "a@b@c.example", "a", "@b.example", "a@", "a@-b.example", "a@b..example", "a\u2028@b.example",
        "a\u00a0b@c.example", "<a@b.example>", 'a"@b.example', "a@b.example\r\nRCPT TO:<x@y.example>",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="is not an e-mail address"):
        settings(SMTP, to=address)


ADDRESS_LIKE = st.one_of(
    st.text(), st.builds("{}@{}".format, st.text(max_size=8), st.text(max_size=8)),
    st.text(st.sampled_from("ab.-@ü\u3002[]<>\" \r\n"), max_size=12),
)


@settings_of_hypothesis(deadline=None)
@given(text=ADDRESS_LIKE)
def test_an_address_is_one_word_of_a_command_whatever_is_in_it(text: str) -> None:
    if is_address(text):
        assert not any(character.isspace() or character in '<>()[]\\",:;' for character in text)
        assert text.count("@") == 1
        assert text.rpartition("@")[2].encode("idna")


@settings_of_hypothesis(deadline=None)
@given(text=st.one_of(
    ADDRESS_LIKE, st.builds("{}:{}".format, st.text(max_size=8), st.integers()), st.ip_addresses().map(str),
))
def test_a_host_that_is_taken_can_be_looked_up(text: str) -> None:
    host, problem = host_or_problem(text)
    assert host or problem.startswith("send.host: ")
    assert not any(character.isspace() for character in host)
    assert ipaddress.ip_address(host) if ":" in host else host.isascii() or host.encode("idna")


def host_or_problem(text: str) -> tuple[str, str]:
    try:
        return server(settings(RELAY | {"host": text or None, "mailbox": "a@b.example"}).send).host, ""
    except InputError as error:
        return "", error.message


API = {"url": "https://product.example/send", "method": "POST", "body": {}, "accepted": {}, "listed": None,
       "authentication": {"username": "admin", "password": "p"}, "ca_path": None}
WEB = {"transport": "web", "mailbox": "support@contoso.example", "web": API}


def test_a_products_api() -> None:
    side = settings(WEB, ca_path="/ca.pem").send
    assert isinstance(side, WebSide)
    assert (side.address, side.credentials, side.api.access.ca_path) == ("support@contoso.example", None, "/ca.pem")
    assert side.describe() == {
        "transport": "web", "authentication": "none", "host": "product.example", "port": 443, "tls": "implicit",
        "user": None,
    }
    own = settings(WEB | {"web": API | {"ca_path": "/own.pem", "url": "https://product.example:5543/x"}}).send
    assert isinstance(own, WebSide)
    assert (own.api.access.ca_path, own.describe()["port"]) == ("/own.pem", 5543)


@pytest.mark.parametrize(("changes", "words"), [
    ({"web": None}, "send.web: is needed with transport web"),
    ({"host": "smtp.office365.com"}, "send.host: has no meaning with transport web"),
    ({"client_secret": "s~s"}, "send.client_secret: has no meaning with transport web"),
    ({"messages_per_session": 2}, "has no meaning with transport web, which has no sessions"),
    ({"mailbox": "support"}, "send.mailbox: 'support' is not an e-mail address"),
    ({"web": API | {"url": "http://product.example"}}, "send.web.url: 'http://product.example' is no address"),
    ({"web": API | {"url": "https://"}}, "send.web.url: 'https://' is no address"),
    ({"web": API | {"url": "https://product.example/{id}"}}, "send.web.listed: says whose {id} is meant"),
    ({"web": API | {"listed": {"url": "https://x.example", "rows": None, "id": "id", "by": {}}}}, "send.web.listed:"),
    (
        {"web": API | {"url": "https://x.example/{id}", "listed": {
            "url": "http://x.example", "rows": None, "id": "id", "by": {},
        }}}, "send.web.listed.url: 'http://x.example' is no address",
    ),
    ({"web": API | {"accepted": {"status": "("}}}, "send.web.accepted.status: is no regular expression"),
    ({"transport": "graph", **APPLICATION}, "send.web: has no meaning with transport graph"),
])
def test_what_a_products_api_does_not_take(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        settings(WEB | changes)
