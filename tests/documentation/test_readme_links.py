"""Galaxy shows README.md where no relative link leads anywhere, so its links name the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PLACE = "https://github.com/mailops/modern_auth/blob/main/"


PAGES = [REPOSITORY / "README.md", *REPOSITORY.glob("roles/*/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_page_on_galaxy_links_to_what_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))
    for link in links:
        assert link.startswith(("https://", "#")), link
        if link.startswith(PLACE):
            assert (REPOSITORY / link.removeprefix(PLACE).partition("#")[0]).is_file(), link
