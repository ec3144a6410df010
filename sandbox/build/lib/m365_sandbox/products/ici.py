"""What Icertis ICI does when it starts: it reads its configuration key and signs in with what stands there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "Platform.Email.ProviderConfiguration"


@dataclass(frozen=True)
class Credentials:
    """What the product signs in with."""

    tenant_id: str
    client_id: str
    client_secret: str


def read(path: Path) -> Credentials:
    """The credentials in a file of configuration keys.

    :raises KeyError: the file does not configure the provider GRAPH.
    :raises ValueError: the file holds no JSON.
    """
    keys = json.loads(path.read_text("utf-8-sig"))["ConfigurationKeys"]
    [value] = [key["Value"] for key in keys if key["Name"] == KEY]
    configuration: dict[str, Any] = json.loads(value or "{}")["configuration"]
    return Credentials(configuration["TenantId"], configuration["ClientId"], configuration["ClientSecret"])
