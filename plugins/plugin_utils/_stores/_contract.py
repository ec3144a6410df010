# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every kind of store is, and what the kinds share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, checked
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, mapping, read, text


class Controller(Protocol):
    """What a store may use of the action that opens it."""

    @property
    def loader(self) -> Any:
        """Ansible's DataLoader, which has the vault passwords of the run."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of Ansible."""

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed, not even to prove that it could be."""


class Held:
    """What a store holds under a name.

    :param problem: why that cannot be used. It is raised when somebody asks for it, so that what is wrong with one
        application's entry is nobody else's failure.
    """

    def __init__(self, entry: Entry, revision: str, problem: StoreError | None = None) -> None:
        self._entry, self._revision = entry, revision
        self.problem = problem

    @property
    def entry(self) -> Entry:
        """The entry; ``{}`` if there is none.

        :raises StoreError: it cannot be used.
        """
        if self.problem:
            raise self.problem
        return self._entry

    @property
    def revision(self) -> str:
        """Stands for the entry as it was read; '' if there never was one.

        :raises StoreError: the entry cannot be used.
        """
        if self.problem:
            raise self.problem
        return self._revision


def unusable(problem: StoreError) -> Held:
    """What is held where it cannot be used."""
    return Held({}, "", problem)


@dataclass(frozen=True)
class Surroundings:
    """What the defaults of a store's options depend on, besides a host's variables.

    :param folder: where the user runs Ansible.
    :param exists: whether there is something at a path.
    """

    folder: str
    exists: Callable[[str], bool]


class Store(Protocol):
    """A kind of store.

    :param options: as ``OPTIONS`` says, read by it.
    """

    #: The options that the kind takes.
    OPTIONS: ClassVar[Table]

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None: ...

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """The options that a host's variables ask for; secrets are references to the variables.

        :param problems: what is wrong with a variable is appended, with its path.
        """

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """Return if the entries of these applications can be read and written, as much as may have to be.

        :returns: the applications that cannot be kept although others can, and why.
        :raises StoreError: nothing can be kept.
        """

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """What is held of each of the applications.

        :raises StoreError: nothing can be read.
        """

    def names(self) -> Sequence[str]:
        """The applications of which something is held, as far as the store lets itself be listed.

        :raises StoreError: nothing can be read.
        """

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """Replace the entry that has the revision; gives the revision of the new one.

        :raises StoreError: it cannot be written; with the ``code`` "conflict" if it has another revision by now.
        """


def conflict(name: str) -> StoreError:
    """The refusal to overwrite what another run wrote."""
    return StoreError(
        f"Another run has changed what the store holds of the application '{name}' since this one read it.",
        code="conflict", remedy="Run again when the other run has ended; nothing was overwritten.",
    )


def in_shape(entry: Any, name: str, place: str, remedy: str) -> Entry:
    """The entry, if it is one.

    :param place: where the store is, for the message.
    :raises StoreError: it has not the shape of one; no value is repeated.
    """
    try:
        return checked(entry)
    except ValueError as error:
        raise StoreError(
            f"What {place} holds of the application '{name}' cannot be used: {error}.", code="damaged", remedy=remedy
        ) from None


#: How to sign in, in the words of whoever is signed in to.
CONNECTION = Key(mapping, secret=True)


def environment(variables: Mapping[str, Any], problems: list[str]) -> str:
    """The word for a host's environment, of which the defaults of places are made; '' if there is a problem."""
    table = {"mail_environment": Key(text, required=True)}
    return str(read(table, {name: variables.get(name) for name in table}, "", problems).get("mail_environment", ""))


def referred(given: Mapping[str, Any], variable: str, host: str, plain: Collection[str]) -> dict[str, Any]:
    """The values of a variable that is a dictionary, those but the plain ones as references.

    :param plain: the keys that hold no secret, and may stand in a plan.
    """
    return {
        name: value if name in plain else {"variable": f"{variable}.{name}", "host": host}
        for name, value in given.items() if value is not None
    }
