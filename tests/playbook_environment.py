"""What a playbook sees that a suite runs: nothing of the machine but its programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
FOREIGN = ("AZURE_", "MAILOPS_", "M365_", "ANSIBLE_")


def playbook_environment(sandbox: Path, home: Path) -> dict[str, str]:
    """The environment of a run.

    :param sandbox: the sandbox's folder.
    :param home: the user's, with a folder ``tmp``.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **kept, "HOME": str(home), "TMPDIR": str(home / "tmp"), "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "M365_SANDBOX_DIRECTORY": str(sandbox), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".venv" / "collections"),
    }
