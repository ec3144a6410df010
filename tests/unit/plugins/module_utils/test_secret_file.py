# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A secret's file is there as a whole, for its owner alone, or is as it was."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def test_it_is_its_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    file, other = tmp_path / "secret.json", tmp_path / "other"
    other.write_text("of somebody else")
    file.symlink_to(other)
    # Left by a process that was killed, and readable by others.
    left = tmp_path / ".secret.json.new"
    left.write_text("half")
    left.chmod(0o644)
    _secret_file.write(file, b"s3cret")
    assert (file.read_bytes(), file.is_symlink(), stat.S_IMODE(file.stat().st_mode)) == (b"s3cret", False, 0o600)
    assert (other.read_text(), sorted(tmp_path.iterdir())) == ("of somebody else", [other, file])


def test_what_cannot_be_written_leaves_it_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    file.write_bytes(b"old")
    (tmp_path / ".secret.json.new").mkdir()
    with pytest.raises(InputError, match=r"path: .*secret\.json cannot be written"):
        _secret_file.write(file, b"new")
    assert file.read_bytes() == b"old"
