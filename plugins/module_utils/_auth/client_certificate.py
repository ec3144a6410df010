# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for an application with a certificate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._application import (
    ApplicationTokens,
    application,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


def source(options: Mapping[str, Any], connections: Connections) -> ApplicationTokens:
    """The application whose certificate and private key are in the file of the option ``certificate_path``."""
    path = Path(required(options, "certificate_path", "client_certificate"))
    password = options.get("certificate_password")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"certificate_path: {path} cannot be read ({error.strerror}).") from error
    credential: dict[str, Any] = {"passphrase": password} if password else {}
    if path.suffix.lower() in (".pfx", ".p12"):
        credential["private_key_pfx_path"] = str(path)
    else:
        blocks = [(match[1], match[0]) for match in _PEM_BLOCK.finditer(content.decode("utf-8", "replace"))]
        keys = [text for label, text in blocks if label.endswith("PRIVATE KEY")]
        certificates = [text for label, text in blocks if label == "CERTIFICATE"]
        if not keys or not certificates:
            raise InputError(
                f"certificate_path: {path} has to hold a private key and its certificate, both in PEM form.",
                remedy="Put both into the file, or give a .pfx or .p12 file.",
            )
        credential |= {"private_key": keys[0], "public_certificate": certificates[0]}
    return application(options, connections, "client_certificate", credential, content.hex())


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic."""
    return bool(options.get("certificate_path"))
