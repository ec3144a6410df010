# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The formats of the files in which products keep their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._products import ici
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import commonjs, environment


class Format(Protocol):
    """How settings stand in a file's text; one module a format implements it. All pure."""

    @property
    def EMPTY(self) -> str | None:
        """What a file that is not there yet starts from; None if it has to be there."""

    def render(self, content: str, settings: Mapping[str, Any], *, create: bool = False) -> str:
        """The text with these settings and everything else as it was; the same text if they hold already.

        :param create: add what is missing, where that is not done anyway.
        :raises InputError: the text cannot be understood, or must not be changed.
        """

    def changes(self, before: str, after: str, settings: Mapping[str, Any]) -> tuple[str, str]:
        """Two texts for a person to read in a diff, without secrets."""


FORMATS: Mapping[str, Format] = {"ici": ici, "commonjs": commonjs, "environment": environment}
