# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role mail_provider with a product that has several files: when it restarts the product, and what node says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_runner import REPOSITORY, Outcome, play

PASSWORD = VaultSecret(b"pass word")
BACKENDS = ("standard", "cron")
ROLES = [
    {"ansible.builtin.import_role": {"name": f"mailops.modern_auth.{name}", "rolespec_validate": False}}
    for name in ("mail_plan", "mail_provider")
]


def configure(folder: Path, *, node: str) -> Outcome:
    """Plan and configure a server whose restart leaves a line in the file restarts."""
    variables: dict[str, Any] = {
        "mail_product": "team_assistant", "mail_environment": "test", "mail_app": {"unique_name": "t", "name": "T"},
        "mail_send": {"transport": "smtp", "from": "tickets@contoso.example"},
        "mail_team_assistant": {
            "backends": [str(folder / name) for name in BACKENDS], "environment_file": "environment", "node": node,
        },
        "mail_entra": {"tenant_id": "t"},
        "mail_restart_command": ["sh", "-c", f"echo restarted >> {folder}/restarts"],
        "mail_store_path": str(folder / "store.yml"), "mail_store_password_file": str(folder / "password"),
    }
    return play(folder, ROLES, hosts={"server": variables})


def test_the_product_is_restarted_once_when_settings_were_written_and_a_broken_node_is_told(tmp_path: Path) -> None:
    for name in BACKENDS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "local.js").write_bytes((REPOSITORY / f"sandbox/servers/local.{name}.js").read_bytes())
    entry = {
        "tenant_id": "t", "client_id": "c", "object_id": "o", "current": {"key_id": "key-1", "secret_text": "s3cret~V"},
    }
    (tmp_path / "password").write_bytes(PASSWORD.bytes)
    content = yaml.safe_dump({"applications": {"t": entry}})
    (tmp_path / "store.yml").write_bytes(VaultLib([("default", PASSWORD)]).encrypt(content, PASSWORD))

    first = configure(tmp_path, node=str(tmp_path / "no-node"))
    assert first.code == 0, first.output
    assert "s3cret~V" in (tmp_path / "cron" / "environment").read_text()
    assert (tmp_path / "restarts").read_text() == "restarted\n"

    (tmp_path / "node").write_text("#!/bin/sh\necho 'node: cannot open libnode.so' >&2\nexit 2\n")
    (tmp_path / "node").chmod(0o755)
    (tmp_path / "cron" / "environment").unlink()
    broken = configure(tmp_path, node=str(tmp_path / "node"))
    assert broken.code != 0
    assert "cannot open libnode.so" in broken.output
    assert (tmp_path / "restarts").read_text() == "restarted\n"

    # Nothing is left to write, but the product has not read yet what was written.
    mended = configure(tmp_path, node=str(tmp_path / "no-node"))
    assert mended.code == 0, mended.output
    assert (tmp_path / "restarts").read_text() == "restarted\nrestarted\n"
