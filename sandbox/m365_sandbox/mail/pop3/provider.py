"""What one provider's POP3 differs in from another's."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from m365_sandbox.mail.pop3.commands import Command
from m365_sandbox.mail.sign_in import Refused


@dataclass(frozen=True)
class Pop3Provider:
    """One provider's POP3. Lines have no ends.

    :param capability: the whole answer to CAPA; ``mechanism_list`` that to AUTH alone.
    :param mechanisms: the SASL mechanisms that judge a token or, in vain, a password.
    :param initial_response: whether AUTH takes it in the same line.
    :param challenge: as an ImapProvider's.
    :param refusal: the answer to a command that is not taken as it is from a client that is signed in; None if it is.
    :param status: the first line of an answer in the provider's words; gets it as the store gave it.
    """

    greeting: str
    capability: tuple[str, ...]
    mechanism_list: tuple[str, ...]
    mechanisms: Collection[str]
    initial_response: bool
    challenge: str | None
    authenticated: str
    refused: Callable[[Refused], str]
    user_taken: str
    login_refused: str
    not_connected: str
    protocol_error: str
    invalid_state: str
    bye: str
    timeout: str
    too_long: str
    refusal: Callable[[Command], str | None]
    status: Callable[[bytes, Command], str]
