"""What one provider's IMAP differs in from another's: its words, its rules, and how the store's answers read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from m365_sandbox.mail.imap.answers import Completion
from m365_sandbox.mail.imap.syntax import Argument, Command
from m365_sandbox.mail.sign_in import Refused, SignedIn


class Rules(Protocol):
    """What a client that is signed in may ask."""

    def refusal(self, command: Command, *, selected: bool) -> str | None:
        """The answer (without the tag) to a command that is not taken as it is; None if it is."""

    def append_refusal(self, arguments: Sequence[Argument]) -> str | None:
        """As ``refusal``, for what stands before the message of an APPEND."""


class Answers(Protocol):
    """How the store's answers read."""

    def sent(self, command: Command, parts: list[bytes]) -> list[bytes]:
        """The command's parts as the store gets them."""

    def continuation(self, command: Command) -> str:
        """What invites the client to go on."""

    def untagged(self, line: bytes, command: Command | None) -> bytes:
        """An untagged answer; empty if there is none. ``command`` is the one that runs, if one does."""

    def piece(self, line: bytes) -> bytes:
        """A piece of FETCH data."""

    def completion(self, line: bytes, command: Command) -> Completion:
        """The end of a command, from what the store said without the tag."""


@dataclass(frozen=True)
class ImapProvider:
    """One provider's IMAP. Lines have no ends; what is tagged stands without its tag.

    :param challenge: what a refused token is answered with before the refusal, in base64, which the client has to
        acknowledge; None if the refusal comes at once.
    :param mechanisms: the SASL mechanisms that judge a token or, in vain, a password.
    :param known: the commands that exist, whether or not they are possible before the sign-in.
    :param told: data lines of what the provider answers without the store: CAPABILITY, ID and LOGOUT at least; gets
        the command and whether a client is signed in.
    :param completed: the end of such a command.
    :param authenticated: all lines after a sign-in; gets the tag.
    :param refused: the end of a sign-in that failed.
    :param refusals: what it can be made to refuse a command with by a fault, once a client is signed in, by code.
    """

    greeting: str
    mechanisms: Collection[str]
    challenge: str | None
    known: Collection[str]
    told: Callable[[Command, bool], tuple[str, ...] | None]
    completed: Callable[[str, bool], str]
    authenticated: Callable[[str, SignedIn], tuple[str, ...]]
    refused: Callable[[Refused], str]
    mechanism_refused: str
    login_refused: str
    not_connected: str
    go_on: str
    command_error: str
    argument_count: str
    invalid_state: str
    timeout: str
    too_long: str
    refusals: Mapping[str, str]
    rules: Rules
    answers: Answers
