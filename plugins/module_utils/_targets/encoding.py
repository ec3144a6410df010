# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Bytes of a configuration file to text and back without losing one."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

# The byte order mark stays in the text as its first character, so that encoding restores it.
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MARK = "\ufeff"


def decode(data: bytes) -> tuple[str, str]:
    """Text, with its byte order mark if there is one, and the encoding that turns it back into the same bytes.

    :raises InputError: the bytes are in no encoding that can be known for sure.
    """
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is not {encoding.upper()}.",
            remedy="Save the file as UTF-8, or as UTF-16 with a byte order mark.",
        ) from error


def edited(data: bytes, edit: Callable[[str], str]) -> bytes:
    """The bytes after an edit of their text, in the encoding that they had.

    :raises InputError: as decode.
    """
    text, encoding = decode(data)
    return edit(text).encode(encoding)
