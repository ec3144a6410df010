# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an administrator is refused before anybody is asked for anything."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.action.mail_bootstrap import ActionModule
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

SOUND: dict[str, Any] = {"failed": False, "reads": None, "applications": []}


def test_a_caller_for_hosts_whose_plan_failed() -> None:
    args = {
        "plan": {"hosts": {"ici-1": SOUND, "tas-1": {"failed": True}, "tas-2": {"failed": True}}, "applications": []},
        "caller": {}, "reader": {}, "administrator": "azure_cli", "state": "present",
    }
    action = ActionModule(None, None, None, None, None, None)
    with pytest.raises(InputError, match="What tas-1, tas-2 needs cannot be told") as refused:
        action.act(args)
    assert "setup_mail with --tags plan" in refused.value.remedy
