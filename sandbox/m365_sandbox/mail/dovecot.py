"""Dovecot as the mailbox store: its configuration, and its life as a supervised child process.

Dovecot never runs as root here: its login and mail processes refuse to. An ordinary user runs it as himself. For root
it runs as the distribution's own unprivileged user with the one capability that lets it into root's folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
import pwd
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from m365_sandbox.state.files import write_private

log = logging.getLogger(__name__)

UNPRIVILEGED_USER = "dovecot"
MASTER_USER = "master"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
# A socket's path has to fit into 108 bytes; Dovecot's own names below its base folder need up to 30 of them.
LONGEST_BASE = 70


class DovecotError(Exception):
    """Dovecot is not installed, did not become ready, or ended by itself; the message says where to look."""


@dataclass(frozen=True)
class Paths:
    """Where one instance's Dovecot keeps what; ``base`` is for sockets and may lie elsewhere (see ``LONGEST_BASE``)."""

    home: Path
    base: Path

    @property
    def configuration(self) -> Path:
        return self.home / "dovecot.conf"

    @property
    def master_password(self) -> Path:
        return self.home / "master"

    @property
    def process_id(self) -> Path:
        return self.home / "pid"

    @property
    def log(self) -> Path:
        return self.home / "dovecot.log"

    @property
    def mail(self) -> Path:
        return self.home / "mail"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def imap(self) -> Path:
        return self.base / "sandbox-imap"

    @property
    def pop3(self) -> Path:
        return self.base / "sandbox-pop3"

    @property
    def lmtp(self) -> Path:
        return self.base / "sandbox-lmtp"


def configuration(paths: Paths, user: str, group: str, special_folders: Mapping[str, str | None]) -> str:
    """dovecot.conf for an instance that runs entirely as one user, on unix sockets only."""
    folders = "".join(
        f'  mailbox "{name}" {{\n    auto = subscribe\n' + (f"    special_use = {use}\n" if use else "") + "  }\n"
        for name, use in special_folders.items()
    )
    return f"""\
base_dir = {_quoted(paths.base)}
state_dir = {_quoted(paths.state)}
log_path = {_quoted(paths.log)}
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1

disable_plaintext_auth = no
auth_mechanisms = plain
passdb {{
  driver = passwd-file
  args = {_quoted(paths.master_password, expanded=True)}
  master = yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = allow_all_users=yes
}}

mail_home = {_quoted(paths.mail, expanded=True)[:-1]}/%u"
mail_location = sdbox:~
mail_max_userip_connections = 0
mail_fsync = never
lmtp_add_received_header = no
lmtp_hdr_delivery_address = none

namespace inbox {{
  inbox = yes
  separator = /
{folders}}}

service anvil {{
  chroot =
}}
service ipc {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = 0
  }}
  unix_listener {paths.imap.name} {{
    mode = 0600
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = 0
  }}
  unix_listener {paths.pop3.name} {{
    mode = 0600
  }}
}}
service lmtp {{
  unix_listener {paths.lmtp.name} {{
    mode = 0600
  }}
}}
"""


def _base(home: Path) -> Path:
    """Where the sockets go: into the home, or else where temporary files are, of which $TMPDIR may be as deep."""
    name = f"m365-sandbox-{secrets.token_hex(8)}"
    places = (home, Path(tempfile.gettempdir()) / name, Path("/tmp") / name)
    return next((one / "run" for one in places if len(os.fsencode(one / "run")) <= LONGEST_BASE), places[-1] / "run")


class Dovecot:
    """One supervised Dovecot.

    :param home: its folder inside the instance's folder; everything that has to survive a restart is in there.
    :param folders: what every mailbox has from the start: name -> special use.
    """

    def __init__(self, home: Path, folders: Mapping[str, str | None]) -> None:
        self._folders = folders
        base = _base(home)
        self._borrowed_base = base.parent != home
        self.paths = Paths(home, base)
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._failure: str | None = None

    @property
    def status(self) -> str:
        """``running``, ``stopped``, or why it failed."""
        if self._failure is not None:
            return self._failure
        return "running" if self._process is not None else "stopped"

    def master_password(self) -> str:
        """The password of the master user, who may open every account."""
        return self.paths.master_password.read_text("utf-8").split("{PLAIN}", 1)[1].strip()

    async def start(self) -> None:
        """Start and wait until it serves; DovecotError if it does not."""
        await self._end_predecessor()
        self._failure = None
        command = self._prepare()
        with self.paths.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        self._watcher = asyncio.create_task(self._watch(self._process))
        ready = False
        try:
            self.paths.process_id.write_text(f"{self._process.pid}\n", "ascii")
            async with asyncio.timeout(START_SECONDS):
                await self._wait_until_ready()
            ready = True
        except TimeoutError as error:
            reason = f"Dovecot did not become ready in {START_SECONDS:.0f} s; see {self.paths.log}"
            raise DovecotError(reason) from error
        finally:
            if not ready:
                await self.stop()

    async def stop(self) -> None:
        """End the process that ``start`` started, with its children; nothing if there is none."""
        process, watcher = self._process, self._watcher
        self._process = self._watcher = None
        if watcher is not None:
            watcher.cancel()
        if process is not None and process.returncode is None:
            # The whole group: the master alone would wait a second for its children.
            os.killpg(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        self.paths.process_id.unlink(missing_ok=True)
        if self._borrowed_base:
            shutil.rmtree(self.paths.base.parent, ignore_errors=True)

    def _prepare(self) -> list[str]:
        """Write the files; give back the command."""
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise DovecotError("Dovecot is not installed; install dovecot-imapd, dovecot-pop3d and dovecot-lmtpd")
        paths = self.paths
        as_root = os.geteuid() == 0
        try:
            account = pwd.getpwnam(UNPRIVILEGED_USER) if as_root else pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise DovecotError(f"Dovecot needs a user that the system knows: {error}") from error
        group = account.pw_gid if as_root else os.getegid()
        paths.home.mkdir(mode=0o700, exist_ok=True)
        if self._borrowed_base:
            paths.base.parent.mkdir(mode=0o700, exist_ok=True)
        for folder in (paths.base, paths.state, paths.mail):
            # The folder around them is private; Dovecot insists on a base that others may enter.
            folder.mkdir(mode=0o755, exist_ok=True)
            if as_root:
                os.chown(folder, account.pw_uid, group)
        if not paths.master_password.exists():
            write_private(paths.master_password, f"{MASTER_USER}:{{PLAIN}}{secrets.token_urlsafe(32)}\n".encode())
        text = configuration(paths, account.pw_name, grp.getgrgid(group).gr_name, self._folders)
        write_private(paths.configuration, text.encode())
        command = [program, "-F", "-c", str(paths.configuration)]
        if as_root:
            command = [
                "setpriv", f"--reuid={account.pw_uid}", f"--regid={group}", "--clear-groups",
                "--inh-caps=+dac_override", "--ambient-caps=+dac_override", *command,
            ]
        return command

    async def _wait_until_ready(self) -> None:
        while not await self._answers():
            if self._failure is not None:
                raise DovecotError(self._failure)
            await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        """Whether a whole sign-in process chain is up: the greeting comes from a login process, not from the master."""
        try:
            reader, writer = await asyncio.open_unix_connection(self.paths.imap)
        except OSError:
            return False
        greeting = await reader.readline()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return greeting.startswith(b"* OK")

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        self._failure = f"Dovecot ended by itself with status {status}; see {self.paths.log}"
        self._process = None
        log.error("%s", self._failure)

    async def _end_predecessor(self) -> None:
        """End the Dovecot of a sandbox that was killed: it holds the mailboxes' locks."""
        try:
            process_id = int(self.paths.process_id.read_text("ascii"))
        except (OSError, ValueError):
            return
        if os.fsencode(self.paths.configuration) not in _command_of(process_id):
            return
        log.warning("Ending Dovecot %d, which an earlier sandbox left behind", process_id)
        os.killpg(process_id, signal.SIGTERM)
        await asyncio.to_thread(_wait_for_end, process_id)


def _quoted(path: Path, *, expanded: bool = False) -> str:
    """A path as dovecot.conf takes it; where Dovecot expands ``%u`` and the like, its own percent signs are doubled."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("%", "%%") if expanded else text}"'


def _command_of(process_id: int) -> list[bytes]:
    """The command line of a process; empty when it is gone or a zombie."""
    try:
        return [part for part in Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0") if part]
    except OSError:
        return []


def _wait_for_end(process_id: int) -> None:
    """Poll, because only a parent can wait for a process."""
    deadline = time.monotonic() + STOP_SECONDS
    while _command_of(process_id):
        if time.monotonic() > deadline:
            raise DovecotError(f"Dovecot {process_id} of an earlier sandbox does not end")
        time.sleep(0.02)
