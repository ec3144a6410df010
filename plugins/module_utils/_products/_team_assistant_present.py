# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Team assistant is configured with at present. Pure.

What local.js takes from the environment is looked up in the backend's environment file, if there is one. Without the
type oauth2 a user and a password sign in: https://nodemailer.com/smtp
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import value_at
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import (
    Place,
    Use,
    port,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import commonjs, environment
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

LOCAL = "local.js"
USER, TENANT = "TAS_SMTP_AUTH_USER", "TAS_SMTP_OAUTH_TENANT_ID"
CLIENT, SECRET = "TAS_SMTP_OAUTH_CLIENT_ID", "TAS_SMTP_OAUTH_CLIENT_SECRET"
#: What is read of local.js.
_SHAPE: Mapping[str, Any] = {"mail": {
    "smtp": {
        **dict.fromkeys(("type", "host", "port", "secure")),
        "auth": dict.fromkeys(("user", "pass", "password")),
        "oauth2": dict.fromkeys(("host", "clientId", "clientSecret", "scope")),
    },
    "from": None,
}}
_TENANT = re.compile(r"https://[^/]+/([^/]+)/oauth2/")


def places(extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
    """See Present."""
    if "backends" not in extras:
        problems.append("mail_team_assistant.backends: is required")
    folders, name = extras.get("backends", []), extras.get("environment_file")
    # The environment file is one that may be missing still.
    files = dict.fromkeys(posixpath.join(one, name) for one in folders) if name else {}
    return [
        *(Place(File(path, "environment", {}, create=True), _variables) for path in files),
        *(Place(File(posixpath.join(one, LOCAL), "commonjs", {}), _script) for one in folders),
    ]


def uses(found: Mapping[str, Any]) -> Sequence[Use]:
    """See Present."""
    scripts = {path: one for path, one in found.items() if posixpath.basename(path) == LOCAL}
    others = {path: one for path, one in found.items() if path not in scripts}
    return [_use(path, script, _nearest(posixpath.dirname(path), others)) for path, script in scripts.items()]


def _script(content: bytes) -> Mapping[str, Any]:
    return commonjs.read(content, _SHAPE)


def _variables(content: bytes) -> Mapping[str, str | None]:
    return environment.read(content, dict.fromkeys((USER, TENANT, CLIENT, SECRET)))


def _nearest(folder: str, files: Mapping[str, Mapping[str, str | None]]) -> Mapping[str, str | None]:
    """The variables in the file of a backend; all backends may have one."""
    own = [values for path, values in files.items() if path.startswith(f"{folder}/")]
    return next(iter(own or files.values()), {})


def _use(path: str, script: Mapping[str, Any], variables: Mapping[str, str | None]) -> Use:
    def said(name: str) -> str | None:
        """The text of a value, as far as it is known."""
        value = value_at(script, f"mail.smtp.{name}")
        parts = value if isinstance(value, list) else [value]
        known = [variables.get(one["environment"]) if _is_variable(one) else one for one in parts]
        return text("".join(map(str, known))) if all(isinstance(one, str | int) for one in known) else None

    is_oauth = said("type") == "oauth2"
    user = said("auth.user")
    names = ("oauth2.clientSecret",) if is_oauth else ("auth.pass", "auth.password")
    written = [one for one in names if value_at(script, f"mail.smtp.{one}") not in (None, "")]
    signs_in = is_oauth or bool(written) or value_at(script, "mail.smtp.auth.user") is not None
    # An expression, or a variable that is not looked up, may be anything.
    is_unknown = bool(written) and not any(said(one) for one in written)
    tenant = _TENANT.match(said("oauth2.host") or "") if is_oauth else None
    secure = value_at(script, "mail.smtp.secure")
    sender = value_at(script, "mail.from")
    return Use(
        use="send", place=path, key="mail.smtp", transport="smtp",
        authentication="oauth2" if is_oauth else "basic" if signs_in else "none",
        host=said("host"), port=port(said("port")),
        tls="implicit" if secure == {"expression": "true"} else "starttls" if is_oauth else "starttls_optional",
        user=user, mailbox=sender if isinstance(sender, str) else None,
        secret=None if is_unknown or not signs_in else secret(written),
        client_id=said("oauth2.clientId") if is_oauth else None, tenant_id=tenant[1] if tenant else None,
        scopes=list(filter(None, [said("oauth2.scope")])) if is_oauth else [],
    )


def _is_variable(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"environment"}
