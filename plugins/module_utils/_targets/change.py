# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What has to be done to a target, whatever its kind: one contract and one result for all of them.

A kind is a module in kinds/, found by its name, with

    PORT                               the port through which it does its work: "server", after which the product is
                                       restarted, or "web", to which the product itself answers
    Target                             a dataclass as below, whose fields are the options of a target, see plans.py
    look(targets, port, known)         what is there, for each of the targets, in as few requests as possible;
                                       ``known`` are the fingerprints of the secrets written last, by the targets' names
    write(writes, port)                writes and reads back; gives what a task tells further, as a dictionary, and in
                                       that as may be, by the targets' names, ``fingerprints`` of secrets for the store
                                       and ``after``: what is due still, and the sign-ins as they are then

The last two raise ModernAuthError. A target for which a person signs in has that person's ``account``, or ``sign_in``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn

Finding_contra = TypeVar("Finding_contra", contravariant=True)
Write = TypeVar("Write")


@dataclass(frozen=True)
class Change(Generic[Write]):
    """A target compared with what was found there.

    :param name: the target's name for people: a path, an address.
    :param before: what the target says, for a person to read, without secrets; ``after`` is what it shall say.
    :param warnings: what a person should know, whether something changes or not.
    :param write: what has to be written, as the target's kind wants it; None if everything is as it shall be.
    :param is_attempt: whether it shows only when it is tried that writing changes something.
    :param sign_in: for a target that is of use only once a person has signed in: whether that was done.
    """

    name: str
    before: str
    after: str
    warnings: tuple[str, ...] = ()
    write: Write | None = None
    is_attempt: bool = False
    sign_in: SignIn | None = None

    @property
    def changed(self) -> bool:
        """Whether something has to change."""
        return self.write is not None and not self.is_attempt

    def made(self, left: Change[Write] | None) -> Change[Write]:
        """The change once it is made.

        :param left: what is due of it still; None if nothing is said of that.
        """
        if left is None:
            return self
        if not self.is_attempt:
            return replace(self, sign_in=left.sign_in)
        return replace(self, is_attempt=left.write is not None, after=left.after, sign_in=left.sign_in)

    def diff(self) -> dict[str, str]:
        """One part of a diff, with a title."""
        return {"before_header": self.name, "after_header": self.name, "before": self.before, "after": self.after}

    def result(self) -> dict[str, Any]:
        """What a task tells of the target."""
        return {"name": self.name, "changed": self.changed}


class Target(Protocol[Finding_contra, Write]):
    """Something that is configured: plain data, in which no reference is left when it is compared."""

    @property
    def name(self) -> str:
        """For people."""

    def plan(self) -> dict[str, Any]:
        """The target as plain data, with its ``kind``."""

    def compare(self, found: Finding_contra) -> Change[Write]:
        """What has to be changed. Pure.

        :raises InputError: what was found cannot be understood, or cannot be changed; this is the preflight.
        """


def plan_of(target: Any, kind: str) -> dict[str, Any]:
    """A target, a dataclass, as plain data: its kind, and what is given of it."""
    return {"kind": kind, **{name: value for name, value in asdict(target).items() if value is not None}}


def about(name: str, error: ModernAuthError) -> ModernAuthError:
    """The error, with the name of the target that it is about."""
    error.message = f"Could not write the mail settings into {name}: {error.message}"
    return error


def together(errors: Sequence[ModernAuthError]) -> ModernAuthError:
    """One error for everything that stands in the way of a host's targets."""
    [first, *others] = errors
    return InputError("\n".join(error.result()["msg"] for error in errors), code=first.code) if others else first
