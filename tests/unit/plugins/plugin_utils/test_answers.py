# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Why a module failed, as told by whoever ran it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"msg": "It is so."}, "It is so"),
        ({"msg": "MODULE FAILURE: see stderr", "module_stderr": "Traceback ...\nVaultDown: Vault is sealed\n"},
         "VaultDown: Vault is sealed"),
        ({"msg": "", "exception": SimpleNamespace(event=SimpleNamespace(msg="Vault is sealed."))}, "Vault is sealed"),
        ({}, "no reason was given"),
    ],
)
def test_the_reason_of_a_failure(answer: dict[str, Any], words: str) -> None:
    assert reason(answer) == words
