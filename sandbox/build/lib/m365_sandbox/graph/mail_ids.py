"""Ids of messages and folders: opaque, URL-safe, case-sensitive. Pure.

A message's ordinary id names its place (folder, validity of the folder's UIDs, UID), so it changes when the message
moves; the immutable one names the message [GC:outlook-immutable-id].
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

from m365_sandbox.graph.errors import GraphError

# Makes the text begin with AAMk, as people know it from Exchange.
_PREFIX = b"\x00\x03\x24"
_FOLDER, _PLACE, _IMMUTABLE = 1, 2, 3
_PLACE_FORMAT = struct.Struct(">16sIQ")
_GUID_BYTES = 16
ROOT_FOLDER = bytes(_GUID_BYTES)


@dataclass(frozen=True)
class Place:
    """Where a message is."""

    folder_guid: bytes
    uid_validity: int
    uid: int


def encode_folder(guid: bytes) -> str:
    """The id of a folder from its 16 bytes."""
    return _encode(_FOLDER, guid)


def encode_message(place: Place, guid: bytes, *, immutable: bool) -> str:
    """The id of a message: of its place, or of the message itself by its 16 bytes."""
    if immutable:
        return _encode(_IMMUTABLE, guid)
    return _encode(_PLACE, _PLACE_FORMAT.pack(place.folder_guid, place.uid_validity, place.uid))


def decode_folder(text: str) -> bytes:
    """The folder's 16 bytes; GraphError 400 for what is no id."""
    kind, content = _decode(text)
    if kind != _FOLDER or len(content) != _GUID_BYTES:
        raise malformed_id()
    return content


def decode_message(text: str) -> Place | bytes:
    """A place, or the 16 bytes of an immutable id; GraphError 400 for what is no id."""
    kind, content = _decode(text)
    if kind == _IMMUTABLE and len(content) == _GUID_BYTES:
        return content
    if kind == _PLACE and len(content) == _PLACE_FORMAT.size:
        return Place(*_PLACE_FORMAT.unpack(content))
    raise malformed_id()


def malformed_id() -> GraphError:
    """The mailbox's refusal of an id that it cannot read."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def _encode(kind: int, content: bytes) -> str:
    return base64.urlsafe_b64encode(_PREFIX + bytes((kind,)) + content).decode("ascii")


def _decode(text: str) -> tuple[int, bytes]:
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise malformed_id() from error
    # Base64 has spellings that decode alike; only the canonical one is an id, or a wrong case could pass.
    if not raw.startswith(_PREFIX) or len(raw) <= len(_PREFIX) or base64.urlsafe_b64encode(raw).decode() != text:
        raise malformed_id()
    return raw[len(_PREFIX)], raw[len(_PREFIX) + 1:]
