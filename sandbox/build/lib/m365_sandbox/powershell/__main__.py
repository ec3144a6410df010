"""The ``pwsh`` look-alike: takes PowerShell's command line, as far as the collection uses it."""

from __future__ import annotations

import argparse
import base64
import binascii
import os
import sys

from m365_sandbox.powershell.shipped import is_loader
from m365_sandbox.powershell.stand_in import AlienScript, run

REFUSED = 64


def main() -> int:
    """Run one session on standard input and output; gives back the exit code, 64 for any other script."""
    parser = argparse.ArgumentParser(prog="m365-sandbox-pwsh", allow_abbrev=False, description=__doc__)
    for switch in ("-NoLogo", "-NoProfile", "-NonInteractive"):
        parser.add_argument(switch, action="store_true", required=True)
    parser.add_argument("-ExecutionPolicy", choices=["Bypass"])
    parser.add_argument("-EncodedCommand", required=True)
    options = parser.parse_args()
    try:
        loader = base64.b64decode(options.EncodedCommand, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        loader = ""
    if not is_loader(loader):
        return _refuse()
    try:
        run(sys.stdin, sys.stdout, os.environ)
    except AlienScript:
        return _refuse()
    except BrokenPipeError:
        return 1
    return 0


def _refuse() -> int:
    print("This stand-in for PowerShell runs the session script of mailops.modern_auth only.", file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
