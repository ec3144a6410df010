"""Faults on request: what goes wrong on which requests, and how often.

This module decides. ``http.middleware`` acts for the HTTP faces, a mail face for itself; whoever reads the tenant asks
``replication_lag``, and whoever can refuse what is asked for ``refusal``.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

HTTP_FACES = ("identity", "graph", "outlook", "google")
#: What each can do to whoever connects; refusals come later.
MAIL_FACES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("smtp", "gmail_smtp"), ("unavailable", "disconnect")),
    **dict.fromkeys(("imap", "pop3", "gmail_imap", "gmail_pop3"), ("disconnect",)),
}
KINDS = ("latency", "throttle", "unavailable", "disconnect", "replication_lag", "refuse")
MOMENTS = ("before", "after")


class FaultError(ValueError):
    """A description of a fault that makes no sense; the message says what is wrong with it."""


@dataclass
class Fault:
    """One fault.

    ``kind``: ``latency`` (``seconds`` before the answer), ``throttle`` (429), ``unavailable`` (``status``, 503 unless
    told otherwise; 421 to whoever connects to a mail face), ``disconnect`` (the TCP connection is cut without an
    answer), ``replication_lag`` (reads answer as of ``seconds`` ago), ``refuse`` (the provider's refusal with ``code``,
    in the face's own form). ``rate`` is the share of matching requests that it hits. ``path`` is a regular expression
    searched for in the path, ``methods`` the HTTP methods (all when null). ``count`` is how often it still strikes
    (without end when null). ``retry_after`` is sent word for word, so it may be fractional. ``when``: before the
    request is handled, or after it took effect but before the answer. ``seed`` makes the choice of requests repeatable.
    """

    face: str
    kind: str
    rate: float = 1.0
    seconds: float = 0.0
    retry_after: str | None = None
    status: int = 503
    path: str | None = None
    methods: list[str] | None = None
    count: int | None = None
    when: str = "before"
    seed: int | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        _check(
            self.face in (*HTTP_FACES, *MAIL_FACES), f"face must be one of {', '.join((*HTTP_FACES, *MAIL_FACES))}"
        )
        _check(self.kind in KINDS, f"kind must be one of {', '.join(KINDS)}")
        _check(_is_number(self.rate) and 0 <= self.rate <= 1, "rate must be a number from 0 to 1")
        _check(_is_number(self.seconds) and self.seconds >= 0, "seconds must be a number that is not negative")
        _check(
            self.retry_after is None or isinstance(self.retry_after, str), 'retry_after must be text such as "2.128"'
        )
        _check(self.status in (500, 502, 503, 504), "status must be 500, 502, 503 or 504")
        _check(self.path is None or _is_pattern(self.path), "path must be a regular expression")
        _check(
            self.methods is None or (
                isinstance(self.methods, list) and all(isinstance(name, str) for name in self.methods)
            ),
            "methods must be a list of HTTP methods",
        )
        _check(self.count is None or (type(self.count) is int and self.count > 0), "count must be a positive integer")
        _check(self.when in MOMENTS, f"when must be one of {', '.join(MOMENTS)}")
        _check(self.seed is None or type(self.seed) is int, "seed must be an integer")
        _check(
            self.seconds > 0 or self.kind not in ("latency", "replication_lag"), f"{self.kind} needs seconds"
        )
        _check(
            self.when == "before" or self.kind in ("unavailable", "disconnect"),
            "only unavailable and disconnect can happen after the effect",
        )
        _check(
            isinstance(self.code, str) if self.kind == "refuse" else self.code is None,
            "refuse needs a code, which is text, and nothing else has one",
        )
        if self.face in MAIL_FACES:
            kinds = (*MAIL_FACES[self.face], "refuse")
            _check(
                self.kind in kinds and self.when == "before" and self.path is None and self.methods is None,
                f"{self.face} knows {', '.join(kinds)}, and no path, methods and after",
            )
        self._random = random.Random(self.seed)

    def strikes(self, face: str, method: str, path: str) -> bool:
        """Whether this request is one that the fault hits; counts it if so."""
        if face != self.face or self.count == 0:
            return False
        if self.methods is not None and method.upper() not in (name.upper() for name in self.methods):
            return False
        if self.path is not None and re.search(self.path, path) is None:
            return False
        if self._random.random() >= self.rate:
            return False
        if self.count is not None:
            self.count -= 1
        return True


class Faults:
    """The faults in force. The mail faces run threads, hence the lock.

    :param refusals: the codes with which each face can be made to refuse.
    """

    def __init__(self, refusals: Mapping[str, Collection[str]] | None = None) -> None:
        self._refusals = refusals or {}
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, description: Any) -> Fault:
        """Put a fault in force.

        :param description: the properties of ``Fault`` as JSON holds them.
        :raises FaultError: for an unknown property, a missing one or a bad value.
        """
        if not isinstance(description, dict):
            raise FaultError("a fault is a JSON object")
        known = [field.name for field in fields(Fault)]
        if unknown := [name for name in description if name not in known]:
            raise FaultError(f"unknown property {', '.join(unknown)}; known are {', '.join(known)}")
        if missing := [name for name in ("face", "kind") if name not in description]:
            raise FaultError(f"missing property {', '.join(missing)}")
        fault = Fault(**description)
        codes = self._refusals.get(fault.face, ())
        possible = f"code must be one of {', '.join(codes)}" if codes else f"{fault.face} refuses with no code"
        _check(fault.code is None or fault.code in codes, possible)
        with self._lock:
            self._faults.append(fault)
        return fault

    def dump(self) -> list[dict[str, Any]]:
        """Every fault in force, as JSON can hold it."""
        return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults.clear()

    def take(self, face: str, method: str, path: str, kinds: Collection[str]) -> list[Fault]:
        """The faults of the given kinds that hit this request, in the order in which they were added.

        Graph asks for ``("throttle", "unavailable")`` for each request inside a ``$batch``.
        """
        with self._lock:
            return [fault for fault in self._faults if fault.kind in kinds and fault.strikes(face, method, path)]

    def refusal(self, face: str, codes: Collection[str], method: str = "", path: str = "") -> str | None:
        """The code with which this request is refused, or None.

        :param codes: those that can be said to it.
        """
        with self._lock:
            return next((
                fault.code for fault in self._faults
                if fault.kind == "refuse" and fault.code in codes and fault.strikes(face, method, path)
            ), None)

    def replication_lag(self, face: str, method: str, path: str) -> float:
        """How many seconds ago the tenant is seen as by this read; 0 when nothing delays it."""
        return max((fault.seconds for fault in self.take(face, method, path, ("replication_lag",))), default=0.0)


def _check(good: bool, message: str) -> None:
    if not good:
        raise FaultError(message)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return True
