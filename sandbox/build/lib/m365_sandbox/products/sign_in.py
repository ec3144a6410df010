"""Sign in as each server's product would: ``python -m m365_sandbox.products.sign_in DIRECTORY FILE...``.

DIRECTORY is the folder of the sandbox, each FILE an ICI server's configuration keys. Prints a line for each file that
gets no token, with the reason of the token endpoint; the exit code says whether there was one.
"""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from m365_sandbox.products import ici

SCOPE = "https://graph.microsoft.com/.default"


def refusal(credentials: ici.Credentials, environment: Mapping[str, str], tls: ssl.SSLContext) -> str | None:
    """Why the credentials get no token, in the words of the token endpoint; None if they get one.

    :param environment: what ``m365-sandbox env`` tells.
    """
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": credentials.client_id,
        "client_secret": credentials.client_secret, "scope": SCOPE,
    }).encode()
    address = f"{environment['AZURE_AUTHORITY_HOST']}/{credentials.tenant_id}/oauth2/v2.0/token"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, form), context=tls, timeout=30) as answer:
            json.load(answer)["access_token"]
    except urllib.error.HTTPError as error:
        return str(json.load(error)["error_description"])
    return None


def refusals(directory: Path, files: list[Path]) -> dict[Path, str]:
    """The reason for each file whose credentials get no token."""
    environment = json.loads((directory / "env.json").read_text("utf-8"))
    tls = ssl.create_default_context(cafile=environment["MAILOPS_CA_FILE"])
    answers = {path: refusal(ici.read(path), environment, tls) for path in files}
    return {path: reason for path, reason in answers.items() if reason is not None}


def main() -> int:
    """Run the command."""
    directory, *files = map(Path, sys.argv[1:])
    found = refusals(directory, files)
    for path, reason in found.items():
        print(f"{path}: {reason}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
