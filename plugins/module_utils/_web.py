# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked of a REST API, as a port: the client is handed in, see _https.py."""

from __future__ import annotations

from collections.abc import Mapping
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


class Web(Protocol):
    """Sends requests over HTTPS."""

    def request(self, method: str, url: str, access: Access, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, whatever its status.

        :raises TransportError: there is none, or the server's certificate is not trusted.
        """
