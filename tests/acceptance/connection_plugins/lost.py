# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""This machine, until it is lost: the command that would write is not answered any more."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: lost
short_description: This machine, until it is lost
description: The command that would write is not answered any more.
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(Local):
    """The first command, which looks, is answered; the next one is not."""

    transport = "lost"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.commands = 0

    def exec_command(self, *arguments: Any, **options: Any) -> tuple[int, bytes, bytes]:
        self.commands += 1
        if self.commands > 1:
            raise AnsibleConnectionFailure("The line was cut.")
        result: tuple[int, bytes, bytes] = super().exec_command(*arguments, **options)
        return result
