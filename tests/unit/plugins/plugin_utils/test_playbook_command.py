# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a person is told to run works on the inventories of this run, from the folder of this run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import constants as C
from ansible import context
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._commands import playbook_command

BEGINNING = "ansible-playbook mailops.modern_auth.remove_mail"


@pytest.mark.parametrize(("given", "told"), [
    (["{here}/inventories/contoso"], " -i inventories/contoso"),
    (["{here}/hosts.yml", "/etc/mail/hosts.yml", "one,two"], " -i hosts.yml -i /etc/mail/hosts.yml -i one,two"),
    (["{here}/our servers"], " -i 'our servers'"),
    (["{here}"], " -i ."),
    (list(C.DEFAULT_HOST_LIST), ""),
    ([], ""),
])
def test_inventories_are_named_as_they_are_typed(
    given: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "CLIARGS", {"inventory": tuple(one.format(here=tmp_path) for one in given)})
    assert playbook_command("remove_mail") == BEGINNING + told
    assert playbook_command("remove_mail", "-e", "name=a b") == f"{BEGINNING}{told} -e 'name=a b'"
