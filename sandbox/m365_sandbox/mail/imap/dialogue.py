"""IMAP until a client is signed in. Pure; see ``m365_sandbox.mail.dialogue``."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from m365_sandbox.mail.dialogue import CONTINUATION, Ask, Dialogue, End, Judge
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.imap.syntax import LONGEST_COMMAND, Argument, Atom, Malformed, announced, parse
from m365_sandbox.mail.sign_in import SignedIn


def imap_dialogue(provider: ImapProvider, judge: Judge) -> Dialogue:
    """The dialogue from the greeting on.

    A good token for a mailbox that cannot be opened may be signed in all the same; the next command tells (facts).
    """
    send: tuple[str, ...] = (provider.greeting,)
    connected = True
    while True:
        parts = yield from _parts(provider, send)
        if parts is None:
            return End((provider.too_long,))
        try:
            command = parse(parts)
        except Malformed as error:
            send = (f"{error.tag} {provider.command_error}",)
            continue
        tag, name, arguments = command.tag, command.name, command.arguments
        told = provider.told(command, False)
        if told is not None:
            send = (*told, f"{tag} OK {provider.completed(name, False)}")
            if name == "LOGOUT":
                return End(send)
        elif not connected:
            send = (f"{tag} {provider.not_connected}",)
        elif name == "NOOP":
            send = (f"{tag} OK {provider.completed(name, False)}",)
        elif name == "AUTHENTICATE":
            end_or_send = yield from _authenticate(provider, tag, arguments, judge)
            if isinstance(end_or_send, End):
                return end_or_send
            connected, send = end_or_send
        elif name == "LOGIN":
            complete = len(arguments) >= 2
            send = (f"{tag} {provider.login_refused if complete else provider.argument_count}",)
        else:
            send = (f"{tag} {provider.invalid_state if name in provider.known else provider.command_error}",)


def _authenticate(
    provider: ImapProvider, tag: str, arguments: Sequence[Argument], judge: Judge,
) -> Generator[Ask, bytes, End | tuple[bool, tuple[str, ...]]]:
    """The end of the dialogue, or whether the mailbox is connected (to be), and the answer."""
    if not 1 <= len(arguments) <= 2:
        return True, (f"{tag} {provider.argument_count}",)
    first, *initial = [argument if isinstance(argument, Atom) else b"" for argument in arguments]
    mechanism = first.decode("ascii").upper()
    if mechanism not in provider.mechanisms:
        return True, (f"{tag} {provider.mechanism_refused}",)
    response = initial[0] if initial else (yield Ask((CONTINUATION,)))
    outcome = judge(mechanism, b"" if response == b"=" else response)
    if isinstance(outcome, SignedIn):
        return End(provider.authenticated(tag, outcome), outcome)
    if outcome.reason == "credentials" and provider.challenge is not None:
        # Whatever the client says to it; an empty line is right.
        yield Ask((CONTINUATION + provider.challenge,))
    return outcome.reason != "not_connected", (f"{tag} {provider.refused(outcome)}",)


def _parts(provider: ImapProvider, send: tuple[str, ...]) -> Generator[Ask, bytes, list[bytes] | None]:
    """Send, then read the parts of a command; None if it is too long."""
    parts: list[bytes] = []
    length = 0
    while True:
        line, announcement = announced((yield Ask(send)))
        parts.append(line)
        length += len(line)
        if announcement is None:
            return parts
        length += announcement.size
        if length > LONGEST_COMMAND:
            return None
        parts.append((yield Ask((provider.go_on,) if announcement.waits else (), announcement.size)))
        send = ()
