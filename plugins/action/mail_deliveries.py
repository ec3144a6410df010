# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all checks; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import said_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate import options
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.deliveries import OWN, prove_all, title
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.check import check_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.options import complete
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import delegate_lacks
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.report import intention
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import ENDPOINT_OPTIONS
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import secrets_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import (
    OWN_SECRET,
    Reference,
    fill,
    of_entry,
    references,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import verdict as about_sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep, unanswered
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import People, entry_name, places_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._person_tokens import (
    SignInNeeded,
    Token,
    Wanted,
    Way,
    predicted,
    tokens,
)


class ActionModule(EstateStep):
    """Every check with the very credential that stands in the product's configuration."""

    STEP, NOUN = "delivery", "mails"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "deliveries": {"type": "list", "elements": "dict", "required": True},
        "applications": {"type": "list", "elements": "dict", "default": []},
        "identity": {"type": "dict", "default": {}},
        "access": {"type": "dict", "default": {}},
        "slots": {"type": "dict", "default": {}},
    }
    _given: list[dict[str, Any]] | None = None

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return [title(check) for check in self._checks(args)]

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        entries = self._entries(args)
        verdicts: dict[str, Verdict] = {}
        ready: list[dict[str, Any]] = []
        people = self._tokens_of_people(args, entries)
        for check in self._checks(args):
            if self._is_left_out(check):
                verdicts[title(check)] = _left_out()
                continue
            try:
                ready.append(self._ready(check, entries, people, args))
            except SignInNeeded as error:
                verdicts[title(check)] = _left_out(error.sign_in)
            except ModernAuthError as error:
                verdicts[title(check)] = failure(error)
        if self.check_mode:
            verdicts |= {title(check): self._predicted(check) for check in ready}
        elif ready:
            with self.progress(len(ready)) as progress:
                verdicts |= asyncio.run(prove_all(ready, progress=progress))
        return self.result(args, {
            title(check): in_words_of(check, verdicts[title(check)]) for check in self._checks(args)
        })

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep; checks are settled by ``act``."""
        return {}

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll. A host's verdict is the first that failed, or that everything was as it should be."""
        hosts: dict[str, Verdict] = {}
        told = [
            {**verdicts[title(check)], "proves": check["proves"], "name": check["name"], "host": check.get("host")}
            for check in self._checks(args)
        ]
        for verdict in told:
            if verdict["host"] is None:
                continue
            about = hosts.setdefault(verdict["host"], done("Every mail went as it should.", deliveries=[]))
            about["deliveries"].append(verdict)
            for one in verdict.get("authorization_required", []):
                if one not in about.setdefault("authorization_required", []):
                    about["authorization_required"].append(one)
            if verdict.get("left_out") and not about["failed"]:
                about["msg"] = "Mails are left out until somebody has signed in; the others went as they should."
            if verdict["failed"] and not about["failed"]:
                about |= {name: value for name, value in verdict.items() if name in ("failed", "msg", "code", "remedy")}
                about["msg"] = f"{verdict['name']}: {verdict['msg']}"
        failed = [name for name, verdict in verdicts.items() if verdict["failed"]]
        return {
            "changed": False, "deliveries": told, "hosts": hosts, "failed_deliveries": failed,
            **unanswered({one["name"]: one for one in told if one["failed"] and one["host"] is None}),
        }

    def _checks(self, args: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The checks of the hosts that have not failed."""
        if self._given is None:
            self._given = options.deliveries(args["deliveries"], said_by(self.environment))
        hosts = {check["host"] for check in self._given if "host" in check}
        able = set(self.handover.able(hosts, before=self.STEP))
        return [check for check in self._given if check.get("host") is None or check["host"] in able]

    def _is_left_out(self, check: Mapping[str, Any]) -> bool:
        """Whether a check needs a sign-in that the steps before have found missing."""
        if "needs" not in check or check.get("host") is None:
            return False
        return check["needs"] in [one["where"] for one in self.handover.authorizations(check["host"])]

    def _entries(self, args: Mapping[str, Any]) -> dict[str, Entry | ModernAuthError]:
        """What the store holds of each application, or why that cannot be told."""
        keepers, refused = self.keepers(self.applications(args))
        found: dict[str, Entry | ModernAuthError] = {name: keeper.read()[0] for name, keeper in keepers.items()}
        for name, verdict in refused.items():
            found[name] = ModernAuthError(verdict["msg"], code=verdict.get("code"))
        return found

    @staticmethod
    def _entry(entries: Mapping[str, Entry | ModernAuthError], name: str) -> Entry:
        """What the store holds of an application.

        :raises ModernAuthError: it cannot be told.
        """
        if name not in entries:
            raise InputError(f"'{name}' is none of the applications.", remedy="Name it in applications.")
        found = entries[name]
        if isinstance(found, ModernAuthError):
            raise found
        return found

    def _secrets_of(self, host: str) -> dict[str, str]:
        """The secrets among a host's variables, by their paths."""
        known = self.variables.of(host)
        return secrets_of({name: known.known(name) for name in known if name.startswith("mail_")})

    def _tokens_of_people(
        self, args: Mapping[str, Any], entries: Mapping[str, Entry | ModernAuthError]
    ) -> dict[Wanted, Token]:
        """Every token of a person that a check refers to, or why there is none."""
        checks = [check for check in self._checks(args) if not self._is_left_out(check)]
        wanted = {
            self._wanted_token(args, check, one): check
            for check in checks for one in references(check) if one.kind == "token"
        }
        known = {one.application: entries.get(one.application) for one in wanted}
        able = {name: entry for name, entry in known.items() if isinstance(entry, dict) and "client_id" in entry}
        applications = self.applications(args)
        keepers, _refused = self.keepers({
            name: {**applications[name], "unique_name": entry_name(applications[name]["unique_name"])} for name in able
        })
        people = {
            name: People(entry["client_id"], places_of(entry["client_id"], keepers.get(name)))
            for name, entry in able.items()
        }
        ways = [
            Way(one, people[one.application], applications[one.application]["unique_name"], {
                **{name: check[name] for name in ENDPOINT_OPTIONS if name in check},
                "tenant_id": able[one.application]["tenant_id"], "client_id": able[one.application]["client_id"],
                "client_secret": able[one.application].get(one.slot, {}).get("secret_text"),
            }) for one, check in wanted.items() if one.application in able
        ]
        return predicted(ways) if self.check_mode else tokens(ways)

    @staticmethod
    def _wanted_token(args: Mapping[str, Any], check: Mapping[str, Any], one: Reference) -> Wanted:
        name = one.application or check.get("application")
        slot = args["slots"].get(check.get("host"), {}).get(name, SLOTS[0])
        return Wanted(str(name), slot, str(one.account), one.name)

    def _ready(
        self, check: Mapping[str, Any], entries: Mapping[str, Entry | ModernAuthError],
        people: Mapping[Wanted, Token], args: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The check with every value in place of its reference.

        :raises SignInNeeded: a person has to sign in first.
        """
        plan = {key: value for key, value in check.items() if key not in options.DELIVERY}
        secrets = cache(lambda: self._secrets_of(check["host"]) if check.get("host") else {})
        slots = args["slots"].get(check.get("host"), {})
        only = check.get("application")
        own = [one for one in references(plan) if one.kind != "secret" or one.name == OWN_SECRET]
        known = {name: self._entry(entries, name) for name in {only, *(one.application for one in own)} if name}

        def value_of(one: Reference) -> Any:
            name = one.application or only
            if one not in own or name is None:
                return secrets().get(one.name)
            if one.kind == "token" and (token := people.get(self._wanted_token(args, check, one))):
                return token.value(check.get("host"))
            unique_name = self.applications(args)[name]["unique_name"]
            return of_entry(one, known[name], slots.get(name, SLOTS[0]), unique_name, may_be_unknown=self.check_mode)

        filled: dict[str, Any] = self.resolved(fill(plan, value_of))
        # Exchange is given time for what it was just told, and for nothing else.
        is_granted = not known or any(args["access"].get(name, {}).get("changed", False) for name in known)
        patience = check.get("patience", 0) if is_granted else 0
        # So is the identity platform for a credential that was just made, by this run's identity step or its rotation.
        new = [name for name in known if name in slots or args["identity"].get(name, {}).get("changed", False)]
        return {
            "new_client_ids": [found for name in new if (found := known[name].get("client_id"))],
            "subject": f"Mail delivery check of {check['host']}" if check.get("host") else "Mail delivery check",
            **filled, "name": check["name"], "patience": patience,
            **({"host": check["host"]} if check.get("host") else {}),
        }

    def _predicted(self, check: Mapping[str, Any]) -> Verdict:
        try:
            settings = complete({name: value for name, value in check.items() if name not in OWN})
            return done(intention(settings, check_from(settings).settings))
        except ModernAuthError as error:
            return failure(error)


def _left_out(*missing: SignIn) -> Verdict:
    return {**done("It is left out until somebody has signed in.", left_out=True), **about_sign_ins(missing)}


def in_words_of(check: Mapping[str, Any], verdict: Verdict) -> Verdict:
    """The verdict with what the check itself says of a failure."""
    if not verdict["failed"]:
        return verdict
    sign_in = check.get("sign_in")
    if sign_in and verdict.get("needs_person"):
        return _left_out(SignIn(**{**sign_in, "do": f"{verdict['msg']} {sign_in['do']}"}))
    delegate = check.get("delegate")
    lacking = delegate_lacks(verdict["lacks"], **delegate, where=sign_in["where"]) if (
        sign_in and delegate and "lacks" in verdict
    ) else None
    ended = f"If its sign-in has ended: {sign_in['do']}" if sign_in and check.get("expect") == "taken" else None
    return {**verdict, "msg": " ".join(filter(None, (verdict["msg"], lacking, check.get("remedy"), ended)))}
