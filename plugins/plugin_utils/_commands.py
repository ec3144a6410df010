# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Commands that a person is told to run next, with the inventories of this run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from ansible import constants as C
from ansible import context


def playbook_command(name: str, *arguments: str) -> str:
    """How one of the collection's playbooks is run on the inventories of this run, for a shell in this folder.

    :param name: the playbook's, without the collection's.
    """
    given: Sequence[str] = context.CLIARGS.get("inventory") or ()
    # Those of ansible.cfg are found without being named.
    named = [] if list(given) == list(C.DEFAULT_HOST_LIST) else [_as_typed(source) for source in given]
    options = [word for source in named for word in ("-i", source)]
    return shlex.join(["ansible-playbook", f"mailops.modern_auth.{name}", *options, *arguments])


def _as_typed(source: str) -> str:
    """An inventory, of which Ansible has made an absolute path unless it is a list of hosts."""
    inside = os.path.isabs(source) and not os.path.relpath(source).startswith(os.pardir)
    return os.path.relpath(source) if inside else source
