# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The modules of ansible.windows that the collection calls, on a folder that stands for the drive C: of a host."""

from __future__ import annotations

import base64
import hashlib
import json
import ntpath
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import _LOOK, _REPLACE

ME = "S-1-5-21-1-2-3-1001"
NOW = "2026-11-28T21:00:00Z"


class WindowsModules:
    """Every call is noted in a file beside the drive; in another one a test says of the host, see WindowsWorld.tell."""

    def __init__(self, drive: Path) -> None:
        self.drive = drive

    def call(self, name: str, options: Mapping[str, Any], command: str = "") -> dict[str, Any]:
        """What the module of that full name answers.

        :param command: the command line that started it, to be noted.
        """
        with self.drive.with_suffix(".calls").open("a") as calls:
            calls.write(json.dumps({"module": name, "options": options, "command": command}) + "\n")
        own = {key: value for key, value in options.items() if not key.startswith("_ansible")}
        try:
            answer = getattr(self, name.removeprefix("ansible.windows."))(**own)
        except OSError as error:
            answer = {"failed": True, "msg": str(error)}
        return {"changed": False, **answer, "invocation": {"module_args": own}}

    @property
    def _about(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.drive.with_suffix(".json").read_text())
        return said

    # -- the modules ------------------------------------------------------------------------------------------------

    def slurp(self, src: str) -> dict[str, Any]:
        return {"content": base64.b64encode(self._place(src).read_bytes()).decode(), "encoding": "base64"}

    def win_file(self, path: str, state: str) -> dict[str, Any]:
        {"touch": Path.touch, "absent": lambda place: place.unlink(missing_ok=True)}[state](self._place(path))
        return {"changed": True}

    def win_acl(self, path: str, user: str, rights: str, type: str) -> dict[str, Any]:
        granted = {"sid": self._about["accounts"][user], "allow": type == "allow", "rights": {"Read": 0x20089}[rights]}
        rules = [*self._rules(path), granted]
        self.drive.with_suffix(".json").write_text(json.dumps({
            **self._about, "rules": {**self._about.get("rules", {}), path: rules},
        }))
        return {"changed": True}

    def win_command(self, argv: list[str], stdin: str) -> dict[str, Any]:
        known = self._about.get("commands", {}).get(argv[0])
        if known is None:
            return {"failed": True, "msg": f"Failed to run: '{argv[0]}': The system cannot find the file", "rc": 2}
        answer = {"stdout": "", "stderr": "", "rc": 0, **known}
        return {**answer, "failed": answer["rc"] != 0, "msg": "non-zero return code", "changed": True}

    def win_powershell(
        self, script: str, parameters: Mapping[str, Any], error_action: str, depth: int
    ) -> dict[str, Any]:
        result = {_LOOK: self._look, _REPLACE: self._replace}[script](**parameters)
        return {"result": cut(result, depth), "error": [], "output": [], "changed": True}

    # -- what our scripts do ----------------------------------------------------------------------------------------

    def _look(self, Paths: list[str], Accounts: list[str], Program: str) -> dict[str, Any]:
        return {
            "files": [self._found(path, account) for path, account in zip(Paths, Accounts, strict=True)],
            "mine": [ME, "S-1-5-32-544"], "user": "CONTOSO\\ansible",
            "program": Program if Program in self._about.get("commands", {}) else None,
        }

    def _found(self, path: str, account: str) -> dict[str, Any]:
        place = self._place(path)
        exists, has_folder = place.is_file(), place.parent.is_dir()
        refusal = self._about.get("refusals", {}).get(path)
        written = datetime.fromtimestamp(place.stat().st_mtime if exists else 0, UTC)
        return {
            "exists": exists, "directory": place.is_dir(), "link": place.is_symlink(),
            "read_only": path in self._about.get("read_only", []),
            "written": written.strftime("%Y-%m-%dT%H:%M:%SZ") if exists else None,
            "now": NOW, "owner": "BUILTIN\\Administrators" if exists else None,
            "sid": self._about.get("accounts", {}).get(account), "rules": self._rules(path) if exists else [],
            "has_folder": has_folder, "folder": self._rules(ntpath.dirname(path)) if has_folder else [],
            "left": [str(left) for left in place.parent.glob(f"{place.name}.*.mailops")],
            "refusal": {"hresult": refusal, "words": "in the server's language"} if refusal else None,
        }

    def _replace(self, Path: str, Content: str, Expected: str, Backup: str, Private: bool) -> dict[str, Any]:
        place = self._place(Path)
        found = hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else ""
        if found != Expected:
            return {"problem": "changed"}
        refusal = self._about.get("writes", {}).get(Path)
        if refusal:
            return {"problem": "refused", "hresult": refusal, "words": "in the server's language"}
        if Backup:
            self._place(Backup).write_bytes(place.read_bytes())
        place.write_bytes(base64.b64decode(Content))
        return {"problem": None}

    def _rules(self, path: str) -> list[dict[str, Any]]:
        known: list[dict[str, Any]] = self._about.get("rules", {}).get(path, [
            {"sid": "S-1-5-32-544", "allow": True, "rights": 0x1F01FF},
        ])
        return known

    def _place(self, path: str) -> Path:
        drive, rest = ntpath.splitdrive(path)
        if drive != "C:":
            raise FileNotFoundError(path)
        return self.drive.joinpath(*rest.strip("\\").split("\\"))


def cut(value: Any, depth: int) -> Any:
    """As win_powershell answers: what is deeper is only text."""
    if isinstance(value, (dict, list)) and depth < 0:
        return str(value)
    if isinstance(value, dict):
        return {name: cut(one, depth - 1) for name, one in value.items()}
    return [cut(one, depth - 1) for one in value] if isinstance(value, list) else value
