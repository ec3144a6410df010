# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a mail service can say no, as types.

    DeliveryError
    ├── ServiceAnswer    a service answered, and did not do what it was asked to
    │   ├── Refused      for good: asking again would change nothing
    │   └── Deferred     not now
    ├── Interrupted      some mails of a session were taken, and the next one not
    └── Unanswered       a mail was handed over and the answer got lost: it may or may not be on its way

A service that cannot be reached at all is a TransportError.
"""

from __future__ import annotations

from typing import Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import DeliveryError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import Protocol, Sign, sign_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import sign_for_person

Step = Literal["connect", "sign_in", "open_mailbox", "submission", "end_of_data", "put", "search", "cleanup"]

DOING: dict[Step, str] = {
    "connect": "the connection",
    "sign_in": "the sign-in",
    "open_mailbox": "to open the mailbox",
    "submission": "the mail",
    "end_of_data": "the mail at the end of its data",
    "put": "to put the mail into the mailbox",
    "search": "the search for the mail",
    "cleanup": "to delete the mail",
}


class ServiceAnswer(DeliveryError):
    """A service answered, and did not do what it was asked to.

    :param protocol: in whose words the service answered.
    :param step: what it was asked to do.
    :param where: "host:port", or Microsoft Graph's endpoint.
    :param subject: on whose behalf: the mailbox or user name, if any.
    :param code: the answer's code: "535 5.7.139", "NO", "-ERR", "ErrorAccessDenied".
    :param text: the service's own words.
    """

    verb = "did not accept"

    def __init__(
        self, protocol: Protocol, step: Step, where: str, code: str, text: str, *, subject: str | None = None,
        request_id: str | None = None,
    ) -> None:
        on_behalf = f" for {subject}" if subject else ""
        super().__init__(
            f"{where} {self.verb} {DOING[step]}{on_behalf}: {code} {text}".rstrip().removesuffix(".") + ".",
            code=code, request_id=request_id, details={"text": text, "step": step, "where": where},
        )
        self.protocol: Protocol = protocol
        self.step = step
        self.where = where
        self.text = text
        self.subject = subject
        # What a product has an API for, people sign in to.
        self.explain(sign_for_person(protocol, code, text) if protocol == "web" else sign_of(protocol, code, text))

    def explain(self, sign: Sign | None) -> None:
        """Say what the answer means, if that is known."""
        if sign is None:
            return
        self.remedy, self.passing = sign.remedy, sign.passing
        if sign.lacks:
            self.details["lacks"] = sign.lacks


class Refused(ServiceAnswer):
    """The service will not do it, however often it is asked."""

    verb = "refused"


class Deferred(ServiceAnswer):
    """The service does not do it now.

    :param retry_after: seconds that the service asks to wait, if it says so.
    """

    verb = "put off"

    def __init__(
        self, protocol: Protocol, step: Step, where: str, code: str, text: str, *, subject: str | None = None,
        request_id: str | None = None, retry_after: float | None = None,
    ) -> None:
        super().__init__(protocol, step, where, code, text, subject=subject, request_id=request_id)
        self.retry_after = retry_after


class Interrupted(DeliveryError):
    """A service took some mails of a session, and not the next one.

    :param answer: what it said to that one.
    :param taken: how many it took.
    :param messages: how many there were to be.
    """

    def __init__(self, answer: Refused | Deferred, taken: int, messages: int) -> None:
        super().__init__(
            f"{answer.where} took {taken} of the {messages} mails of one session: {answer.message}",
            code=answer.code,
            remedy=f"Let the application send at most {taken} in a session (messages_per_session: {taken}), or have "
            "the server take more.",
            details=answer.details,
        )
        self.taken = taken


class Unanswered(DeliveryError):
    """A mail was handed over and the answer got lost, or says nothing about what became of it.

    :param may_resend: whether the service did answer, with an error of its own: then the mail is most likely not taken,
        and may be sent once more after it was looked for in vain.
    """

    def __init__(self, where: str, reason: str, *, may_resend: bool = False) -> None:
        super().__init__(
            f"{where} was given the mail, but whether it took it is unknown: {reason}",
            details={"text": reason, "step": "end_of_data", "where": where},
        )
        self.where = where
        self.may_resend = may_resend
