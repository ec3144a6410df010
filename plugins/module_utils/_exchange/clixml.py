# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Windows PowerShell writes on standard error, for a person to read. Pure."""

from __future__ import annotations

import html
import re

_MARK = "#< CLIXML"
_ERROR = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def readable(output: bytes) -> str:
    """The error texts in CLIXML, whose beginning may have been cut off; any other output as it is."""
    text = output.decode("utf-8", "replace").strip()
    errors = _ERROR.findall(text)
    if not errors:
        return "" if _MARK in text or "</Objs>" in text else text
    plain = "".join(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), html.unescape(error)) for error in errors)
    return "\n".join(line.rstrip() for line in plain.splitlines() if line.strip())
