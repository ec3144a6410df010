"""Puts collections that stores, servers and examples use where tests find them: python optional_collections.py FOLDER.

Galaxy is not needed for that: PyPI has the package ``ansible``, a bundle of many collections, of which these are kept.
The collection's users install them from Galaxy or wherever theirs come from.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

BUNDLE = "ansible>=12"
COLLECTIONS = ("ansible/windows", "awx/awx", "azure/azcollection", "community/hashi_vault")


def main(folder: Path) -> None:
    """Download the bundle and unpack the collections below FOLDER/ansible_collections."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--only-binary", ":all:", "--dest", scratch, BUNDLE,
            ],
            check=True,
        )
        [wheel] = Path(scratch).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            wanted = tuple(f"ansible_collections/{name}/" for name in COLLECTIONS)
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
