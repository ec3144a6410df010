# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation as a site: the guides as they are in the repository, and what antsibull-docs makes of plugins.

``make docs`` lays both out below .build/site/source, in the folders that they have in the repository.
"""

from __future__ import annotations

from sphinx.application import Sphinx

REPOSITORY = "https://github.com/mailops/modern_auth/blob/main/"

project = "mailops.modern_auth"
copyright = "mailops contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_theme_options = {
    "vcs_pageview_mode": "", "documentation_home_url": "index.html", "topbar_links": {}, "collapse_navigation": True,
}
# GitHub makes these anchors, and links within the guides use them.
myst_heading_anchors = 3
suppress_warnings = [
    # CHANGELOG.md repeats its headings for each release.
    "myst.header",
]


def _within(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to the repository, which README.md has for Galaxy's sake, lead to the site's own pages."""
    source[0] = source[0].replace(REPOSITORY, "/" if docname != "README" else "")


def setup(app: Sphinx) -> None:
    """See Sphinx."""
    app.connect("source-read", _within)
