# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a mailbox gives back when it is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe


@dataclass(frozen=True)
class Found:
    """The probe in a mailbox.

    :param folder: the folder's name, as the service calls it.
    :param key: by what the mailbox knows the message.
    :param header: the message's header.
    :param is_junk: whether the folder is the one for junk mail.
    """

    folder: str
    key: str
    header: bytes = field(repr=False)
    is_junk: bool = False


class Mailbox(Protocol):
    """A mailbox that can be searched; one file a protocol implements it.

    :ivar where: as messages name it: "host:port", or Microsoft Graph's endpoint.
    :ivar folders: the folders that ``find`` looks into, for messages.
    :ivar is_encrypted: whether the connection is protected by TLS; known once it was made.
    """

    where: str
    folders: str
    is_encrypted: bool | None

    async def open(self) -> None:
        """Sign in and open the inbox, which a good sign-in alone does not promise.

        :raises Refused, Deferred: if the service says no.
        :raises TransportError: if it cannot be reached.
        """

    async def find(self, probe: Probe) -> list[Found]:
        """The probe, once for each copy; empty if it is not there yet. Raises like ``open``."""

    async def remove(self, copies: Sequence[Found]) -> None:
        """Delete what ``find`` just found, for good. Raises like ``open``."""

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """Delete the copy in the sender's folder for sent mail.

        :param mailbox: the sender's mailbox.
        :returns: how many were deleted; None if this mailbox cannot do that. Raises like ``open``.
        """

    async def close(self) -> None:
        """Sign out. Never fails."""
