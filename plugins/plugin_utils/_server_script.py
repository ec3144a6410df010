# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on a server, which needs nothing but Ansible's Python (3.8 or later): it looks at files and replaces them.

Its source and then one request come on standard input, so that nothing of either ever stands in a temporary file or on
a command line; see _server.py, which sends them. The answer is the last line of standard output: MARK and JSON.

    {"do": "look", "files": [FILE], "marker": PATH or null, "program": name or null, "tidy": bool}
    {"do": "states", "files": [{"path", "account"}]}
    {"do": "write", "files": [FILE with "content" and "expected"], "marker": PATH or null}
    {"do": "finish", "loads": [LOAD], "restart": [argv] or [], "marker": PATH}
    {"do": "run", "argv": [argv], "stdin": text}

A FILE is {"path", "mode", "owner", "group", "backup"}, a LOAD {"path", "load": [argv], "check": [argv], "environment"}.

Files belong to people who may be anybody, and the script often runs as root, so nothing that they can lay out leads it
astray: links are followed one by one, folders are held open, a file is replaced and never written into, and no program
that a file contains is run as anybody but the file's owner.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Request: TypeAlias = dict[str, Any]
    # Mode, owner and group of a file; the group of a new file may be the system's choice.
    Rights: TypeAlias = tuple[int, int, int | None]

MARK = "mailops-answer "
# No configuration file comes near this; what does is a device, or made to fill our memory.
LARGEST = 16 << 20
# What is repeated of a program's output, in bytes, and how long a file may take to load, in seconds.
OUTPUT, PATIENCE = 8192, 60
_FLAGS = 0x80086601 if struct.calcsize("l") == 8 else 0x80046601  # FS_IOC_GETFLAGS, see ioctl_iflags(2)
_IMMUTABLE, _APPEND = 0x10, 0x20
_HOLD = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


class Problem(Exception):
    """Something that cannot be done, for the other side to put into words."""

    def __init__(self, kind: str, place: str, **more: object) -> None:
        super().__init__(kind)
        self.told = dict(more, kind=kind, place=place)


class Place:
    """Where a file is: its folder, held open, and its name there.

    A link is followed only if root or the caller laid it, or if its owner owns what it leads to as well: anybody else
    could have the caller write into another's file.
    """

    def __init__(self, path: str) -> None:
        ahead = os.path.abspath(os.path.expanduser(path)).split("/")[:0:-1]
        self.folder, self.name = os.open("/", _HOLD), ""
        self._trail: list[str] = []
        owners, followed = set(), 0
        while ahead:
            name = ahead.pop()
            if name in ("", "."):
                continue
            if name == "..":
                self._enter(name)
                self._trail = self._trail[:-1]
                continue
            found = self._stat(name)
            if found is not None and stat.S_ISLNK(found.st_mode):
                followed += 1
                if followed > 40:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                if found.st_uid not in (0, os.geteuid()):
                    owners.add(found.st_uid)
                target = os.readlink(name, dir_fd=self.folder)
                if target.startswith("/"):
                    self._enter("/")
                    self._trail = []
                ahead.extend(reversed(target.split("/")))
            elif ahead:
                self._enter(name)
                self._trail.append(name)
            else:
                self.name = name
        self.path = "/" + "/".join([*self._trail, self.name])
        reached = self.stat() or os.fstat(self.folder)
        if not self.name or (stat.S_ISDIR(reached.st_mode) and self.stat()):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        for owner in owners - {reached.st_uid}:
            raise Problem("foreign_link", path, owner=user_name(owner), target=self.path)

    def _enter(self, name: str) -> None:
        try:
            entered = os.open(name, _HOLD | (0 if name == "/" else os.O_NOFOLLOW), dir_fd=self.folder)
        except OSError as error:
            error.filename = "/" + "/".join([*self._trail, name])
            raise
        os.close(self.folder)
        self.folder = entered

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def stat(self) -> os.stat_result | None:
        """The file's status; None if there is no file."""
        return self._stat(self.name)

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """A file in the folder, never through a link."""
        try:
            return os.open(
                name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK, mode, dir_fd=self.folder
            )
        except OSError as error:
            error.filename = self.path
            raise

    def read(self) -> tuple[bytes, os.stat_result] | None:
        """The file's content and its status; None if there is no file."""
        found = self.stat()
        if found is None:
            return None
        # Opening alone can have an effect on a device.
        if not stat.S_ISREG(found.st_mode):
            raise Problem("no_file", self.path)
        with os.fdopen(self.open(self.name, os.O_RDONLY), "rb") as reader:
            found = os.fstat(reader.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Problem("no_file", self.path)
            if found.st_size > LARGEST:
                raise Problem("too_large", self.path)
            return reader.read(LARGEST), found

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self.folder)


def user_name(number: int) -> str:
    """A user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def number_of(kind: str, name: str) -> int:
    """The number of a user or a group that is given by name or number."""
    if str(name).isdigit():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid if kind == "owner" else grp.getgrnam(name).gr_gid
    except KeyError:
        raise Problem("unknown_" + kind, name) from None


def rights(file: Request, found: os.stat_result | None) -> Rights:
    """Mode, owner and group that a file shall have; what is new is its owner's alone."""
    mode = file["mode"]
    if mode is None:
        mode = stat.S_IMODE(found.st_mode) if found else 0o600
    owner = number_of("owner", file["owner"]) if file["owner"] is not None else found.st_uid if found else os.geteuid()
    group = number_of("group", file["group"]) if file["group"] is not None else found.st_gid if found else None
    return mode, owner, group


def same_rights(wanted: Rights, found: os.stat_result) -> bool:
    """Whether a file has them."""
    return (stat.S_IMODE(found.st_mode), found.st_uid) == wanted[:2] and wanted[2] in (None, found.st_gid)


# -- looking -----------------------------------------------------------------------------------------------------------


def look(request: Request) -> Request:
    """What files hold, what rights they have, and what stands in the way of replacing them."""
    files = []
    for file in request["files"]:
        place = Place(file["path"])
        try:
            there = place.read()
            found = there[1] if there else None
            if request["tidy"]:
                tidy(place)
            answer: Request = {
                "content": base64.b64encode(there[0]).decode() if there else None, "problem": None, "as_wanted": False,
                "links": found.st_nlink if found else 0, "real": place.path,
            }
            try:
                wanted = rights(file, found)
                answer["as_wanted"] = found is not None and same_rights(wanted, found)
                must_be_replaceable(place, found, wanted)
            except Problem as problem:
                answer["problem"] = problem.told
            files.append(answer)
        finally:
            place.close()
    return {
        "files": files, "marker": request["marker"] is not None and marked(request["marker"]),
        "program": program(request["program"]) if request["program"] is not None else None,
    }


def must_be_replaceable(place: Place, found: os.stat_result | None, wanted: Rights) -> None:
    """Raise the first thing that is in the way; what only writing shows is not found."""
    folder = os.path.dirname(place.path) or "/"
    if found and place.path in mount_points():
        raise Problem("mount", place.path)
    if found:
        must_not_be_frozen(place, place.name, place.path)
    must_not_be_frozen(place, ".", folder)
    room = os.fstatvfs(place.folder)
    if room.f_flag & os.ST_RDONLY:
        raise Problem("errno", folder, errno="EROFS", words=os.strerror(errno.EROFS))
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=place.folder, effective_ids=True):
        raise Problem("folder", folder, user=user_name(os.geteuid()))
    blocks = room.f_bfree if os.geteuid() == 0 else room.f_bavail
    if blocks * room.f_frsize < (found.st_size if found else 0) + 4096 or (room.f_files and not room.f_ffree):
        raise Problem("errno", folder, errno="ENOSPC", words=os.strerror(errno.ENOSPC))
    me, above = os.geteuid(), os.fstat(place.folder)
    if me == 0:
        return
    if found and above.st_mode & stat.S_ISVTX and me not in (found.st_uid, above.st_uid):
        raise Problem("sticky", folder, owner=user_name(found.st_uid))
    if wanted[1] != me:
        raise Problem("owner", place.path, owner=user_name(wanted[1]), user=user_name(me))
    if wanted[2] not in (None, os.getegid()) and wanted[2] not in os.getgroups():
        raise Problem("group", place.path, group=wanted[2], user=user_name(me))


def must_not_be_frozen(place: Place, name: str, path: str) -> None:
    """Raise if the attributes that chattr sets forbid it; not every file system has any."""
    try:
        file = place.open(name, os.O_RDONLY)
    except OSError:
        return
    try:
        flags = struct.unpack("l", fcntl.ioctl(file, _FLAGS, struct.pack("l", 0)))[0]
    except OSError:
        return
    finally:
        os.close(file)
    if flags & (_IMMUTABLE | _APPEND):
        raise Problem("immutable" if flags & _IMMUTABLE else "append_only", path)


def mount_points() -> set[str]:
    """Where something is mounted."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            points = [line.split(" ")[4] for line in lines]
    except OSError:
        return set()
    return {re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point) for point in points}


def states(request: Request) -> Request:
    """When files were written last, and whether an account may read them."""
    files = []
    for file in request["files"]:
        try:
            place = Place(file["path"])
        except FileNotFoundError:
            found = None
        else:
            found = place.stat()
            place.close()
        files.append({
            "written": moment(found.st_mtime) if found else None, "now": moment(time.time()),
            "readable": may_read(place.path, file["account"]) if found and file["account"] else None,
        })
    return {"files": files}


def moment(seconds: float) -> str:
    """A time as text, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def may_read(path: str, account: str) -> bool | None:
    """Whether an account may read a file, by trying it as that account; None if the caller cannot become it."""
    number = number_of("owner", account)
    if os.geteuid() not in (0, number):
        return None
    process = os.fork()
    if process == 0:
        try:
            if os.geteuid() != number:
                known = user_name(number)
                group = pwd.getpwuid(number).pw_gid if known != str(number) else number
                os.setgroups([]) if known == str(number) else os.initgroups(known, group)
                os.setgid(group)
                os.setuid(number)
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(process, 0)[1] == 0


def program(name: str) -> Request:
    """Where a program is that ``run`` would start, and whether the caller may execute it; it is not started."""
    return {
        "name": name, "path": shutil.which(name, os.F_OK), "executable": shutil.which(name) is not None,
        "user": user_name(os.geteuid()),
    }


# -- writing -----------------------------------------------------------------------------------------------------------


def write(request: Request) -> Request:
    """Replace files, and remember before the first one that the product has to be told."""
    if request["marker"] is not None:
        mark(request["marker"])
    backups = []
    for file in request["files"]:
        place = Place(file["path"])
        try:
            tidy(place)
            backups.append(replace(place, file))
        except OSError as error:
            error.filename = place.path
            raise
        finally:
            place.close()
    return {"backups": backups}


def replace(place: Place, file: Request) -> str | None:
    """Put a file with the content in the place of the one that was looked at; gives the copy of that one, if wanted."""
    content = base64.b64decode(file["content"])
    there = place.read()
    if file["expected"] != (hashlib.sha256(there[0]).hexdigest() if there else None):
        raise Problem("changed", place.path)
    found = there[1] if there else None
    wanted = rights(file, found)
    must_be_replaceable(place, found, wanted)
    backup = None
    if file["backup"] and there and found:
        name = f"{place.name}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~"
        laid(place, name, there[0], (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), found)
        backup = os.path.join(os.path.dirname(place.path), name)
    laid(place, place.name, content, wanted, found)
    after = place.read()
    if after is None or after[0] != content or not same_rights(wanted, after[1]):
        raise Problem("other_content", place.path)
    return backup


def laid(place: Place, name: str, content: bytes, wanted: Rights, found: os.stat_result | None) -> None:
    """Put a file into the folder, whole or not at all; a process that is killed leaves no more than tidy clears."""
    new = f"{beginning(place)}{os.urandom(8).hex()}.mailops"
    file = place.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if found:
            keep_attributes(place, file)
        if os.fstat(file).st_uid != wanted[1] or wanted[2] is not None:
            os.fchown(file, wanted[1], -1 if wanted[2] is None else wanted[2])
        os.fchmod(file, wanted[0])
        ahead = memoryview(content)
        while ahead:
            ahead = ahead[os.write(file, ahead) :]
        os.fsync(file)
        os.rename(new, name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    finally:
        # Once it has its name, there is nothing to remove.
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=place.folder)
        os.close(file)
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=place.folder)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def keep_attributes(place: Place, file: int) -> None:
    """Give a new file the labels and access lists of the one that it replaces, as far as that is allowed."""
    if not hasattr(os, "listxattr"):
        return
    old = place.open(place.name, os.O_RDONLY)
    try:
        for name in os.listxattr(old):
            with contextlib.suppress(OSError):
                os.setxattr(file, name, os.getxattr(old, name))
    finally:
        os.close(old)


def beginning(place: Place) -> str:
    """How the names of new files start until they are whole; a name has at most 255 bytes."""
    return f".{os.fsdecode(os.fsencode(place.name)[:200])}."


def tidy(place: Place) -> None:
    """Remove what a killed run left. Whoever still writes holds a lock."""
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=place.folder)
    except OSError:
        return
    try:
        names = os.listdir(folder)
    finally:
        os.close(folder)
    for name in names:
        if re.fullmatch(re.escape(beginning(place)) + r"[0-9a-f]{16}\.mailops", name):
            try:
                left = place.open(name, os.O_RDONLY)
            except OSError:
                continue
            try:
                with contextlib.suppress(OSError):
                    fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=place.folder)
            finally:
                os.close(left)


# -- telling the product -----------------------------------------------------------------------------------------------


def marked(path: str) -> bool:
    """Whether a run has changed files and not come to its end."""
    place = Place(path)
    try:
        return place.stat() is not None
    finally:
        place.close()


def mark(path: str) -> None:
    """Remember that the product has to be told, also if this process is killed."""
    place = Place(path)
    try:
        os.close(place.open(place.name, os.O_WRONLY | os.O_CREAT))
    finally:
        place.close()


def unmark(path: str) -> None:
    """The product was told."""
    place = Place(path)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.name, dir_fd=place.folder)
    finally:
        place.close()


def finish(request: Request) -> Request:
    """Load files as the product does, restart it, and forget that this was to be done; stops at the first failure."""
    loads = []
    for one in request["loads"]:
        loads.append(load(one))
        if loads[-1]["code"]:
            return {"loads": loads, "restart": None}
    restart = run(request["restart"], None, dict(os.environ), None, None) if request["restart"] else None
    if request["marker"] is not None and (restart is None or restart["code"] == 0):
        unmark(request["marker"])
    return {"loads": loads, "restart": restart}


def load(one: Request) -> Request:
    """Let a program load a file as the file's owner. As root, or as somebody else, it only checks the syntax."""
    place = Place(one["path"])
    try:
        found = place.stat()
    finally:
        place.close()
    if found is None:
        raise Problem("gone", one["path"])
    me, owner = os.geteuid(), found.st_uid
    as_owner = owner != 0 and me in (0, owner)
    home = pwd.getpwuid(owner).pw_dir if as_owner and user_name(owner) != str(owner) else "/"
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8"}
    environment.update(one["environment"])
    argv = one["load"] if as_owner else one["check"]
    done = run(argv, None, environment, found if as_owner and me == 0 else None, os.path.dirname(one["path"]))
    return dict(done, how="loaded" if as_owner else "checked", owner=user_name(owner))


def run(
    argv: list[str], stdin: str | None, environment: dict[str, str], user: os.stat_result | None, folder: str | None
) -> Request:
    """Run a program.

    Its output goes to files that have no name, so that a program which stays in the background holds up nobody.
    The code is null if there is no such program.

    :param user: the status of a file: run as its owner, within bounds, and end what is left of it.
    """
    def become() -> None:
        if user is None:
            return
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        name = user_name(user.st_uid)
        group = pwd.getpwuid(user.st_uid).pw_gid if name != str(user.st_uid) else user.st_gid
        os.setgroups([]) if name == str(user.st_uid) else os.initgroups(name, group)
        os.setgid(group)
        os.setuid(user.st_uid)

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, stdout=output, stderr=errors,
                env=environment, cwd=folder, preexec_fn=become, start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as error:
            return {"code": None, "output": "", "errors": f"{argv[0]}: {error.strerror}"}
        try:
            process.communicate(None if stdin is None else stdin.encode(), timeout=PATIENCE if user else None)
        except subprocess.TimeoutExpired:
            errors.write(b"it did not end within %d seconds" % PATIENCE)
        finally:
            if user is not None or process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        told = []
        for stream in (output, errors):
            stream.seek(0)
            told.append(stream.read(OUTPUT if stream is errors else LARGEST).decode("utf-8", "replace"))
        return {"code": process.returncode, "output": told[0], "errors": told[1]}


def main() -> None:
    """Answer the request."""
    def end(number: int, _frame: object) -> None:
        # As an exception, so that nothing half written stays.
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    length = int(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read(length)
    # Whoever sent it may have been killed within it.
    if len(data) < length:
        raise SystemExit(1)
    request = json.loads(data.decode())
    deeds = {"look": look, "states": states, "write": write, "finish": finish}
    try:
        if request["do"] == "run":
            answer = run(request["argv"], request["stdin"], dict(os.environ), None, None)
        else:
            answer = deeds[request["do"]](request)
    except Problem as problem:
        answer = {"problem": problem.told}
    except OSError as error:
        name = errno.errorcode.get(error.errno, "") if error.errno else ""
        answer = {"problem": {
            "kind": "errno", "place": str(error.filename or ""), "errno": name, "words": error.strerror or str(error),
        }}
    sys.stdout.write("\n" + MARK + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
