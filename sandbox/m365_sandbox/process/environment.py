"""The environment variables that point clients to an instance.

The process leaves them in the instance's folder (0600) when it is ready: for ``m365-sandbox env``, and for whatever can
read a file but not run a command, such as an Ansible inventory.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from m365_sandbox.google.key_files import JSON_FILE, P12_FILE
from m365_sandbox.powershell.engine import pwsh_program
from m365_sandbox.state.certificates import CA_FILE
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.faces import HOST, address
from m365_sandbox.state.files import write_private
from m365_sandbox.state.history import Entity
from m365_sandbox.state.seed import OPERATOR, READER, seeded_app_id
from m365_sandbox.state.tenant import Tenant
from m365_sandbox.winrm.host import USER, powershell_variables

FILE_NAME = "env.json"


def variables(tenant: Tenant, credentials: Credentials, ports: dict[str, int], directory: Path) -> dict[str, str]:
    """Name -> value. AZURE_* are the names that Azure's own tools read; they describe the operator's application."""
    return {
        "AZURE_TENANT_ID": tenant.tenant_id,
        "AZURE_CLIENT_ID": seeded_app_id(tenant, OPERATOR),
        "AZURE_CLIENT_SECRET": credentials.operator_secret,
        "AZURE_AUTHORITY_HOST": address("identity", ports["identity"]),
        "MAILOPS_GRAPH_ENDPOINT": address("graph", ports["graph"]),
        "MAILOPS_EXCHANGE_ENDPOINT": address("outlook", ports["outlook"]),
        "MAILOPS_EXCHANGE_ORGANIZATION": tenant.initial_domain,
        "MAILOPS_PWSH": pwsh_program(),
        **_powershell(ports, directory),
        "MAILOPS_CA_FILE": str(directory / CA_FILE),
        "M365_SANDBOX_DIRECTORY": str(directory),
        "M365_SANDBOX_HOST": HOST,
        "M365_SANDBOX_CONTROL_URL": address("control", ports["control"]),
        "M365_SANDBOX_ISSUER_URL": address("issuer", ports["issuer"]),
        "M365_SANDBOX_MANAGEMENT_URL": address("management", ports["management"]),
        "M365_SANDBOX_SMTP_PORT": str(ports["smtp"]),
        "M365_SANDBOX_SMTPS_PORT": str(ports["smtps"]),
        "M365_SANDBOX_RELAY_PORT": str(ports["relay"]),
        "M365_SANDBOX_IMAP_PORT": str(ports["imap"]),
        "M365_SANDBOX_POP3_PORT": str(ports["pop3"]),
        "M365_SANDBOX_WINRM_PORT": str(ports["winrm"]),
        "M365_SANDBOX_WINRM_USER": USER,
        "M365_SANDBOX_WINRM_PASSWORD": credentials.winrm_password,
        "M365_SANDBOX_READER_CLIENT_ID": seeded_app_id(tenant, READER),
        "M365_SANDBOX_READER_CLIENT_SECRET": credentials.reader_secret,
        "M365_SANDBOX_PROBE_PASSWORD": credentials.probe_password,
        "M365_SANDBOX_USER_PASSWORD": credentials.user_password,
        "M365_SANDBOX_RELAY_USER": credentials.relay_user,
        "M365_SANDBOX_RELAY_PASSWORD": credentials.relay_password,
    }


def google_variables(account: Entity, token_uri: str, ports: dict[str, int], directory: Path) -> dict[str, str]:
    """Name -> value of what clients of Google need.

    :param account: the seeded service account.
    """
    return {
        "MAILOPS_GOOGLE_TOKEN_URI": token_uri,
        "M365_SANDBOX_GOOGLE_KEY_FILE": str(directory / JSON_FILE),
        "M365_SANDBOX_GOOGLE_P12_FILE": str(directory / P12_FILE),
        "M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT": account["client_email"],
        "M365_SANDBOX_GOOGLE_CLIENT_ID": account["client_id"],
        **{f"M365_SANDBOX_{face.upper()}_PORT": str(ports[face])
           for face in ("gmail_smtp", "gmail_smtps", "gmail_imap", "gmail_pop3")},
    }


def _powershell(ports: dict[str, int], directory: Path) -> dict[str, str]:
    # The CA goes to clients by MAILOPS_CA_FILE: as SSL_CERT_FILE it would reach every other program of a shell too.
    found = powershell_variables(ports, directory)
    return {name: value for name, value in found.items() if name != "SSL_CERT_FILE"}


def write(values: dict[str, str], directory: Path) -> None:
    """Replace the folder's file."""
    write_private(directory / FILE_NAME, json.dumps(values, indent=1).encode())


def read(directory: Path) -> dict[str, str]:
    """What the process of the last start has left."""
    return dict(json.loads((directory / FILE_NAME).read_text("utf-8")))


def as_shell(values: dict[str, str]) -> str:
    """Lines that a POSIX shell can ``eval``."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
