# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store that only reads environment variables."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import Outcome, play

SECRET = "s3cret-of-the-pipeline"


PUBLIC = "{{ __mail_store_credentials | dict2items | rejectattr('key', 'eq', 'current') }}"
HASH = "{{ __mail_store_credentials.current.secret_text | hash('sha256') }}"


def use(folder: Path, step: str, **environment: str) -> Outcome:
    role = {"name": "mailops.modern_auth.mail_store", "rolespec_validate": False}
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.include_role": role, "vars": {"__mail_store_step": step, "__mail_store_entry": {"a": "b"}}},
        # Not the secret itself, which is looked for in the output.
        {"ansible.builtin.debug": {"msg": ["{{ __mail_store_credentials.current.key_id }}", HASH]}},
        {"ansible.builtin.debug": {"msg": PUBLIC}},
    ]
    variables = {
        "__mail_plan_data": {"application": {"unique_name": "contracts-mail.test"}}, "mail_store_kind": "environment",
        "mail_entra": {"tenant_id": "t"}, "__mail_store_revision": "",
    }
    return play(folder, tasks, "-vvv", hosts={"server": variables}, environment=environment)


def test_it_reads_the_variables_of_the_application(tmp_path: Path) -> None:
    done = use(
        tmp_path, "read", MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_ID="c", MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_SECRET=SECRET
    )
    assert done.code == 0, done.output
    assert SECRET not in done.output
    *_, secret, rest = done.results["server"]
    assert secret["msg"] == ["unknown", hashlib.sha256(SECRET.encode()).hexdigest()]
    assert rest["msg"] == [{"key": "tenant_id", "value": "t"}, {"key": "client_id", "value": "c"}]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("read", "lacks MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_SECRET. Set what the application 'contracts-mail.test'"),
        ("prove", "can only be read, so a new secret could not be kept there, and none was made"),
        ("write", "Let mail_store_kind be ansible_vault, hashi_vault or azure_keyvault"),
    ],
)
def test_what_it_refuses(tmp_path: Path, step: str, words: str) -> None:
    done = use(tmp_path, step, MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_ID="c")
    assert words in done.last()["msg"]
