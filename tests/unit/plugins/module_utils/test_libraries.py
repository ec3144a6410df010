# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Libraries that are not installed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

ROOT = Path(__file__).parents[4]


def test_all_are_named_at_once_with_the_command_that_installs_them() -> None:
    with pytest.raises(InputError) as caught:
        _libraries.require({"msal>=1.31": "Traceback one", "msgraph-sdk>=1.60": "Traceback two"})
    assert "msal>=1.31, msgraph-sdk>=1.60" in caught.value.message
    command = f"{sys.executable} -m pip install 'msal>=1.31' 'msgraph-sdk>=1.60'"
    assert (caught.value.remedy or "").endswith(command)
    assert caught.value.result()["exception"] == "Traceback one\nTraceback two"


def test_nothing_missing_is_fine() -> None:
    assert _libraries.require({}) is None  # type: ignore[func-returns-value]


def test_the_versions_are_those_of_the_requirements() -> None:
    named = {
        name for file in (ROOT / "plugins" / "module_utils").rglob("*.py")
        for name in re.findall(r'MISSING\["([^"]+)"\]', file.read_text("utf-8"))
    }
    # These two come with the others.
    required = {line for line in (ROOT / "meta" / "requirements.txt").read_text("utf-8").split("\n") if ">=" in line}
    assert named - required == {"requests", "httpx"}
    assert required <= named
