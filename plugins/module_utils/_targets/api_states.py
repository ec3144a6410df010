# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One object behind a REST API, made present or absent by a module of its own; for a host's targets see change.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import leaves, nested
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import verdict as sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import (
    ApiObject,
    look,
    write_one,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Web


def present(target: ApiObject, port: Web, fingerprint: str | None, *, check_mode: bool) -> dict[str, Any]:
    """Make the object what it shall be.

    :param fingerprint: of its secret fields, as it was given back when they were written last.
    :returns: ``changed``, ``diff``, ``object`` as it is then, or in check mode would be, without its secret fields,
        ``secret_fingerprint`` if it has such, ``warnings``, and ``sign_ins`` and ``authorization_required``, see
        _sign_ins.py.
    :raises ModernAuthError: that cannot be done.
    """
    [found] = look([target], port, {target.name: fingerprint} if fingerprint else {})
    change = target.compare(found)
    if change.write is not None and not check_mode:
        found = write_one(change.write, {}, port)
        change = change.made(target.compare(found))
    content = found.content
    if change.changed and check_mode:
        content = nested({**leaves(content or {}), **target.parts(found.objects)[0]})
    return {
        "changed": change.changed, "diff": change.diff(), "warnings": list(change.warnings),
        "object": visible(content, target.secret_fields),
        **({"secret_fingerprint": found.fingerprint} if target.secret_fields else {}),
        **sign_ins([change.sign_in] if change.sign_in else []),
    }


def absent(target: ApiObject, port: Web, *, check_mode: bool) -> dict[str, Any]:
    """Remove the object.

    :returns: ``changed``, ``diff`` and ``object``, which is None.
    :raises ModernAuthError: that cannot be done.
    """
    api = target.api(port)
    url, content = api.read(target.url, target.listed)
    if content is not None and not check_mode:
        api.ask("DELETE", url)
    before = shown(visible(content, target.secret_fields), None, "to be removed")
    return {
        "changed": content is not None, "object": None,
        "diff": {"before_header": target.name, "after_header": target.name, "before": before, "after": ""},
    }


def visible(content: Mapping[str, Any] | None, secret_fields: Sequence[str]) -> dict[str, Any] | None:
    """The object without its secret fields, whatever an API gives in their place."""
    if content is None:
        return None
    return nested({path: value for path, value in leaves(content).items() if ".".join(path) not in secret_fields})
