"""Why something failed, as told by what ran it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.filter.mail import mail_reason
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"msg": "It is so."}, "It is so"),
        ({"msg": "MODULE FAILURE: see stderr", "module_stderr": "Traceback ...\nVaultDown: Vault is sealed\n"},
         "VaultDown: Vault is sealed"),
        ({}, "no reason was given"),
    ],
)
def test_the_reason_of_a_failure(answer: dict[str, str], words: str) -> None:
    assert reason(answer) == words


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"failed": True, "msg": "It is so."}, "It is so."),
        ({"failed": True, "msg": "All items completed", "results": [
            {"failed": False, "msg": "well"}, {"failed": True, "msg": "One."}, {"msg": "skipped"}, {"failed": True},
        ]}, "One.; no reason was given"),
        ({}, "no reason was given"),
    ],
)
def test_the_reason_of_a_task(result: dict[str, Any], words: str) -> None:
    assert mail_reason(result) == words
