# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who signs in to a mail service, and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control

if TYPE_CHECKING:
    from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import Tokens


@dataclass(frozen=True)
class Password:
    """Basic authentication.

    :raises InputError: if a line break or another control character would end the command in which they are sent.
    """

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if has_control(self.user) or has_control(self.password):
            raise InputError("The user name or the password holds a control character.")


@dataclass(frozen=True)
class Bearer:
    """An application that opens a mailbox with a token of its own.

    :param user: the mailbox's address; with Microsoft Graph also the object id of its user.
    :param scope: what the token is asked for.
    """

    user: str
    scope: str
    tokens: Tokens = field(repr=False)

    def token(self) -> str:
        """The access token.

        :raises AuthenticationError: if the identity platform refuses.
        :raises TransportError: if it cannot be reached.
        """
        return self.tokens.token(self.scope)


Credentials: TypeAlias = "Password | Bearer"
