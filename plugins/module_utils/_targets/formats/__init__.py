# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The formats of the files in which products keep their settings; one module a format, found by its name. All pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry


class Format(Protocol):
    """How settings stand in a file. What is foreign in it stays as it is, byte for byte."""

    @property
    def EMPTY(self) -> bytes | None:
        """What a file that is not there yet starts from; None if it has to be there."""

    def read(self, content: bytes, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the file says at the places that settings name, as its reader sees it; None if it says nothing.

        :raises InputError: the content cannot be understood.
        """

    def render(self, content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
        """The content with these settings and everything else as it was; the same content if they hold already.

        :param create: add what is missing, where that is not done anyway.
        :raises InputError: the content cannot be understood, or must not be changed.
        """

    def changes(self, before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
        """Two texts for a person to read in a diff, without secrets."""


def names() -> list[str]:
    """All formats."""
    return registry.names(__path__)


def named(name: str) -> Format:
    """The format of that name.

    :raises InputError: there is none.
    """
    return cast(Format, registry.named(__name__, __path__, name, "format"))
