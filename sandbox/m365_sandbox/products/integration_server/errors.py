"""Refusals of the Administrator API: ``{message, cause, className?, stackTrace?}``."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal.

    :param cause: what is behind it, where somebody else has refused.
    """

    def __init__(self, status: int, message: str, cause: str | None = None) -> None:
        super().__init__(message if cause is None else f"{message}: {cause}")
        self.status = status
        self.message = message
        self.cause = cause

    def body(self, *, with_stack_trace: bool) -> dict[str, Any]:
        """The answer's JSON."""
        body = {"message": self.message, "cause": self.cause}
        if not with_stack_trace:
            return body
        name = "com.wm.app.b2b.server.ServiceException"
        return {**body, "className": name, "stackTrace": f"{name}: {self.message}\n\tat wm.admin.controller.invoke"}
