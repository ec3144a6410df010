"""POP3 until a client is signed in. Pure; see ``m365_sandbox.mail.dialogue``."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from m365_sandbox.mail.dialogue import CONTINUATION, Ask, Dialogue, End, Judge
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.sign_in import SignedIn


def pop3_dialogue(provider: Pop3Provider, judge: Judge) -> Dialogue:
    """The dialogue from the greeting on."""
    send: tuple[str, ...] = (provider.greeting,)
    user_given = False
    connected = True
    while True:
        line = yield Ask(send)
        name, _, argument = line.strip().partition(b" ")
        command, words = name.upper(), argument.split()
        if command == b"QUIT":
            return End((provider.bye,))
        if not connected:
            send = (provider.not_connected,)
        elif command == b"CAPA":
            send = provider.capability
        elif command == b"AUTH" and not words:
            send = provider.mechanism_list
        elif command == b"AUTH":
            end_or_send = yield from _authenticate(provider, words, judge)
            if isinstance(end_or_send, End):
                return end_or_send
            connected, send = end_or_send
        elif command == b"USER" and words:
            user_given = True
            send = (provider.user_taken,)
        elif command == b"PASS" and user_given:
            # No mailbox here has a password for POP3.
            user_given = False
            send = (provider.login_refused,)
        else:
            send = (provider.invalid_state if command.isalpha() else provider.protocol_error,)


def _authenticate(
    provider: Pop3Provider, words: Sequence[bytes], judge: Judge,
) -> Generator[Ask, bytes, End | tuple[bool, tuple[str, ...]]]:
    """The end of the dialogue, or whether the mailbox is connected (to be), and the answer."""
    mechanism = words[0].decode("ascii", "replace").upper()
    if mechanism not in provider.mechanisms or len(words) > (2 if provider.initial_response else 1):
        return True, (provider.protocol_error,)
    outcome = judge(mechanism, words[1] if len(words) > 1 else (yield Ask((CONTINUATION,))))
    if isinstance(outcome, SignedIn):
        return End((provider.authenticated,), outcome)
    if outcome.reason == "credentials" and provider.challenge is not None:
        yield Ask((CONTINUATION + provider.challenge,))
    return outcome.reason != "not_connected", (provider.refused(outcome),)
