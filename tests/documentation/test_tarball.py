"""The release's tarball holds what users need and nothing else, and what its pages link to is in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import pytest

REPOSITORY = Path(__file__).parents[2]
#: What stands at its top, beside what Galaxy makes of galaxy.yml.
TOP = {
    "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "README.md", "SECURITY.md", "changelogs",
    "docs", "meta", "playbooks", "plugins", "roles",
}
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[PurePosixPath, bytes]:
    """The files of the tarball, by path."""
    folder = tmp_path_factory.mktemp("release")
    build = [Path(sys.executable).with_name("ansible-galaxy"), "collection", "build", REPOSITORY]
    subprocess.run([*build, "--output-path", folder], check=True, timeout=300)
    [tarball] = folder.glob("mailops-modern_auth-*.tar.gz")
    with tarfile.open(tarball) as archive:
        files = [one for one in archive if one.isfile()]
        return {PurePosixPath(one.name): archive.extractfile(one).read() for one in files}


def test_it_holds_what_users_need(pages: dict[PurePosixPath, bytes]) -> None:
    assert {path.parts[0] for path in pages} == TOP | {"MANIFEST.json", "FILES.json"}
    kept = set(subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, text=True, check=True,
        stdout=subprocess.PIPE,
    ).stdout.splitlines())
    assert {str(path) for path in pages} - kept == {"MANIFEST.json", "FILES.json"}


def test_no_link_within_it_is_dead(pages: dict[PurePosixPath, bytes]) -> None:
    dead = [
        f"{page}: {link}" for page, text in pages.items() if page.suffix == ".md"
        for link in LINK.findall(text.decode()) if not link.startswith(("https://", "#"))
        if resolved(page, link) not in pages
    ]
    assert dead == []


def resolved(page: PurePosixPath, link: str) -> PurePosixPath:
    """The file to which a relative link leads."""
    parts: list[str] = []
    for part in (page.parent / link.partition("#")[0]).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return PurePosixPath(*parts)
