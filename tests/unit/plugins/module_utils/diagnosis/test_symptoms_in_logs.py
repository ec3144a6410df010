# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A symptom is known in whatever shape a client's library has logged it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.symptoms import find, mail, signs
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

JAVA = "javax.mail.AuthenticationFailedException"
NET = "System.Net.Mail.SmtpException: The SMTP server requires a secure connection or the client was not authenticated."


def logged(protocol: str, said: str) -> Iterator[str]:
    """How clients log an answer."""
    code, _blank, rest = said.partition(" ")
    if protocol == "smtp":
        yield f"Error: Invalid login: {said}"
        yield f"{code}-{rest}\n{said}"
        yield f"{JAVA}: {said}\n;\n  nested exception is:\n\tcom.sun.mail.smtp.SMTPSenderFailedException: {said}"
        yield f"MailKit.Security.AuthenticationException: {code}: {rest}"
        yield f"smtplib.SMTPAuthenticationError: ({code}, {rest.encode()!r})"
        yield f"{NET} The server response was: {rest}"
    elif protocol == "graph":
        code, _colon, rest = said.partition(": ")
        yield f'{{"error":{{"code":"{code}","message":"{rest}"}}}}'
        yield f"Microsoft.Graph.ServiceException: Code: {code}\nMessage: {rest}\n"
        if rest:
            yield f"Microsoft.Graph.Models.ODataErrors.ODataError: {rest}"
    else:
        answer = rest if code in ("NO", "-ERR") else said
        yield f"A0001 {said}"
        yield f"{JAVA}: {answer}"
        yield f"Error: {answer}"
        yield f"imaplib.IMAP4.error: {answer.encode()!r}"
        yield f"MailKit.Security.AuthenticationException: {answer}"


LINES = [
    (row.said, line) for row, sign in zip(mail(), signs(), strict=True) for said in re.split(r"; (?=\d{3} )", row.said)
    for line in logged(sign.protocols[0], said)
]


@pytest.mark.parametrize(("said", "line"), LINES)
def test_the_row_is_found_in_a_line_of_a_log(said: str, line: str) -> None:
    assert find(line).said == said


@pytest.mark.parametrize(("said", "line"), [
    ("MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
    ("530 5.7.57 Client not authenticated to send mail",
     f"{NET} The server response was: 5.7.0 Authentication required"),
    ("451 4.7.500 Server busy", "451 4.7.0 Temporary server error. Please try again later. PRX2"),
])
def test_an_answer_in_other_words(said: str, line: str) -> None:
    assert find(line).said == said


def test_what_nobody_knows_is_quoted_as_it_was_given() -> None:
    with pytest.raises(InputError, match="nothing is known of '299: all is well'"):
        find("299: all is well")


@pytest.mark.parametrize(("said", "line"), [
    ("Connection refused", "connect ECONNREFUSED 10.4.21.1:587"),
    ("Connection refused", "java.net.ConnectException: Connection refused: connect"),
    ("Connection refused", "No connection could be made because the target machine actively refused it. [::1]:587"),
    ("Name or service not known", "getaddrinfo ENOTFOUND smtp.office356.com"),
    ("Name or service not known", "MessagingException: Unknown SMTP host: x; java.net.UnknownHostException: x"),
    ("Name or service not known", "System.Net.Sockets.SocketException (11001): No such host is known."),
    ("Name or service not known", "[Errno -3] Temporary failure in name resolution"),
    ("certificate verify failed: Hostname",
     "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid"),
    ("certificate verify failed: Hostname", "Hostname/IP does not match certificate's altnames: Host: a.b. is not"),
    ("certificate verify failed: Hostname", "No subject alternative DNS name matching a.b found."),
    ("certificate verify failed: Hostname", "The remote certificate is invalid: RemoteCertificateNameMismatch"),
    ("certificate verify failed: unable", "Error: unable to get local issuer certificate"),
    ("certificate verify failed: unable", "Error: self-signed certificate in certificate chain"),
    ("certificate verify failed: unable", "sun.security.validator.ValidatorException: PKIX path building failed"),
    ("certificate verify failed: unable",
     "AuthenticationException: Authentication failed, see inner exception. ---> The certificate chain was issued by an "
     "authority that is not trusted."),
    ("wrong version number", "write EPROTO 140:error:1408F10B:SSL routines:ssl3_get_record:wrong version number"),
    ("wrong version number", "javax.net.ssl.SSLException: Unrecognized SSL message, plaintext connection?"),
    ("wrong version number", "The handshake failed due to an unexpected packet format."),
    ("Connection timed out", "Couldn't connect to host, port: a.b, 587; timeout 9; java.net.SocketTimeoutException"),
    ("Connection timed out", "Error: Greeting never received"),
    ("Connection timed out", "TimeoutError: timed out"),
    ("Connection timed out", "the connected party did not properly respond after a period of time"),
])
def test_a_client_that_does_not_come_as_far_as_the_service(said: str, line: str) -> None:
    assert find(line).said.startswith(said)
