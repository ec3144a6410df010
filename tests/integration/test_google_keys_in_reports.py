# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Keys of service accounts in what report_credentials and rotate_secrets tell; neither needs Google or a tenant."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, as_json, as_p12, pem
from playbook_runner import run


def host(unique_name: str, **google: Any) -> dict[str, Any]:
    """What the operator writes for a server whose mailboxes are Google's."""
    server = {"authentication": "google_service_account", "host": "smtp.gmail.com"}
    return {
        "mail_product": "cmo", "mail_environment": "prod", "mail_cmo": {"path": "/nowhere/web.config"},
        "mail_send": {"transport": "smtp", "from": "orders@fabrikam.example", **server},
        "mail_google": {"unique_name": unique_name, "server_path": "/nowhere/google.key", **google},
        # Neither playbook needs a server.
        "ansible_connection": "ssh", "ansible_host": "192.0.2.1",
    }


@pytest.fixture
def hosts(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Two that share a P12 file that ends soon, and one with a JSON key in a variable."""
    (tmp_path / "password").write_text("pass word", encoding="utf-8")
    (tmp_path / "soon.p12").write_bytes(as_p12(end=datetime.now(UTC) + timedelta(days=9, hours=12)))
    soon = host("soon", key_file="soon.p12", service_account=ACCOUNT)
    found = {"cmo-1": soon, "cmo-2": soon, "cmo-3": host("given", key=as_json().decode())}
    return {name: {**one, "mail_store_password_file": str(tmp_path / "password")} for name, one in found.items()}


def test_report_credentials_lists_them(tmp_path: Path, hosts: dict[str, dict[str, Any]]) -> None:
    done = run(tmp_path, "mailops.modern_auth.report_credentials", "-vvv", hosts=hosts)
    assert done.code == 0, done.output
    text, page = ((tmp_path / "reports" / f"credentials.{kind}").read_text("utf-8") for kind in ("json", "html"))
    told = json.loads(text)
    soon, given = told["applications"]
    assert [(one["unique_name"], one["state"], one["hosts"]) for one in (soon, given)] == [
        ("soon", "due", ["cmo-1", "cmo-2"]), ("given", "ok", ["cmo-3"]),
    ]
    assert [(key["kind"], key["source"], key["days_left"]) for one in (soon, given) for key in one["credentials"]] == [
        ("P12 key", "soon.p12", 9), ("JSON key", "mail_google.key", None),
    ]
    assert f'soon (prod): The P12 key "{ACCOUNT}" made by hand ends in 9 days' in done.output
    assert no_key_in(done.output, text, page)


def test_rotate_secrets_leaves_them_to_people(tmp_path: Path, hosts: dict[str, dict[str, Any]]) -> None:
    done = run(
        tmp_path, "mailops.modern_auth.rotate_secrets", "-vvv", "-e", "mail_rotation_force=true", hosts=hosts
    )
    assert done.code == 0, done.output
    said = re.sub(r"\s+", " ", done.output)
    assert re.search(rf"soon: The P12 key \w+ of {ACCOUNT} \(soon\.p12\): 3640 days old, its certificate ends on", said)
    assert f"given: The JSON key {'ab' * 20} of {ACCOUNT} (mail_google.key): no expiry. It is replaced by hand." in said
    assert no_key_in(done.output)


def no_key_in(*texts: str) -> bool:
    """Whether none of the keys, in any form in which it was given, stands in the texts."""
    lines = [pem().splitlines()[5], base64.b64encode(as_p12()).decode()[-60:-4]]
    return not [line for line in (*lines, "PRIVATE KEY") if any(line in text for text in texts)]
