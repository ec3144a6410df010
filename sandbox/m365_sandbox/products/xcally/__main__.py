"""``m365-sandbox serve NAME -- m365-sandbox-xcally``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from m365_sandbox.products.xcally import FOLDER, NODE_MODULES, missing


def main() -> None:
    """Become the server; a line says what is missing, if something is."""
    parser = argparse.ArgumentParser(prog="m365-sandbox-xcally", description="A stand-in of XCALLY Motion.")
    parser.add_argument(
        "--node-modules", type=Path, default=NODE_MODULES, metavar="D", help="where its packages are, if elsewhere",
    )
    parser.add_argument("--lists", type=int, default=1, metavar="N", help="how many contact lists there are at least")
    options = parser.parse_args()
    if (reason := missing(options.node_modules)) is not None:
        sys.exit(f"XCALLY Motion's stand-in is not complete: {reason}")
    # Node.js takes further authorities only when it starts.
    told = {
        "NODE_PATH": str(options.node_modules), "NODE_EXTRA_CA_CERTS": os.environ["MAILOPS_CA_FILE"],
        "M365_SANDBOX_SERVER_LISTS": str(options.lists),
    }
    os.execvpe("node", ["node", str(FOLDER / "server.js")], {**os.environ, **told})


if __name__ == "__main__":
    main()
