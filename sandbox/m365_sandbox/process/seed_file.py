"""The file that ``m365-sandbox seed`` takes: YAML, of which JSON is a part. What it may say is the control face's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from m365_sandbox.state.clock import timestamp


class SeedFileError(Exception):
    """The file cannot be read; the message says why."""


def read(path: Path) -> Any:
    """The content of a seed file, as JSON can hold it.

    :raises SeedFileError: there is no such file, or it is neither YAML nor JSON.
    """
    try:
        return json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=_text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, ValueError) as error:
        raise SeedFileError(f"{path} cannot be read: {error}") from error


def _text(value: object) -> str:
    """A moment, which YAML knows and JSON does not."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return timestamp(value)
    raise TypeError(f"put {value} in quotes, if it is meant to be text")
