"""JSON as it comes from outside."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: bytes | str) -> Any:
    """What the text says.

    :raises ValueError: if it is no JSON, or nested more deeply than anything that the faces know.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
