"""How the company's own relay behaves: what operators rehearse with, and tests ask for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

TLS = ("none", "starttls", "implicit")
CERTIFICATES = ("good", "self_signed", "expired", "other_name")
REFUSALS = (None, "anonymous", "plaintext", "relaying")


class RelayError(ValueError):
    """A description of a relay that makes no sense; the message says what is wrong with it."""


@dataclass(frozen=True)
class RelayBehaviour:
    """How the relay treats whoever connects from now on.

    ``tls``: ``none`` offers none, ``starttls`` upgrades, ``implicit`` expects TLS with the first byte. ``certificate``:
    which one it shows. ``extended``: whether it knows EHLO, and not HELO alone. ``refuses``: ``anonymous`` those who do
    not sign in, ``plaintext`` those who do not encrypt, ``relaying`` every recipient. ``messages_per_connection``: how
    many it takes (any number when null).
    """

    tls: str = "none"
    certificate: str = "good"
    extended: bool = True
    refuses: str | None = None
    messages_per_connection: int | None = None

    def __post_init__(self) -> None:
        _check(self.tls in TLS, f"tls must be one of {', '.join(TLS)}")
        _check(self.certificate in CERTIFICATES, f"certificate must be one of {', '.join(CERTIFICATES)}")
        _check(type(self.extended) is bool, "extended must be true or false")
        _check(self.extended or self.tls != "starttls", "a relay that knows no EHLO cannot offer STARTTLS")
        _check(self.refuses in REFUSALS, "refuses must be null, anonymous, plaintext or relaying")
        _check(self.refuses != "plaintext" or self.tls == "starttls", "who refuses plaintext has to offer STARTTLS")
        number = self.messages_per_connection
        _check(
            number is None or (type(number) is int and number > 0),
            "messages_per_connection must be null or a positive integer",
        )

    def dump(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def behaviour(description: Any) -> RelayBehaviour:
    """A behaviour from its properties as JSON holds them; what is left out is as it is by default.

    :raises RelayError: for an unknown property or a bad value.
    """
    if not isinstance(description, dict):
        raise RelayError("a relay's behaviour is a JSON object")
    known = [field.name for field in fields(RelayBehaviour)]
    if unknown := [name for name in description if name not in known]:
        raise RelayError(f"unknown property {', '.join(unknown)}; known are {', '.join(known)}")
    return RelayBehaviour(**description)


def _check(good: bool, message: str) -> None:
    if not good:
        raise RelayError(message)
