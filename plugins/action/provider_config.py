# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, so that the server needs nothing; the module of the same name documents the options."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import decode
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import FORMATS
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason

ARGUMENTS = {
    "format": {"required": True, "choices": list(FORMATS)},
    "path": {"required": True},
    "settings": {"type": "dict", "required": True},
    "facts": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "create": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
    "mode": {"type": "raw"},
    "owner": {},
    "group": {},
}
RIGHTS = ("mode", "owner", "group")


_MAY_WRITE = "Let the user whom Ansible signs in as, or becomes, write the file and its folder."


class ActionModule(ActionBase):
    """Read, render, and write only what differs."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            return self._configure(args, task_vars or {})
        except ModernAuthError as error:
            error.message = f"Could not write the mail settings into {args['path']}: {error.message}"
            return {"failed": True, "changed": False, **error.result()}

    def _configure(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        path, format = args["path"], FORMATS[args["format"]]
        settings = fill(args["settings"], args["facts"], args["secrets"])
        read = self._read_if_there if format.EMPTY is not None and args["create"] else self._read
        content = read(path, task_vars)
        missing = content is None
        before, encoding = (format.EMPTY or "", "utf-8") if content is None else decode(content)
        after = format.render(before, settings, create=args["create"])
        result: dict[str, Any] = {"changed": missing or after != before, "path": path}
        if self._task.diff:
            old, new = format.changes(before, after, settings)
            result["diff"] = {"before_header": path, "after_header": path, "before": old, "after": new}
        if result["changed"]:
            self._must_be_writable(path, task_vars, missing=missing)
        # Before the content, so that a secret never stands in a file that too many may read.
        result["changed"] |= self._set_rights(args, task_vars, missing=missing)
        if after != before and not self._task.check_mode:
            result.update(self._write(path, after.encode(encoding), args["backup"], task_vars))
        return result

    @property
    def _on_windows(self) -> bool:
        return bool(getattr(self._connection._shell, "_IS_WINDOWS", False))

    def _read(self, path: str, task_vars: dict[str, Any]) -> bytes:
        """The file's content."""
        module = "ansible.windows.slurp" if self._on_windows else "ansible.builtin.slurp"
        answer = self._execute_module(module_name=module, module_args={"src": path}, task_vars=task_vars)
        if answer.get("failed"):
            raise InputError(
                f"it cannot be read: {reason(answer)}.",
                remedy="Check the path on the server and that the user whom Ansible signs in as may read the file.",
            )
        return base64.b64decode(answer["content"])

    def _read_if_there(self, path: str, task_vars: dict[str, Any]) -> bytes | None:
        """The file's content; None if there is no file."""
        try:
            return self._read(path, task_vars)
        except InputError:
            if self._stat(path, task_vars)["exists"]:
                raise
            return None

    def _stat(self, path: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        # Nothing but existence and rights is of interest.
        options = dict.fromkeys(("get_checksum", "get_mime", "get_attributes"), False)
        answer = self._execute_module(
            module_name="ansible.windows.win_stat" if self._on_windows else "ansible.builtin.stat",
            module_args={"path": path, "follow": True, **({"get_checksum": False} if self._on_windows else options)},
            task_vars=task_vars,
        )
        return dict(answer.get("stat") or {"exists": False})

    def _must_be_writable(self, path: str, task_vars: dict[str, Any], *, missing: bool) -> None:
        """The file is replaced, so its folder has to be writable as well. Windows does not tell beforehand."""
        if self._on_windows:
            return
        folder = posixpath.dirname(path) or "."
        places = (folder,) if missing else (path, folder)
        # A command takes a tenth of the time of a module; what it does not confirm is for the module to judge.
        test = " && ".join(f"test -w {shlex.quote(place)}" for place in places)
        if self._low_level_execute_command(test)["rc"] == 0:
            return
        for place in places:
            if not self._stat(place, task_vars).get("writeable"):
                raise InputError(f"{place} cannot be written.", remedy=_MAY_WRITE)

    def _set_rights(self, args: dict[str, Any], task_vars: dict[str, Any], *, missing: bool) -> bool:
        """Give the file its permissions and owner, and make it first if it is missing; whether that is a change."""
        rights = {name: args[name] for name in RIGHTS if args[name] is not None}
        if not rights or (missing and self._task.check_mode):
            return False
        times = {"access_time": "preserve", "modification_time": "preserve"} if missing else {}
        answer = self._execute_module(
            module_name="ansible.builtin.file",
            module_args={"path": args["path"], "state": "touch" if missing else "file", **times, **rights},
            task_vars=task_vars,
        )
        if answer.get("failed"):
            raise InputError(f"its rights cannot be set: {reason(answer)}.", remedy=_MAY_WRITE)
        return bool(answer["changed"])

    def _write(self, path: str, data: bytes, backup: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        # The folder is Ansible's own on the controller, with mode 0700, since the file holds secrets.
        folder = Path(tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP))
        try:
            source = folder / "configuration"
            source.write_bytes(data)
            answer = self._copy(source, path, backup, task_vars)
        except AnsibleConnectionFailure as error:
            # The file was read moments ago. Ansible also takes a server for lost that has no room for temporary files.
            answer = {"failed": True, "msg": str(error)}
        finally:
            shutil.rmtree(folder)
        if answer.get("failed"):
            raise InputError(f"it cannot be written: {reason(answer)}.", remedy=_MAY_WRITE)
        if not self._holds(path, data, task_vars):
            raise InputError(
                "after writing it, it held something else.",
                remedy="Check whether another program writes the file, and run this again.",
            )
        return {"backup_file": answer["backup_file"]} if "backup_file" in answer else {}

    def _holds(self, path: str, data: bytes, task_vars: dict[str, Any]) -> bool:
        """Whether the file's content is the data."""
        if not self._on_windows:
            told = self._low_level_execute_command(f"sha256sum < {shlex.quote(path)}")["stdout"].split()
            if told[:1] == [hashlib.sha256(data).hexdigest()]:
                return True
        return self._read(path, task_vars) == data

    def _copy(self, source: Path, path: str, backup: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        task = self._task.copy()
        task.args = {"src": str(source), "dest": path, "backup": backup}
        if not self._on_windows:
            # Through a link the file is replaced, not the link; and what looks vaulted is not meant to be decrypted.
            task.args |= {"follow": True, "decrypt": False}
        # Its diff would show the whole file, secrets included.
        task.diff = False
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.windows.win_copy" if self._on_windows else "ansible.legacy.copy",
            task=task, connection=self._connection, play_context=self._play_context, loader=self._loader,
            templar=self._templar, shared_loader_obj=self._shared_loader_obj,
        )
        return dict(copy.run(task_vars=task_vars))
