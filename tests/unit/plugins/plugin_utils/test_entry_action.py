# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the stores' actions share."""

from __future__ import annotations

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader
from ansible_collections.mailops.modern_auth.plugins.action.hashi_vault_entry import ActionModule
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError


def test_a_missing_collection_is_named() -> None:
    action = ActionModule(Task(), None, PlayContext(), None, None, loader)
    with pytest.raises(StoreError, match=r"The module somebody\.else\.thing cannot be found") as caught:
        action.run_module("somebody.else.thing", {}, {})
    assert caught.value.remedy == "Install its collection: ansible-galaxy collection install somebody.else"
