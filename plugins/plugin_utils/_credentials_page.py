# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A credentials report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import ends, hosts, made_by, step
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.time_line import time_line
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._page import TEMPLATES, page

DEFAULT = TEMPLATES / "credentials.html.j2"


def credentials_page(report: Mapping[str, Any], template: Path = DEFAULT) -> str:
    """The page.

    :param report: as in _credentials/report.py.
    :raises InputError: the template is missing or wrong.
    """
    return page(template, "mail_credentials_template", {
        "report": report, "time_line": time_line(report) if report["moment"] else None,
        "ends": ends, "hosts": hosts, "made_by": made_by, "step": step,
    })
