# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report about credentials, for templates. Each filter is documented in a file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.page import page
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import table


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "mail_credentials_report": report,
            "mail_credentials_table": table,
            "mail_credentials_page": page,
        }
