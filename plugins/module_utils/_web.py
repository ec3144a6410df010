# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked of a REST API, as a port: the client is handed in, see _https.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Access:
    """How an API lets one in, and how it is known to be itself.

    :param authentication: ``username`` and ``password``, or a bearer ``token``, or a ``header`` and its ``value``.
    :param ca_path: a PEM file of authorities to trust in place of the public ones; certificates are always verified.
    :param timeout: seconds for a connection, and for each part of an answer.
    """

    authentication: Mapping[str, str]
    ca_path: str | None = None
    timeout: int = 30


@dataclass(frozen=True)
class Answer:
    """An answer.

    :param content: the JSON in it; None if there is none.
    :param text: what it says, for messages.
    """

    status: int
    content: Any
    text: str

    def told(self, secrets: Iterable[str]) -> str:
        """What it says, without secrets: nothing of a sign-in, which it may repeat in whatever shape."""
        return masked("" if self.status == 401 else self.text, secrets)


def masked(text: str, secrets: Iterable[str]) -> str:
    """A text without what no message may repeat."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "(secret)")
    return text


class Web(Protocol):
    """Sends requests over HTTPS."""

    def request(self, method: str, url: str, access: Access, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, whatever its status.

        :raises TransportError: there is none, or the server's certificate is not trusted.
        """
