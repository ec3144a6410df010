"""Runs a product's server, and ends it when the sandbox's process has ended, by whatever.

``python -m m365_sandbox.process.guardian DIRECTORY NAME COMMAND...``, which is what ``m365-sandbox serve`` runs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from m365_sandbox.process.folder import PID_FILE
from m365_sandbox.process.pid_file import AlreadyRunning, PidFile
from m365_sandbox.process.servers import server_pid_file


def main() -> int:
    """Run until the server, the sandbox or a signal ends it; gives back the server's exit code."""
    directory, name, *command = sys.argv[1:]
    try:
        # The server holds the file as well, so that it counts as running for as long as either of the two does.
        with server_pid_file(Path(directory), name).hold() as descriptor:
            server = subprocess.Popen(command, pass_fds=(descriptor,))
            signal.signal(signal.SIGTERM, lambda *_: server.terminate())
            threading.Thread(target=_end_with_the_sandbox, args=(Path(directory), server), daemon=True).start()
            return server.wait()
    except AlreadyRunning:
        print(f"Another process runs the server {name}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 1


def _end_with_the_sandbox(directory: Path, server: subprocess.Popen[bytes]) -> None:
    PidFile(directory / PID_FILE).wait_for_its_end()
    server.terminate()


if __name__ == "__main__":
    sys.exit(main())
