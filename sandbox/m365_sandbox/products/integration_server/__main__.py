"""``m365-sandbox serve NAME -- m365-sandbox-integration-server --version 10.15``."""

from __future__ import annotations

import argparse
import logging
import os
import ssl
from pathlib import Path

import uvicorn

from m365_sandbox.products.integration_server.app import integration_server
from m365_sandbox.products.integration_server.release import VERSIONS, Release


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(
        prog="m365-sandbox-integration-server", description="A stand-in of Integration Server.",
    )
    parser.add_argument("--version", choices=VERSIONS, default=VERSIONS[-1])
    parser.add_argument("--core-fix", type=int, default=0, metavar="N", help="the Core Fix that is installed")
    given = parser.parse_args()
    own = {name: os.environ[f"M365_SANDBOX_SERVER_{name}"] for name in (
        "PORT", "FOLDER", "USERNAME", "PASSWORD", "CERTIFICATE", "KEY",
    )}
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = integration_server(
        Release(given.version, given.core_fix), Path(own["FOLDER"]),
        ssl.create_default_context(cafile=os.environ["MAILOPS_CA_FILE"]), own["USERNAME"], own["PASSWORD"],
    )
    uvicorn.run(
        app, host="127.0.0.1", port=int(own["PORT"]), ssl_certfile=own["CERTIFICATE"], ssl_keyfile=own["KEY"],
        log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
