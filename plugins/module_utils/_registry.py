# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is added to the collection by adding one file: found by the file's name, so that no table has to be edited."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import did_you_mean, nearest_of


def names(folders: Iterable[str]) -> list[str]:
    """The names of a package's modules, those with a leading underscore left out.

    :param folders: the package's ``__path__``.
    """
    # The folder is one in an archive where Ansible has sent a module to another machine.
    return sorted(module.name for module in iter_modules(list(folders)) if not module.name.startswith("_"))


def named(package: str, folders: Iterable[str], name: str, what: str) -> ModuleType:
    """The module of that name in a package.

    :param package: its full name; ``folders`` as in names.
    :param what: what the modules are, for the message.
    :raises InputError: there is none.
    """
    known = names(folders)
    if name not in known:
        nearest = did_you_mean(nearest_of(name, known))
        raise InputError(f"{name!r} is no {what}{nearest}; known: {', '.join(known)}.")
    return import_module(f"{package}.{name}")
