# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation as a site: the guides as they are in the repository, and what antsibull-docs makes of plugins.

``make docs`` lays both out below .build/site/source, in the folders that they have in the repository.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

REPOSITORY = "https://github.com/mailops/modern_auth/blob/main/"
#: Where Ansible documents itself and the collections of others, and pages of it that antsibull-docs links to by label.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}

project = "mailops.modern_auth"
project_copyright = "mailops contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "vcs_pageview_mode": "", "documentation_home_url": "index.html", "topbar_links": {}, "collapse_navigation": True,
}
# GitHub makes these anchors, and links within the guides use them.
myst_heading_anchors = 3
suppress_warnings = [
    # CHANGELOG.md repeats its headings for each release.
    "myst.header",
    # Pygments does not know Vault's policies, which are in HCL.
    "misc.highlighting_failure",
]


def _within(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to the repository, which README.md has for Galaxy's sake, lead to the site's own pages."""
    source[0] = source[0].replace(REPOSITORY, "/" if docname != "README" else "")


def _elsewhere(app: Sphinx, env: object, node: nodes.Element, text: nodes.Element) -> nodes.reference | None:
    """The reference to what Ansible documents; without its inventory of labels, so that no site is asked for one."""
    target = node.get("reftarget", "")
    page = LABELS.get(target)
    if target.startswith("ansible_collections.") and not target.startswith("ansible_collections.mailops."):
        page = f"collections/{'/'.join(target.split('.')[1:])}.html"
    return nodes.reference("", "", *text.children, refuri=ANSIBLE + page, internal=False) if page else None


def setup(app: Sphinx) -> dict[str, Any]:
    """See Sphinx."""
    app.connect("source-read", _within)
    app.connect("missing-reference", _elsewhere)
    return {"parallel_read_safe": True}
