# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product is told of Microsoft's cloud because it signs in there itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def cloud_of(entra: Mapping[str, Any], problems: list[str]) -> Cloud:
    """The cloud; what is wrong with it is appended to the problems, and another one given.

    :param entra: what was read of ``mail_entra``.
    """
    try:
        return cloud_from(entra)
    except InputError as error:
        problems.append(f"mail_entra.{error.message}")
        return cloud_from({})
