# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An action as stores see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.parsing.dataloader import DataLoader


@dataclass
class PlainController:
    """Has what a test gives it.

    :param loader: without vault passwords, unless a test sets them.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    check_mode: bool = False
    loader: Any = field(default_factory=DataLoader)
