# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the lines of a report reach a person through Ansible's output."""

from __future__ import annotations

from collections.abc import Sequence

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible_collections.mailops.modern_auth.plugins.module_utils import _printable


def shown(lines: Sequence[str]) -> str | list[str]:
    """The lines as a task's ``msg``: YAML would fold those of a list, and JSON would not break those of a text.

    Names in them can hold anything; a terminal obeys control characters.
    """
    try:
        shape = C.config.get_config_value("result_format", plugin_type="callback", plugin_name="default")
    except (AnsibleError, KeyError):
        shape = "json"
    printable = [str(_printable.shown(line)) for line in lines]
    return "\n".join(printable) if shape == "yaml" else printable
