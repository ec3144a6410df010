# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A report as a file: what was there before may be anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import write

REPORT = "# Größe\n"


@pytest.mark.parametrize("before", [None, b"\xff\xfe\x00", b"# Old\n"])
def test_in_four_runs(tmp_path: Path, before: bytes | None) -> None:
    file = tmp_path / "folder" / "report.md"
    if before is not None:
        file.parent.mkdir()
        file.write_bytes(before)
    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        assert write(file, REPORT, "mail_report_file", check_mode=check_mode) is changed
        assert file.exists() is not (before is None and check_mode and changed)
    assert file.read_text("utf-8") == REPORT


def test_where_it_cannot_be_written_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "file" / "report.md"):
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match=r"mail_report_file: .* cannot be written"):
            write(place, REPORT, "mail_report_file", check_mode=False)
