# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An assessment as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.report import signs_in, would_change
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._page import TEMPLATES, page

DEFAULT = TEMPLATES / "assessment.html.j2"


def assessment_page(report: Mapping[str, Any], template: Path = DEFAULT) -> str:
    """The page.

    :param report: as in _assessment/report.py.
    :raises InputError: the template is missing or wrong.
    """
    return page(template, "mail_assessment_template", {
        "report": report, "signs_in": signs_in, "would_change": would_change,
    })
