# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A further format is one more file, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import formats, kinds
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FoundFile

TOY = '''
EMPTY = b""

def read(content, settings):
    return {"lines": content.decode().splitlines()}

def render(content, settings, *, create=False):
    return "\\n".join(settings["lines"]).encode()

def changes(before, after, settings):
    return before.decode(), after.decode()
'''


def test_a_toy_format_is_found_by_its_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ansible's loader of collections searches one folder for a package, so the others are there as well.
    folder = Path(shutil.copytree(formats.__path__[0], tmp_path / "formats"))
    (folder / "toy.py").write_text(TOY)
    monkeypatch.setattr(formats, "__path__", [str(folder)])
    assert formats.names() == ["commonjs", "environment", "ici_keys", "toy", "web_config"]
    target = File("/x", "toy", {"lines": ["a", "b"]}, create=True)
    change = target.compare(FoundFile(None, "/x", as_wanted=False))
    assert change.write
    assert change.write.content == b"a\nb"
    assert not target.compare(FoundFile(b"a\nb", "/x", as_wanted=True)).changed


def test_what_is_not_there_is_said_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        formats.named("comonjs")
    assert caught.value.message == (
        "'comonjs' is no format; did you mean commonjs?; known: commonjs, environment, ici_keys, web_config."
    )
    with pytest.raises(InputError, match="'files' is no kind of target; did you mean file"):
        kinds.named("files")


@pytest.mark.parametrize(("mode", "bits"), [("0600", 0o600), ("640", 0o640), (0o644, 0o644), (None, None)])
def test_modes(mode: str | None, bits: int | None) -> None:
    assert File("/x", "environment", {}, mode=mode).wanted().mode == bits


@pytest.mark.parametrize("mode", ["u=rw", "0o600", "4755", 0o4755, "9"])
def test_what_is_no_mode(mode: str) -> None:
    with pytest.raises(InputError, match="is no permissions"):
        File("/x", "environment", {}, mode=mode).wanted()
