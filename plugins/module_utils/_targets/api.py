# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A REST API, asked for objects; what it refuses is an error, without the secrets that it repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._listed import (
    Listed,
    address,
    all_rows,
    row_of,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer, Web

# How much of an answer is repeated.
_LENGTH = 300


@dataclass(frozen=True)
class Api:
    """The API, as one object's target reaches it.

    :param secrets: what no message repeats.
    """

    port: Web
    access: Access
    secrets: Sequence[str]

    def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the answer says, as JSON.

        :raises AuthenticationError: 401 or 403.
        :raises InputError: it is refused.
        """
        return self._accepted(method, url, self.port.request(method, url, self.access, body))

    def read(self, url: str, listed: Listed | None) -> tuple[str, Mapping[str, Any] | None]:
        """An object's own address, and the object if there is one.

        :param url: that address, or that of the list in which it is.
        """
        if listed is not None:
            row = row_of(listed, url, self.rows(url, listed))
            if row is None:
                return url, None
            url = address(listed, url, row)
        answer = self.port.request("GET", url, self.access)
        if answer.status == 404:
            return url, None
        content = self._accepted("GET", url, answer)
        if not isinstance(content, Mapping):
            raise InputError(f"{url} gives no JSON object.", remedy="Check the address.")
        return url, content

    def rows(self, url: str, listed: Listed) -> list[Mapping[str, Any]]:
        """All rows of a list."""
        return all_rows(listed, url, partial(self.ask, "GET"))

    def _accepted(self, method: str, url: str, answer: Answer) -> Any:
        if 200 <= answer.status < 300:
            return answer.content
        said = answer.told(self.secrets)[:_LENGTH].strip()
        message = f"{method} {url} was answered with {answer.status}: {said or 'nothing more'}."
        if answer.status in (401, 403):
            raise AuthenticationError(message, code=str(answer.status), remedy="Check the API's user and its rights.")
        raise InputError(message, code=str(answer.status), remedy="Check the address and the settings.")
