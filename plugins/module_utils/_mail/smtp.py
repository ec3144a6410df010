# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Sends a mail by SMTP submission."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import xoauth2
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    closed_at_once,
    is_encrypted,
    no_starttls,
    reach,
    token_in_the_clear,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Bearer, Credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import (
    Deferred,
    Interrupted,
    Refused,
    Step,
    Unanswered,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.threads import in_thread

# More turns than any mechanism here takes: a server that keeps asking is stopped.
_MOST_CHALLENGES = 3
_ENHANCED = re.compile(r"^(\d\.\d{1,3}\.\d{1,3}) ?", re.MULTILINE)


class SmtpSender:
    """Sends all messages of a probe in one session, over a connection of its own.

    :param credentials: None for a server that wants no sign-in.
    :param timeout: seconds to wait for each answer.
    """

    def __init__(
        self, server: Server, credentials: Credentials | None, context: ssl.SSLContext, timeout: float,
        stopwatch: Stopwatch,
    ) -> None:
        self.where = server.where
        self.is_encrypted: bool | None = None
        self._server = server
        self._credentials = credentials
        self._context = context
        self._timeout = timeout
        self._stopwatch = stopwatch

    async def send(self, probe: Probe) -> None:
        """Hand the probe over.

        :raises Refused, Deferred: if the server says no.
        :raises Interrupted: if it took some of the messages, and then said no.
        :raises Unanswered: if the answer to a mail's end got lost.
        :raises TransportError: if the server cannot be reached, or not in the way that ``tls`` asks for.
        """
        await in_thread(self._server, self._timeout, self._send, probe)

    def _send(self, probe: Probe) -> None:
        connection = self._session()
        try:
            with self._stopwatch.step("send"):
                for number in range(1, probe.messages + 1):
                    self._submit(connection, probe, number)
        finally:
            self._quit(connection)

    def _session(self) -> smtplib.SMTP:
        with self._stopwatch.step("connect"):
            connection = self._connect()
        try:
            if self._credentials:
                with self._stopwatch.step("sign_in"), self._answers("sign_in"):
                    self._sign_in(connection, self._credentials)
        except ModernAuthError:
            self._quit(connection)
            raise
        return connection

    def _connect(self) -> smtplib.SMTP:
        connection = reach(self._server, self._context, self._dial, smtplib.SMTP.close)
        self.is_encrypted = is_encrypted(connection.sock)
        return connection

    def _dial(self, context: ssl.SSLContext) -> smtplib.SMTP:
        upgrade = self._server.upgrade
        host, port = self._server.host, self._server.port
        with self._answers("connect"):
            if upgrade == "at_once":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
            else:
                connection = smtplib.SMTP(host, port, timeout=self._timeout)
            with ExitStack() as unless_it_works:
                unless_it_works.callback(connection.close)
                self._greet(connection)
                offered = connection.has_extn("starttls")
                if upgrade == "required" and not offered:
                    raise no_starttls(self._server)
                if offered and upgrade in ("required", "if_offered"):
                    connection.starttls(context=context)
                    self._greet(connection)
                unless_it_works.pop_all()
        return connection

    def _greet(self, connection: smtplib.SMTP) -> None:
        """Say hello; in the old way only to a server that does not know the new one, and not to one that is busy."""
        answer = connection.ehlo()
        if answer[0] >= 500:
            answer = connection.helo()
        self._expect(answer, 250)

    def _sign_in(self, connection: smtplib.SMTP, credentials: Credentials) -> None:
        # A password travels as it is; CRAM-MD5 would need the server to keep it in the clear.
        mechanisms = ("XOAUTH2",) if isinstance(credentials, Bearer) else ("PLAIN", "LOGIN")
        if isinstance(credentials, Bearer) and not self.is_encrypted:
            raise token_in_the_clear(self._server)
        offered = str(connection.esmtp_features.get("auth", "")).upper().split()
        chosen = next((name for name in mechanisms if name in offered), None)
        if chosen is None:
            raise Refused(
                "smtp", "sign_in", self.where, f"AUTH {mechanisms[0]}",
                f"is not offered; the server offers {' '.join(offered) or 'no AUTH at all'}", subject=credentials.user,
            )
        if isinstance(credentials, Bearer):
            token = credentials.token()
            first = xoauth2.initial_response(credentials.user, token)
            answer = self._authenticate(
                connection, chosen, first, lambda challenge: xoauth2.answer(credentials.user, token, challenge)
            )
        elif chosen == "PLAIN":
            first = f"\0{credentials.user}\0{credentials.password}".encode()
            answer = self._authenticate(connection, chosen, first, lambda _challenge: first)
        else:
            replies = iter((credentials.user.encode(), credentials.password.encode()))
            answer = self._authenticate(connection, chosen, None, lambda _challenge: next(replies, b""))
        self._expect(answer, 235)

    def _authenticate(
        self, connection: smtplib.SMTP, mechanism: str, first: bytes | None, reply: Callable[[bytes], bytes]
    ) -> tuple[int, bytes]:
        # smtplib's own auth() cannot send a password that is not ASCII, and login() would try CRAM-MD5 first.
        initial = f" {_encoded(first)}" if first is not None else ""
        code, text = connection.docmd("AUTH", mechanism + initial)
        for _turn in range(_MOST_CHALLENGES):
            if code != 334:
                break
            code, text = connection.docmd(_encoded(reply(_decoded(text))))
        return code, text

    def _submit(self, connection: smtplib.SMTP, probe: Probe, number: int) -> None:
        try:
            self._hand_over(connection, probe, number)
        except (Refused, Deferred) as answer:
            if number > 1:
                raise Interrupted(answer, number - 1, probe.messages) from answer
            raise

    def _hand_over(self, connection: smtplib.SMTP, probe: Probe, number: int) -> None:
        if probe.is_international and not connection.has_extn("smtputf8"):
            raise Refused(
                "smtp", "submission", self.where, "SMTPUTF8",
                f"is not offered, which {probe.sender} or {', '.join(probe.recipients)} needs",
            )
        with self._answers("submission"):
            options = ["SMTPUTF8", "BODY=8BITMIME"] if probe.is_international else []
            self._expect(connection.mail(probe.sender, options), 250)
            for recipient in probe.recipients:
                self._expect(connection.rcpt(recipient), 250, 251)
            self._expect(connection.docmd("DATA"), 354)
        message = probe.render(datetime.now(UTC), number)
        try:
            connection.send(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
            answer = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Unanswered(self.where, f"no answer to the end of DATA ({_reason(_cause(error))}).") from error
        with self._answers("end_of_data"):
            self._expect(answer, 250)

    @staticmethod
    def _expect(answer: tuple[int, bytes], *good: int) -> None:
        if answer[0] not in good:
            raise smtplib.SMTPResponseException(*answer)

    @contextmanager
    def _answers(self, step: Step) -> Iterator[None]:
        """Turn smtplib's exceptions into outcomes. For what happens before the mail is handed over."""
        user = self._credentials.user if self._credentials else None
        try:
            yield
        except smtplib.SMTPResponseException as error:
            code, text = _words(error.smtp_code, error.smtp_error)
            kind = Refused if error.smtp_code >= 500 else Deferred
            raise kind("smtp", step, self.where, code, text, subject=user) from error
        except (OSError, smtplib.SMTPException) as error:
            cause = _cause(error)
            if step != "connect":
                raise Deferred("smtp", step, self.where, "421", _reason(cause)) from error
            if isinstance(cause, smtplib.SMTPException):
                raise closed_at_once(self._server) from error
            raise cause from None

    @staticmethod
    def _quit(connection: smtplib.SMTP) -> None:
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            # The answer that matters is known by now.
            connection.close()


def _words(code: int, reply: bytes | str) -> tuple[str, str]:
    """A reply as ("535 5.7.139", text): the enhanced code goes to the code, the lines of the text become one."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    enhanced = _ENHANCED.match(text)
    return f"{code} {enhanced.group(1)}" if enhanced else str(code), " ".join(_ENHANCED.sub("", text).split())


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        # Not what RFC 4954 asks for, but a text all the same: it counts as a challenge that says something.
        return text


def _cause(error: BaseException) -> BaseException:
    """What smtplib found, where it says no more than that the connection is closed (its errors are OSErrors, too)."""
    within = error.__context__
    return within if isinstance(error, smtplib.SMTPException) and isinstance(within, OSError) else error


def _reason(error: BaseException) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else "the connection was cut"
