"""A stand-in of XCALLY Motion: its API, the sign-in of its cloud providers, its mail.

It is written for Node.js, with the packages that ``package-lock.json`` names, since no client of ours shall be its own
judge: nodemailer and imapflow send and read. Whoever has neither can have everything else of the sandbox.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

FOLDER = Path(__file__).parent
NODE_MODULES = Path(os.environ.get("M365_SANDBOX_NODE_MODULES") or FOLDER / "node_modules")


def missing(node_modules: Path = NODE_MODULES) -> str | None:
    """What has to be installed before it can run, with the command; None if all is there."""
    if shutil.which("node") is None:
        return "Node.js is not on the path; install version 20 or later, with npm"
    if not (node_modules / "nodemailer").is_dir():
        return (
            f"its packages are not in {node_modules}; name their folder with --node-modules, or install them with: "
            f"npm ci --prefix {shlex.quote(str(FOLDER))}"
        )
    return None
