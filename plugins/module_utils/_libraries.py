# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Python libraries that are not installed."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def require(missing: Mapping[str, str]) -> None:
    """See that nothing is missing.

    :param missing: the traceback of each failed import, by the requirement as pip takes it.
    :raises InputError: naming all that is missing at once, and the command that installs it.
    """
    if not missing:
        return
    raise InputError(
        f"Python libraries are missing on {platform.node()}: {', '.join(missing)}.",
        remedy=f"Install them: {shlex.join([sys.executable, '-m', 'pip', 'install', *missing])}",
        details={"exception": "\n".join(missing.values())},
    )
