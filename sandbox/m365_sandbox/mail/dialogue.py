"""What the sign-in dialogues of IMAP and POP3 have in common.

A dialogue is a generator: it yields what to send and what to read next, is sent what was read, and returns how it
ended. It does no I/O and knows no time, so whole transcripts can be tested without a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from m365_sandbox.mail.sign_in import Outcome, SignedIn


@dataclass(frozen=True)
class Ask:
    """Send these lines (without line ends), then read one line, or ``literal`` bytes if that is not None."""

    send: tuple[str, ...] = ()
    literal: int | None = None


@dataclass(frozen=True)
class End:
    """Send these lines; then hand the connection to the store for ``signed_in``, or close it if that is None."""

    send: tuple[str, ...] = ()
    signed_in: SignedIn | None = None


# The space belongs to the continuation (RFC 3501, RFC 5034); records that trim line ends do not show it.
CONTINUATION = "+ "

Dialogue = Generator[Ask, bytes, End]
Judge = Callable[[str, bytes], Outcome]
"""Judges the base64 of a SASL response; the mechanism's name stands before it, in upper case."""
