# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What became of one object of many, as plain data: what a task of its own would have returned. Pure.

    {"changed": bool, "failed": bool, "msg": str, "code"?, "remedy"?, "request_id"?, "authorization_required"?,
     …data of the step}

``authorization_required`` is no failure, see _sign_ins.py.

A verdict never holds a secret.
"""

from __future__ import annotations

import traceback
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown

Verdict: TypeAlias = dict[str, Any]


def done(msg: str, *, changed: bool = False, **data: Any) -> Verdict:
    """The object is as it should be.

    :param data: what the step tells further.
    """
    return {"changed": changed, "failed": False, "msg": shown(msg), **data}


def failure(error: ModernAuthError) -> Verdict:
    """The object is not as it should be. What was changed all the same stands in the error's ``details``."""
    return {"changed": False, "failed": True, **error.result()}


def defect(error: Exception) -> ModernAuthError:
    """The error for an exception that nobody raised on purpose.

    A message can hold anything, a secret as well, so that only the exception's type and place are told.
    """
    return ModernAuthError(
        f"Unexpected {type(error).__name__}; this is a defect of the collection, please report it.",
        details={"exception": "".join(traceback.format_tb(error.__traceback__))},
    )
