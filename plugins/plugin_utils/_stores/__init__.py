# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The kinds of stores of credentials, each a file of this package that is called as ``mail_store_kind`` is.

A kind's file has a class ``Store`` as :class:`_contract.Store` describes it. It is found by its name, so a further kind
is one more file. What begins with an underscore is no kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import choice, read
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    Controller,
    Held,
    Store,
    Surroundings,
)

__all__ = ["Controller", "Held", "Store", "comparable", "kinds", "open_store", "options_of"]

#: What is used unless ``mail_store_kind`` says otherwise.
DEFAULT = "ansible_vault"


def kinds() -> list[str]:
    """The names of all kinds."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def open_store(options: Mapping[str, Any], controller: Controller) -> Store:
    """The store that the options describe.

    :param options: ``kind`` and what that kind takes, every reference resolved.
    :raises InputError: there is no such kind, or it does not take such options.
    """
    store = _kind(options.get("kind"), "store.kind")
    problems: list[str] = []
    clean = read(store.OPTIONS, {name: value for name, value in options.items() if name != "kind"}, "store", problems)
    _refuse(problems)
    return store(clean, controller)


def options_of(
    variables: Mapping[str, Any], *, folder: str, exists: Callable[[str], bool] = os.path.exists
) -> dict[str, Any]:
    """The options of the store that a host's variables name, for a plan: secrets in it are references.

    :param variables: the host's, with Ansible's own ``inventory_hostname``, ``inventory_dir`` and ``playbook_dir``.
    :param folder: where the user runs Ansible.
    :param exists: whether there is something at a path.
    :raises InputError: they make no sense; a line for each variable.
    """
    kind = variables.get("mail_store_kind")
    name = DEFAULT if kind is None else str(kind)
    problems: list[str] = []
    options = _kind(name, "mail_store_kind").of(variables, Surroundings(folder, exists), problems)
    _refuse(problems)
    return {"kind": name, **options}


def comparable(options: Any) -> Any:
    """A plan's options without the hosts that its references name: equal for hosts that use the same store."""
    if not isinstance(options, Mapping):
        return options
    if set(options) == {"variable", "host"}:
        return {"variable": options["variable"]}
    return {name: comparable(value) for name, value in options.items()}


def _kind(name: Any, path: str) -> type[Store]:
    try:
        choice(*kinds())(name)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    store: type[Store] = import_module(f"{__name__}.{name}").Store
    return store


def _refuse(problems: list[str]) -> None:
    if problems:
        raise InputError("\n".join(problems))
