# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which servers are Windows, by the connection's own plugins; and whether what is run there can be parsed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tree_sitter_powershell
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _servers
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._servers import server_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import WindowsServer
from tree_sitter import Language, Parser

SCRIPTS = sorted(Path(_servers.__file__).parent.glob("*.ps1"))


def action(transport: str, shell: str | None, become: str | None) -> Any:
    context = PlayContext()
    if shell:
        context.shell = shell
    connection = connection_loader.get(transport, context)
    if become:
        connection.set_become_plugin(become_loader.get(become))
    return SimpleNamespace(_connection=connection, _play_context=context)


@pytest.mark.parametrize(("transport", "shell", "become", "kind"), [
    ("winrm", None, None, WindowsServer),
    ("winrm", None, "runas", WindowsServer),
    ("psrp", None, "runas", WindowsServer),
    ("ssh", "powershell", None, WindowsServer),
    ("ssh", "cmd", "runas", WindowsServer),
    ("ssh", None, "sudo", PosixServer),
    ("local", None, None, PosixServer),
])
def test_which_servers_are_windows(transport: str, shell: str | None, become: str | None, kind: type) -> None:
    assert isinstance(server_of(action(transport, shell, become), {}), kind)


def test_runas_without_a_shell_of_windows_is_refused() -> None:
    with pytest.raises(InputError, match="ansible_become_method: runas is for Windows"):
        server_of(action("ssh", None, "runas"), {})


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_for_windows_can_be_parsed(script: Path) -> None:
    parser = Parser(Language(tree_sitter_powershell.language()))
    assert not parser.parse(script.read_bytes()).root_node.has_error
    # In a file without a mark Windows PowerShell takes them for characters of the system's code page.
    assert script.read_bytes().isascii()
