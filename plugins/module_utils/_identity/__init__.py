# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The kinds of identities by which a product signs in for mail, one module each, found by its name.

A kind is a module with the three functions of :class:`Kind`. What an application is in it, its transaction alone knows;
the store's entry holds what it gives: the facts, and the credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Keeper
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import Run
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict


class Kind(Protocol):
    """What a kind of identity does."""

    def client(self, options: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
        """What its transactions are handed: the way to the service, for the options of ``mail_entra``.

        :raises ModernAuthError: they make no sense, or a library is missing.
        """

    async def present(
        self, client: Any, wanted: Mapping[str, Any], keeper: Keeper, run: Run, *, check_mode: bool
    ) -> Verdict:
        """Make one application what the plan says, and keep its credential before anything else.

        :param wanted: one of the ``applications`` of _plan/estate.py, its ``account`` with the values of secrets.
        :returns: with ``client_id`` (None if it is not known yet) and ``granted``, names of permissions.
        """

    async def absent(self, client: Any, wanted: Mapping[str, Any], keeper: Keeper, *, check_mode: bool) -> Verdict:
        """Take one application away, and what the store knows of it."""


def named(name: str) -> Kind:
    """The kind of that name.

    :raises InputError: there is none.
    """
    return cast(Kind, registry.named(__name__, __path__, name, "kind of identity"))
