# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, where the person is; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsiblePromptNoninteractive
from ansible.utils.display import Display
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import _flows, _http, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import complete, endpoint_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, Entry, Keeper
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    InputError,
    StoreError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._commands import playbook_command
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import StoredEntry
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import People, entry_name, keyring
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step

#: The application that the person signs in to, as the store has it or the task says.
APPLICATION = ("tenant_id", "client_id", "client_secret")


class ActionModule(Step):
    """Sign in silently if that is possible, and else have a person do it."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "account": {"required": True},
        "scopes": {"type": "list", "elements": "str"},
        "unique_name": {},
        "tenant_id": {},
        "client_id": {},
        "client_secret": {"no_log": True},
        "store": {"type": "dict"},
        "keep_in": {"choices": ["auto", "keyring", "store"], "default": "auto"},
        "flow": {"choices": ["auto", "device_code", "authorization_code"], "default": "auto"},
        "port": {"type": "int", "default": 0},
        "wait": {"type": "int", "default": 900},
        "interactive": {"choices": ["auto", "always", "never"], "default": "auto"},
        **{name: {key: rule for key, rule in rules.items() if key not in ("fallback", "default")}
           for name, rules in endpoint_spec().items() if name != "token_cache"},
    }
    RULES: ClassVar[Mapping[str, Any]] = {
        "required_one_of": [["client_id", "unique_name"]], "required_by": {"unique_name": ["store"]},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        require({**_http.MISSING, **_flows.MISSING})
        endpoints = complete(
            endpoint_spec(), {name: args[name] for name in endpoint_spec() if args.get(name) is not None},
            self.environment, "oauth_sign_in",
        )
        application = self._application(args)
        flow = _flow(args["flow"], has_secret="client_secret" in application)
        people = People(application["client_id"], self._places(args, application["client_id"]))
        scopes = args["scopes"] or [cloud_from(endpoints).outlook_scope]
        person = signed_in.source(
            {**endpoints, **application, "account": args["account"], "sign_in": people.sign_in}, Connections()
        )
        try:
            for scope in scopes:
                person.token(scope)
        except AuthenticationError as over:
            if not over.needs_person:
                raise
            return self._signed_in(args, flow, person, people, scopes, over)
        if not self.check_mode:
            people.renew(person.kept)
        return self._result(args, people, f"{args['account']} has signed in already.", changed=False)

    def _signed_in(
        self, args: Mapping[str, Any], flow: str, person: signed_in.SignedIn, people: People, scopes: list[str],
        over: AuthenticationError,
    ) -> dict[str, Any]:
        """Have the person sign in, and keep that.

        :param flow: how.
        :param over: why there is no token without.
        """
        if self.check_mode:
            asked = f"{over.message} {args['account']} would be asked to sign in."
            return self._result(args, people, asked, changed=True)
        prompt = self._prompt(args, over)
        if flow == "device_code":
            _flows.by_device_code(person, scopes[0], args["wait"], prompt)
        else:
            _flows.by_authorization_code(person, scopes[0], args["wait"], prompt, args["port"])
        # It is kept before the other resources are asked for: what was consented to is worth having.
        people.keep(person.kept, args["account"])
        for scope in scopes[1:]:
            person.token(scope)
        return self._result(args, people, f"{args['account']} has signed in.", changed=True)

    def _result(self, args: Mapping[str, Any], people: People, msg: str, *, changed: bool) -> dict[str, Any]:
        diff = {
            "before": "" if changed else f"{args['account']} has signed in\n",
            "after": f"{args['account']} has signed in\n", "before_header": args["account"],
            "after_header": args["account"],
        }
        return {
            "changed": changed, "msg": msg, "account": args["account"], "since": people.since(args["account"]),
            **({"diff": diff} if self._task.diff else {}),
        }

    def _application(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What is signed in to.

        :raises InputError: neither the task nor the store says it.
        """
        given = {name: args[name] for name in APPLICATION if args[name]}
        if args["unique_name"] and "client_id" not in given:
            entry = self._keeper(args, args["unique_name"]).read()[0]
            given = {**_told(entry), **given}
            if "client_id" not in given:
                raise InputError(
                    f"The store holds nothing of the application '{args['unique_name']}'.",
                    remedy="Set it up first, for example with mailops.modern_auth.setup_mail --tags plan,identity.",
                )
        if "tenant_id" not in given:
            raise InputError("tenant_id: is needed with client_id; the person signs in there.")
        return given

    def _places(self, args: Mapping[str, Any], client_id: str) -> list[Keeper]:
        """Where the sign-in may be kept, best first.

        :raises InputError: nowhere.
        """
        ring = keyring(client_id) if args["keep_in"] != "store" else None
        places: list[Keeper] = [] if ring is None else [ring]
        if args["store"] and args["keep_in"] != "keyring":
            try:
                places.append(self._keeper(args, entry_name(args["unique_name"] or client_id)))
            except StoreError:
                if not places:
                    raise
        if not places:
            raise InputError(
                "The sign-in cannot be kept: this machine offers no keyring, and no store is named.",
                remedy="Name a store, for example {kind: ansible_vault, path: credentials.yml}.",
            )
        return places

    def _keeper(self, args: Mapping[str, Any], name: str) -> StoredEntry:
        return StoredEntry(self.open_store(self.resolved(args["store"])), name)

    def _prompt(self, args: Mapping[str, Any], over: AuthenticationError) -> Callable[[str], None]:
        """How the person is told; whether there is one is known when it is tried.

        :raises AuthenticationError: there is none.
        """
        alone = AuthenticationError(
            f"{over.message} Nobody is there to sign in.", code=over.code,
            remedy=f"Run this at a terminal, where {args['account']} can sign in: "
            f"{playbook_command('sign_in_mail')}; or say interactive: always (of the playbook: "
            "-e mail_sign_in_interactive=always) where somebody watches the output.",
        )
        if args["interactive"] == "never":
            raise alone
        if args["interactive"] == "auto" and not _at_a_terminal():
            raise alone
        return self.say


def _flow(wanted: str, *, has_secret: bool) -> str:
    """A device code takes no secret, hence is for applications that have none.

    :raises InputError: another flow is wanted than the application allows.
    """
    if wanted == "device_code" and has_secret:
        raise InputError(
            "flow: device_code is not possible with an application that has a client secret; use authorization_code, "
            "or an application of its own with public client flows."
        )
    if wanted == "auto":
        return "authorization_code" if has_secret else "device_code"
    return wanted


def _told(entry: Entry) -> dict[str, str]:
    """What the store says of an application."""
    secret = entry.get(SLOTS[0], {}).get("secret_text")
    said = {"tenant_id": entry.get("tenant_id"), "client_id": entry.get("client_id"), "client_secret": secret}
    return {name: value for name, value in said.items() if value}


def _at_a_terminal() -> bool:
    """Whether Ansible was started by somebody who can answer: it reads what is typed, for no time at all."""
    try:
        Display().prompt_until("", seconds=0)
    except AnsiblePromptNoninteractive:
        return False
    return True
