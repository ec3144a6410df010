"""The same applications made by this collection and by azure.azcollection, side by side."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from estate import Estate
from far_names import far_names
from measured import Cost
from playbook_environment import REPOSITORY

HERE = Path(__file__).parent
LIBRARIES = REPOSITORY / "tests" / "azure_libraries"
PERMISSIONS = [{"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": []}]


def made_here(estate: Estate, number: int) -> Cost:
    """What this collection takes for a number of applications, each with consent and a secret in the store."""
    return estate.run(str(HERE / "identity.yml"), *_given(estate, number), **estate.sandbox.env)


def made_there(estate: Estate, number: int) -> Cost:
    """What azure.azcollection takes, without consent and store, which it leaves to others."""
    env = estate.sandbox.env
    ports = {
        name: urlsplit(env[variable]).port or 443
        for name, variable in (
            ("login.microsoftonline.com", "AZURE_AUTHORITY_HOST"), ("graph.microsoft.com", "MAILOPS_GRAPH_ENDPOINT"),
        )
    }
    signed_in = {
        "AZURE_TENANT": env["AZURE_TENANT_ID"], "AZURE_CLIENT_ID": env["AZURE_CLIENT_ID"],
        "AZURE_SECRET": env["AZURE_CLIENT_SECRET"], "AZURE_SUBSCRIPTION_ID": env["AZURE_TENANT_ID"],
    }
    with far_names(ports, env["MAILOPS_CA_FILE"], estate.home) as client:
        return estate.run(
            str(HERE / "azcollection.yml"), *_given(estate, number), PYTHONPATH=os.fspath(LIBRARIES), **client,
            **signed_in,
        )


def _given(estate: Estate, number: int) -> list[str]:
    given = estate.home / "applications.json"
    given.write_text(json.dumps({"applications": [_application(estate, one) for one in range(number)]}), "utf-8")
    return ["-e", f"@{given}"]


def _application(estate: Estate, number: int) -> dict[str, Any]:
    return {
        "unique_name": f"application-{number}", "display_name": f"Application {number}", "environment": "prod",
        "permissions": PERMISSIONS, "exclusive": False, "secret": {"lifetime": "180d"},
        "entra": {"tenant_id": estate.sandbox.env["AZURE_TENANT_ID"]},
        "store": {
            "kind": "ansible_vault", "path": str(estate.directory / "applications.yml"),
            "password_file": str(estate.directory / "vault-password"),
        },
    }
