# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What comes of each way to encrypt with each kind of server: the table of docs/tls.md, and what its words mean."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[4] / "docs" / "tls.md"
MODES = ("none", "auto", "implicit", "starttls", "starttls_optional")
CERTIFICATES = {
    "good": "good certificate", "self_signed": "self-signed", "expired": "expired", "other_name": "for another name",
}
OFFERS = {"starttls": "STARTTLS", "implicit": "TLS at once"}
#: What the message of a failure says.
WORDS = {
    "self-signed": "its certificate is self-signed and not trusted",
    "expired": "its certificate expired on 20",
    "other name": "its certificate is for mail.elsewhere.example, and not for 127.0.0.1",
    "no STARTTLS": "offers no STARTTLS",
    "not at once": "does not speak TLS from the first byte",
    "silent": "gave no answer in time",
}
#: What its remedy says.
REMEDIES = {
    "self-signed": "ca_path", "expired": "renewed", "other name": "host", "no STARTTLS": "tls implicit",
    "not at once": "starttls", "silent": "implicit",
}


@dataclass(frozen=True)
class Kind:
    """A kind of server.

    :param tls: none, starttls or implicit.
    :param certificate: good, self_signed, expired or other_name.
    :param extended: whether it knows extensions.
    """

    label: str
    tls: str = "none"
    certificate: str = "good"
    extended: bool = True


KINDS = (
    *(
        Kind(f"{OFFERS[tls]}, {CERTIFICATES[certificate]}", tls, certificate)
        for tls, certificate in itertools.product(OFFERS, CERTIFICATES)
    ),
    Kind("no STARTTLS"),
    Kind("plaintext, no extensions at all", extended=False),
)


def outcomes() -> dict[tuple[str, str], str]:
    """The documented outcome by the server's label and the mode."""
    text = DOCUMENT.read_text("utf-8")
    lines = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.splitlines()]
    start = next(number for number, cells in enumerate(lines) if cells[0] == "the server")
    modes = lines[start][1:]
    rows = itertools.takewhile(lambda cells: len(cells) > 1, lines[start + 2:])
    return {(label, mode): outcome for label, *cells in rows for mode, outcome in zip(modes, cells, strict=True)}


#: Every kind of server with every mode, and what is documented of it; a missing one is an error.
CASES = [(kind, mode, outcomes()[kind.label, mode]) for kind, mode in itertools.product(KINDS, MODES)]
IDS = [f"{kind.label}-{mode}" for kind, mode, _outcome in CASES]
