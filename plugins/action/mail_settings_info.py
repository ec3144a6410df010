# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, for each host over its connection; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    InputError,
    ModernAuthError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._https import HttpsClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import read
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS, present_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import Place
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import Reference, fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._servers import server_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step


class ActionModule(Step):
    """Look everywhere; what cannot be looked at, or is not understood, is told and fails nothing."""

    _requires_connection = True
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        variables = self.variables.of(str(self._task_vars["inventory_hostname"]))
        name = variables.known("mail_product")
        present = present_of(str(name))
        if present is None:
            known = [one for one in PRODUCTS if present_of(one)]
            raise InputError(f"mail_product: {name!r} is not one of {', '.join(known)}.")
        problems: list[str] = []
        # An inventory that says no more than where the product is will do.
        table = {key: replace(one, required=False) for key, one in PRODUCTS[str(name)].EXTRAS.items()}
        extras = read(table, variables.known(f"mail_{name}") or {}, f"mail_{name}", problems)
        found: dict[str, Any] = {}
        for place, content in self._looked(present.places(extras, problems), problems):
            try:
                found[place.target.name] = place.read(content)
            except ModernAuthError as error:
                problems.append(_told(place, error))
        uses = [asdict(one) for one in present.uses(found)]
        return {
            "changed": False, "product": str(name), "uses": uses, "problems": problems,
            "msg": f"{len(uses)} settings for mail were read." if uses else "No settings for mail were read.",
        }

    def _looked(self, places: Sequence[Place], problems: list[str]) -> Iterator[tuple[Place, Any]]:
        """What is there in each place; none for a file that may be missing."""
        files = [(place, place.target) for place in places if isinstance(place.target, File)]
        try:
            wanted = [target.wanted() for _place, target in files]
            looked = server_of(self, self._task_vars).look(wanted) if wanted else []
        except ModernAuthError as error:
            problems += [_told(place, error) for place, _target in files]
            looked = []
        for (place, target), file in zip(files, looked, strict=False):
            if file.content is not None:
                yield place, file.content
            elif not target.create:
                problems.append(f"{target.name}: there is no such file.")
        for place in places:
            if isinstance(place.target, ApiObject):
                try:
                    yield place, self._asked(place.target)
                except ModernAuthError as error:
                    problems.append(_told(place, error))

    def _asked(self, target: ApiObject) -> Any:
        """An object, or the rows of a list."""
        known = replace(target, authentication=fill(target.authentication, self._value))
        api = known.api(HttpsClient())
        if known.listed is not None:
            return api.rows(known.url, known.listed)
        _url, content = api.read(known.url, None)
        if content is None:
            raise InputError("there is no such object.")
        return content

    def _value(self, one: Reference) -> Any:
        """A secret among the host's variables."""
        return self.resolved({"variable": one.name, "host": self._task_vars["inventory_hostname"]})


def _told(place: Place, error: ModernAuthError) -> str:
    return f"{place.target.name}: {' '.join(filter(None, (error.message, error.remedy)))}"
