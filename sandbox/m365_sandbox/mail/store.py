"""The mailbox store that a provider's faces share: Dovecot, reached by LMTP for delivery and by IMAP for the rest."""

from __future__ import annotations

import asyncio
import base64
import imaplib
import secrets
import shutil
import smtplib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from m365_sandbox.mail.concurrency import Concurrency
from m365_sandbox.mail.dovecot import MASTER_USER, Dovecot
from m365_sandbox.mail.folders import FOLDERS
from m365_sandbox.mail.mailbox import Mailbox, StoreError
from m365_sandbox.mail.message import prepend
from m365_sandbox.mail.pace import Pace, RecipientRate
from m365_sandbox.mail.relaying import Stream
from m365_sandbox.state.files import write_private

Result = TypeVar("Result")

_WORKERS = 16
_READ_LIMIT = 1 << 16
_LMTP_SECONDS = 60.0


class MailStore:
    """The mailboxes of one instance, by the names that ``mailbox["store"]`` holds. An account exists by being used.

    Mail for addresses outside of the tenant never leaves the machine: it ends as a file in the folder ``outbound``.

    ``graph_calls`` is the mailbox servers' limit on what one application asks through Graph, ``submission_pace`` and
    ``recipient_rate`` those on what leaves a mailbox by SMTP.

    :param directory: the instance's folder; the store keeps everything below ``outbound/`` and a folder of its own.
    :param name: of that folder.
    :param folders: what every mailbox has from the start, beside its inbox: name -> special use.
    """

    def __init__(
        self, directory: Path, name: str = "dovecot", folders: Mapping[str, str | None] = FOLDERS
    ) -> None:
        self._dovecot = Dovecot(directory / name, folders)
        self._outbound = directory / "outbound"
        self.graph_calls = Concurrency()
        self.submission_pace = Pace()
        self.recipient_rate = RecipientRate()
        # Wiping what nobody has used is not worth a restart of Dovecot. Mails may be left from an earlier life.
        self._is_used = True
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="mailbox-store")

    @property
    def status(self) -> str:
        """``running``, ``stopped``, or why the store failed."""
        return self._dovecot.status

    async def start(self) -> None:
        """Start and wait for readiness; DovecotError with the reason if that fails."""
        await self._dovecot.start()

    async def stop(self) -> None:
        """End it; the mails stay."""
        await self._dovecot.stop()

    async def wipe(self) -> None:
        """Remove every mail and every folder, and the outbound spool. Open IMAP and POP3 sessions end.

        What has failed runs again afterwards.
        """
        self.submission_pace.clear()
        self.recipient_rate.clear()
        await self._in_thread(partial(shutil.rmtree, self._outbound, ignore_errors=True))
        if self._is_used or self.status != "running":
            await self.stop()
            await self._in_thread(partial(shutil.rmtree, self._dovecot.paths.mail, ignore_errors=True))
            self._is_used = False
            await self.start()

    async def deliver(self, stores: Sequence[str], message: bytes, *, sender: str = "") -> None:
        """Put a message into the inboxes of these accounts.

        :param message: RFC 5322 with CRLF line ends.
        :param sender: the envelope's sender, which becomes the Return-Path; empty for reports.
        :raises StoreError: if it could not be delivered to all of them.
        """
        await self._in_thread(lambda: self._deliver(stores, message, sender))

    async def spool(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Keep a message for addresses outside of the tenant as ``outbound/*.eml``, with its envelope on top."""
        await self._in_thread(lambda: self._spool(sender, recipients, message))

    async def outbound(self) -> list[tuple[float, bytes]]:
        """What was kept for addresses outside of the tenant, the oldest first: when (seconds since 1970), and what."""
        return await self._in_thread(self._read_outbound)

    async def run(self, store: str, work: Callable[[Mailbox], Result]) -> Result:
        """Open an account and let ``work`` do blocking operations on it in a worker thread; gives back its result."""
        return await self._in_thread(lambda: self._run(store, work))

    async def open_session(self, protocol: Literal["imap", "pop3"], store: str) -> Stream:
        """A connection on which Dovecot already takes the client for the owner of the account.

        The next byte to read is the answer to the next byte written. StoreError if Dovecot refuses.
        """
        self._is_used = True
        path = self._dovecot.paths.imap if protocol == "imap" else self._dovecot.paths.pop3
        credentials = base64.b64encode(f"{store}\0{MASTER_USER}\0{self._dovecot.master_password()}".encode())
        command, success = (
            (b"sandbox AUTHENTICATE PLAIN ", b"sandbox OK") if protocol == "imap" else (b"AUTH PLAIN ", b"+OK")
        )
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=_READ_LIMIT)
        except OSError as error:
            raise StoreError(f"The mailbox store is {self.status}") from error
        await reader.readline()
        writer.write(command + credentials + b"\r\n")
        while (answer := await reader.readline()).startswith(b"*"):
            pass
        if not answer.startswith(success):
            writer.close()
            raise StoreError(answer.decode("utf-8", "replace").strip() or "The mailbox store closed the connection")
        return reader, writer

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)

    def _run(self, store: str, work: Callable[[Mailbox], Result]) -> Result:
        self._is_used = True
        try:
            mailbox = Mailbox(self._dovecot.paths.imap, store, self._dovecot.master_password())
            try:
                return work(mailbox)
            finally:
                mailbox.close()
        except (imaplib.IMAP4.error, OSError) as error:
            raise StoreError(f"The mailbox store is {self.status}: {error}") from error

    def _spool(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        envelope = [f"X-Envelope-From: {sender}", *(f"X-Envelope-To: {address}" for address in recipients)]
        try:
            self._outbound.mkdir(mode=0o700, exist_ok=True)
            write_private(self._outbound / f"{time.time_ns()}-{secrets.token_hex(4)}.eml", prepend(message, envelope))
        except OSError as error:
            raise StoreError(f"The message cannot be kept: {error.strerror}") from error

    def _read_outbound(self) -> list[tuple[float, bytes]]:
        try:
            return [(path.stat().st_mtime, path.read_bytes()) for path in sorted(self._outbound.glob("*.eml"))]
        except OSError as error:
            raise StoreError(f"The outbound spool cannot be read: {error.strerror}") from error

    def _deliver(self, stores: Sequence[str], message: bytes, sender: str) -> None:
        self._is_used = True
        try:
            with smtplib.LMTP(str(self._dovecot.paths.lmtp), timeout=_LMTP_SECONDS) as lmtp:
                for store in stores:
                    # One at a time: LMTP answers the end of the data once per recipient, smtplib reads one answer.
                    lmtp.sendmail(sender, [store], message)
        except (OSError, smtplib.SMTPException) as error:
            raise StoreError(f"Delivery failed: {error}") from error
