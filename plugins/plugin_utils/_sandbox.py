# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The sandbox that a rehearsal starts: a process of its own, by the command ``m365-sandbox`` of the same Python."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import GUID
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown

PACKAGE = "m365_sandbox"
#: Seconds for the longest of its commands, the first start, which makes keys and starts Dovecot.
TIMEOUT = 300
#: How stand-ins are started so that they know what an inventory may name and nobody has told them.
ARGUMENTS = {"xcally": ("--lists", "100")}


class Sandbox:
    """A sandbox, running or not.

    :param folder: where it keeps its state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, tenant_id: str | None, domains: Sequence[str], lifeline: int) -> None:
        """Start it, and wait until it answers.

        :param tenant_id: the tenant's id, or a domain of it; None leaves it to the sandbox.
        :param domains: the domains of the tenant's mail.
        :param lifeline: the process with which it ends.
        :raises InputError: it is not installed, or cannot start.
        """
        if importlib.util.find_spec(PACKAGE) is None:
            raise InputError(
                f"The sandbox is not installed for the Python that runs Ansible ({sys.executable}).",
                remedy="Install it there, as docs/rehearsal.md shows, and Dovecot.",
            )
        named = tenant_id is not None and GUID.fullmatch(tenant_id)
        # A domain of it says as well which tenant is meant.
        known = [*domains, *([tenant_id] if tenant_id and not named else [])]
        self._run(
            "start", "--lifeline", str(lifeline), *(("--tenant-id", str(tenant_id)) if named else ()),
            *(word for domain in known for word in ("--domain", domain)),
        )

    def seed(self, content: Mapping[str, Any]) -> None:
        """Add what a seed names.

        :raises InputError: it makes no sense.
        """
        file = self._folder.with_name("seed.json")
        # It may have passwords.
        _secret_file.write(file, json.dumps(content).encode())
        self._run("seed", "--file", str(file))

    def serve(self, host: str, product: str) -> None:
        """Start a stand-in of a product beside it.

        :raises InputError: it cannot start.
        """
        command = (sys.executable, "-P", "-m", f"{PACKAGE}.products.{product}", *ARGUMENTS.get(product, ()))
        self._run("serve", host, "--", *command)

    def stop(self) -> None:
        """End it, and what was started beside it."""
        self._run("stop")

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that point clients to it."""
        return self._read("env.json")

    @property
    def servers(self) -> Mapping[str, Mapping[str, str]]:
        """What was started beside it, by name: ``url`` and ``username``."""
        return self._read("servers.json")

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}

    def _run(self, command: str, *arguments: str) -> None:
        ran = subprocess.run(
            [
                sys.executable, "-P", "-m", f"{PACKAGE}.process.cli", command, "--directory", str(self._folder),
                *arguments,
            ],
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )
        if ran.returncode != 0:
            said = shown(ran.stderr).strip() or f"exit code {ran.returncode}"
            raise InputError(f"The rehearsal's sandbox ({command}): {said}.".replace("..", "."))
