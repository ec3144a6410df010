# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The encoding of an XML file, as .NET's reader finds it: byte order mark, first character, declaration.

Source: DetectEncoding and CheckEncoding in XmlTextReaderImpl of .NET's System.Xml. Where mark and declaration
contradict each other, it fails or reads something else, depending on which they are; such a file is refused.
"""

from __future__ import annotations

import re

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARKS

# Without a mark, UTF-16 is told by the first character, which can only be "<".
_FIRST_BYTES = (*MARKS, (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARATION = re.compile(r"""\ufeff?<\?xml\s+version\s*=\s*["'][^"']*["']\s+encoding\s*=\s*["']([^"']*)["']""")
_LONGEST_DECLARATION = 512
# With one byte a character, Python and .NET have the same tables; with more they differ.
_SINGLE_BYTE = re.compile(r"us-ascii|iso-8859-(?:[1-9]|13|15)|windows-125[0-8]")
_REMEDY = "Save the file as UTF-8, and let its declaration say so; nothing was changed."


def decode(data: bytes) -> tuple[str, str]:
    """Text, with its byte order mark if there is one, and the encoding that turns it back into the same bytes.

    What that encoding lacks, the error handler "xmlcharrefreplace" writes as a character reference.

    :raises InputError: the encoding is not known for sure, or the bytes are not in it.
    """
    seen = next((name for first, name in _FIRST_BYTES if data.startswith(first)), "")
    found = _DECLARATION.match(data[:_LONGEST_DECLARATION].decode(seen or "latin-1", "ignore"))
    declared = found[1].lower() if found else ""
    encoding = declared if not seen and _SINGLE_BYTE.fullmatch(declared) else seen or "utf-8"
    if declared not in ("", encoding, encoding.removesuffix("-le").removesuffix("-be")):
        raise InputError(
            f"its declaration says encoding={declared!r}; it looks like {encoding.upper()}, or that encoding is not "
            "understood.", remedy=_REMEDY,
        )
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start} is not {encoding.upper()}.", remedy=_REMEDY) from error
