"""Exchange Online's POP3 until a client is signed in. Pure; see ``dialogue``."""

from __future__ import annotations

from m365_sandbox.mail import wording
from m365_sandbox.mail.dialogue import Ask, Dialogue, End, Judge
from m365_sandbox.mail.sign_in import SignedIn


def pop3_dialogue(judge: Judge) -> Dialogue:
    """The dialogue from the greeting on. AUTH takes two lines: Microsoft's page rules out an initial response."""
    send: tuple[str, ...] = (wording.POP_GREETING,)
    user_given = False
    connected = True
    while True:
        line = yield Ask(send)
        name, _, argument = line.strip().partition(b" ")
        command, words = name.upper(), argument.split()
        if command == b"QUIT":
            return End((wording.POP_BYE,))
        if not connected:
            send = (wording.POP_NOT_CONNECTED,)
        elif command == b"CAPA":
            send = wording.POP_CAPABILITY
        elif command == b"AUTH" and not words:
            send = wording.POP_MECHANISMS
        elif command == b"AUTH" and len(words) > 1:
            send = (wording.POP_PROTOCOL_ERROR,)
        elif command == b"AUTH" and words[0].upper() == b"XOAUTH2":
            outcome = judge((yield Ask((wording.CONTINUATION,))))
            if isinstance(outcome, SignedIn):
                return End((wording.POP_AUTHENTICATED,), outcome)
            connected = outcome.reason != "not_connected"
            send = (wording.POP_AUTHENTICATE_FAILED if connected else wording.POP_AUTHENTICATED,)
        elif command == b"AUTH" and words[0].upper() == b"PLAIN":
            yield Ask((wording.CONTINUATION,))
            send = (wording.POP_LOGON_FAILED,)
        elif command == b"AUTH":
            send = (wording.POP_PROTOCOL_ERROR,)
        elif command == b"USER" and words:
            user_given = True
            send = ("+OK",)
        elif command == b"PASS" and user_given:
            # Basic authentication is off for POP3 and cannot be switched on again.
            user_given = False
            send = (wording.POP_LOGON_FAILED,)
        else:
            send = (wording.POP_INVALID_STATE if command.isalpha() else wording.POP_PROTOCOL_ERROR,)
