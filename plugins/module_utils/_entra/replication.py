# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Refusals that pass by themselves once an object made a moment ago has reached every replica. Pure.

Seen with Entra ID, and retried likewise by hashicorp/terraform-provider-azuread; any other refusal is final.
"""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, graph_error


def is_waiting_for_application(answer: Answer) -> bool:
    """Whether a service principal was refused since its application has not arrived yet."""
    error = _error(answer)
    return error is not None and (
        "NoBackingApplicationObject" in error.reasons or "backing application of the service principal" in error.answer
    )


def is_waiting_for_principal(answer: Answer) -> bool:
    """Whether a grant was refused since its service principal, or the role on the resource, has not arrived yet."""
    error = _error(answer)
    return error is not None and (
        error.status == 404 or "Permission being assigned was not found on application" in error.answer
    )


def is_already_there(answer: Answer) -> bool:
    """Whether a grant or owner was refused since it exists, as after an answer that got lost."""
    error = _error(answer)
    return error is not None and "already exist" in error.answer


def _error(answer: Answer) -> GraphError | None:
    return graph_error(answer) if answer.status >= 400 else None
