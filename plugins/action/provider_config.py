# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, so that the server needs nothing; the module of the same name documents the options."""

from __future__ import annotations

import base64
import posixpath
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._encoding import decode
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill

ARGUMENTS = {
    "product": {"required": True, "choices": list(PRODUCTS)},
    "path": {"required": True},
    "settings": {"type": "dict", "required": True},
    "facts": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "create": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
}


_MAY_WRITE = "Let the user whom Ansible signs in as, or becomes, write the file and its folder."


class ActionModule(ActionBase):
    """Read, render, and write only what differs."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            return self._configure(args, task_vars or {})
        except ModernAuthError as error:
            error.message = f"Could not configure {args['product']} in {args['path']}: {error.message}"
            return {"failed": True, "changed": False, **error.result()}

    def _configure(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        product = PRODUCTS[args["product"]]
        settings = fill(args["settings"], args["facts"], args["secrets"])
        data = self._read(args["path"], task_vars)
        before, encoding = decode(data)
        after = product.render(before, settings, create=args["create"])
        result: dict[str, Any] = {"changed": after != before, "path": args["path"]}
        if self._task.diff:
            result["diff"] = _diff(product, args["path"], before, after)
        if result["changed"]:
            self._must_be_writable(args["path"], task_vars)
        if result["changed"] and not self._task.check_mode:
            result.update(self._write(args["path"], after.encode(encoding), args["backup"], task_vars))
        return result

    @property
    def _on_windows(self) -> bool:
        return bool(getattr(self._connection._shell, "_IS_WINDOWS", False))

    def _read(self, path: str, task_vars: dict[str, Any]) -> bytes:
        module = "ansible.windows.slurp" if self._on_windows else "ansible.builtin.slurp"
        answer = self._execute_module(module_name=module, module_args={"src": path}, task_vars=task_vars)
        if answer.get("failed"):
            raise InputError(
                f"it cannot be read: {_reason(answer)}.",
                remedy="Check the path on the server and that the user whom Ansible signs in as may read the file.",
            )
        return base64.b64decode(answer["content"])

    def _must_be_writable(self, path: str, task_vars: dict[str, Any]) -> None:
        """The file is replaced, so its folder has to be writable as well. Windows does not tell beforehand."""
        if self._on_windows:
            return
        for place in (path, posixpath.dirname(path) or "."):
            # Nothing but the rights is of interest.
            options = dict.fromkeys(("get_checksum", "get_mime", "get_attributes"), False)
            answer = self._execute_module(
                "ansible.builtin.stat", {"path": place, "follow": True, **options}, task_vars=task_vars
            )
            if not answer.get("stat", {}).get("writeable"):
                raise InputError(f"{place} cannot be written.", remedy=_MAY_WRITE)

    def _write(self, path: str, data: bytes, backup: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        # The folder is Ansible's own on the controller, with mode 0700, since the file holds secrets.
        folder = Path(tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP))
        try:
            source = folder / "configuration"
            source.write_bytes(data)
            answer = self._copy(source, path, backup, task_vars)
        finally:
            shutil.rmtree(folder)
        if answer.get("failed"):
            raise InputError(f"it cannot be written: {_reason(answer)}.", remedy=_MAY_WRITE)
        if self._read(path, task_vars) != data:
            raise InputError(
                "after writing it, it held something else.",
                remedy="Check whether another program writes the file, and run this again.",
            )
        return {"backup_file": answer["backup_file"]} if "backup_file" in answer else {}

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


def _reason(answer: dict[str, Any]) -> str:
    # Since 2.19 the reason of a module that raised is in its exception, not in msg.
    raised = getattr(getattr(answer.get("exception"), "event", None), "msg", None)
    return str(answer.get("msg") or raised or "no reason was given").rstrip(".")


def _diff(product: Any, path: str, before: str, after: str) -> dict[str, str]:
    old, new = _readable(product, before), product.read(after)
    return {
        "before_header": path, "after_header": path,
        "before": product.shown(old, new, "to be replaced"), "after": product.shown(new, old, "new"),
    }


def _readable(product: Any, content: str) -> dict[str, Any] | None:
    try:
        return dict(product.read(content) or {}) or None
    except InputError:
        # What stood there is not readable, and is replaced as a whole.
        return None
