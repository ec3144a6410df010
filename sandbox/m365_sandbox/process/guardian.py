"""Runs a product's server, and ends it when the sandbox's process has ended, by whatever.

``python -m m365_sandbox.process.guardian THE_SANDBOXS_PID_FILE OWN_PID_FILE COMMAND...``, which is what
``m365-sandbox serve`` runs. It imports little, as there is one for each server.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from m365_sandbox.process.pid_file import AlreadyRunning, PidFile


def main() -> int:
    """Run until the server, the sandbox or a signal ends it; gives back the server's exit code."""
    sandbox, own, *command = sys.argv[1:]
    try:
        # The server holds the file as well, so that it counts as running for as long as either of the two does.
        with PidFile(Path(own)).hold() as descriptor:
            server = subprocess.Popen(command, pass_fds=(descriptor,))
            signal.signal(signal.SIGTERM, lambda *_: server.terminate())
            threading.Thread(target=_end_with, args=(PidFile(Path(sandbox)), server), daemon=True).start()
            return server.wait()
    except AlreadyRunning:
        print(f"Another process holds {own}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 1


def _end_with(sandbox: PidFile, server: subprocess.Popen[bytes]) -> None:
    sandbox.wait_for_its_end()
    server.terminate()


if __name__ == "__main__":
    sys.exit(main())
