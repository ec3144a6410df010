# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all applications; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _identity
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import each
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import Run
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import this_run
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import (
    AT_ONCE,
    EstateStep,
    Keeper,
    grouped,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import entry_name


class ActionModule(EstateStep):
    """Each application is a transaction of its own; those that sign in alike share a client."""

    STEP, NOUN = "identity", "applications"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **EstateStep.OPTIONS,
        "state": {"choices": ["present", "absent"], "default": "present"},
    }

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep."""
        keepers, verdicts = self.keepers(wanted)
        verdicts |= self._unprovable(keepers) if args["state"] == "present" else self.used_elsewhere(wanted)
        able = {name: wanted[name] for name in wanted if name not in verdicts}
        with self.progress(len(able)) as progress:
            run = Run({"run": secrets.token_hex(8), **this_run()}, progress.say, asyncio.sleep)
            for names in grouped(able, lambda one: (one["identity"], one["entra"])):
                work = {name: (able[name], keepers[name]) for name in names}
                verdicts |= self.together(names, self._together(args["state"], work, run, progress))
        if args["state"] == "absent" and not self.check_mode:
            self._forget_people([name for name in able if not verdicts[name]["failed"]], keepers)
        return verdicts

    @staticmethod
    def _forget_people(names: Iterable[str], keepers: Mapping[str, Keeper]) -> None:
        """Who had signed in to an application that is no more: what is left of that is of no use to anybody."""
        for keeper in map(keepers.__getitem__, names):
            name = entry_name(keeper.name)
            with suppress(StoreError):
                held = keeper.store.read([name])[name]
                if held.entry:
                    keeper.store.write(name, {}, held.revision)

    def _unprovable(self, keepers: Mapping[str, Keeper]) -> dict[str, Verdict]:
        """What cannot be stored must not be made."""
        found: dict[str, Verdict] = {}
        stores = {keeper.store: keeper.store for keeper in keepers.values()}
        for store in stores:
            new = [name for name, keeper in keepers.items() if keeper.store is store and keeper.holds_no_credential]
            try:
                refused = store.prove([keepers[name].name for name in new]) if new else {}
            except StoreError as error:
                found |= {name: failure(error) for name in new}
            else:
                found |= {name: failure(refused[keepers[name].name]) for name in new if keepers[name].name in refused}
        return found

    async def _together(
        self, state: str, work: Mapping[str, tuple[Mapping[str, Any], Keeper]], run: Run, progress: Any
    ) -> dict[str, Verdict]:
        first, _keeper = next(iter(work.values()))
        kind = _identity.named(first["identity"])

        async with kind.client(self.connection(first["entra"])) as client:

            async def one(item: tuple[Mapping[str, Any], Keeper]) -> Verdict:
                given, keeper = item
                application = {**given, "account": self.resolved(given.get("account", {}))}
                if state == "absent":
                    return await kind.absent(client, application, keeper, check_mode=self.check_mode)
                return await kind.present(client, application, keeper, run, check_mode=self.check_mode)

            return await each(work, one, at_once=AT_ONCE, progress=progress)
