# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can go wrong, as types.

    ModernAuthError
    ├── InputError               what the task asks for cannot be done; nothing was touched
    ├── TransportError           a service could not be reached, or its certificate is not trusted
    ├── AuthenticationError      the caller was refused: by the identity platform, by Exchange, or by a Windows host
    ├── PowerShellError          PowerShell or its Exchange module is missing, too old, or broke off before any cmdlet
    ├── GraphError               Microsoft Graph refused a request
    │   ├── NotFoundError        404
    │   ├── ConflictError        the object, or its value, exists already
    │   └── UnknownOutcomeError  the request may or may not have taken effect, and must not be repeated blindly
    ├── ExchangeError            Exchange refused a cmdlet
    │   ├── ExchangeNotFoundError      it does not know the object
    │   ├── ExchangeConflictError      the object, or one that is equal to it, exists already
    │   ├── CmdletUnavailableError     no such cmdlet, or none for this caller
    │   └── LostAnswerError            no answer came: the cmdlet may or may not have taken effect
    ├── StoreError               a store of credentials cannot be used, or another run has changed what it holds
    └── DeliveryError            a mail was not accepted, not found, or not refused when it should have been
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown


class ModernAuthError(Exception):
    """The root of the tree: everything that the collection raises on purpose.

    :param message: what happened, naming the action; one sentence or a few, without a final remedy.
    :param code: the service's own code, for example "Authorization_RequestDenied" or "AADSTS7000222".
    :param request_id: what the service's support asks for: Graph's request-id, or Entra's trace and correlation id.
    :param remedy: what the reader can do about it.
    :param details: further values that a module returns with the failure. Never a secret.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        remedy: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.remedy = remedy
        self.details = dict(details or {})

    def result(self) -> dict[str, Any]:
        """What a module returns when it fails with this error: ``msg`` and whichever of the other values are known."""
        known = {"code": self.code, "request_id": self.request_id, "remedy": self.remedy}
        message = f"{self.message} {self.remedy}" if self.remedy else self.message
        given = {"msg": message, **{name: value for name, value in known.items() if value is not None}, **self.details}
        # A message can quote what a service said, or the name of an object.
        return {name: shown(value) for name, value in given.items()}


class InputError(ModernAuthError):
    """The task asks for something that cannot be done. Nothing was touched."""


class TransportError(ModernAuthError):
    """A service could not be reached, or its certificate is not trusted."""


class AuthenticationError(ModernAuthError):
    """The identity platform gave no token, or Exchange or a Windows host did not accept the credentials.

    :ivar client_id: the application that was refused a token; None if the caller was no application.
    :ivar needs_person: whether that ends when a person signs in, and not before.
    """

    client_id: str | None = None
    needs_person: bool = False


class PowerShellError(ModernAuthError):
    """PowerShell or its Exchange module is missing, too old, or broke off before a cmdlet was sent."""


class GraphError(ModernAuthError):
    """Microsoft Graph refused a request.

    :param status: the HTTP status of the answer.
    :param answer: Graph's own message, without the action.
    :param reasons: the codes in the error's ``details``, for example NoBackingApplicationObject.
    """

    def __init__(
        self, message: str, *, status: int, answer: str = "", reasons: frozenset[str] = frozenset(), **known: Any
    ) -> None:
        super().__init__(message, **known)
        self.status = status
        self.answer = answer
        self.reasons = reasons


class NotFoundError(GraphError):
    """Graph does not know the object, or not yet."""


class ConflictError(GraphError):
    """The object, or a value that must be unique, exists already."""


class UnknownOutcomeError(GraphError):
    """A request that must not be repeated blindly got no answer, or a server error: it may have taken effect."""


class ExchangeError(ModernAuthError):
    """Exchange refused a cmdlet. ``code`` is the short name of the exception, the same on every transport.

    :param cmdlet: for example "Set-CASMailbox".
    :param answer: Exchange's own text, without its number and its type.
    """

    def __init__(self, message: str, *, cmdlet: str, answer: str = "", **known: Any) -> None:
        super().__init__(message, **known)
        self.cmdlet = cmdlet
        self.answer = answer


class ExchangeNotFoundError(ExchangeError):
    """Exchange does not know the object that a cmdlet names, or not yet."""


class ExchangeConflictError(ExchangeError):
    """The object that a cmdlet should create, or one that Exchange takes for the same, exists already."""


class CmdletUnavailableError(ExchangeError):
    """There is no such cmdlet, or none for this caller: Exchange hides what a role does not allow."""


class LostAnswerError(ExchangeError):
    """The connection broke or the time was up before a cmdlet answered: it may have taken effect."""


class StoreError(ModernAuthError):
    """A store of credentials cannot be used; with the ``code`` "conflict", another run has changed what it holds."""


class DeliveryError(ModernAuthError):
    """A mail was not accepted, was not found in time, or was accepted where a refusal was expected.

    :param passing: whether that may pass by itself, if rights or settings were changed moments ago.
    """

    def __init__(self, message: str, *, passing: bool = False, **known: Any) -> None:
        super().__init__(message, **known)
        self.passing = passing
