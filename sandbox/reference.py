"""Writes the last part of README.md, what each face has and what it refuses, from the code.

Usage: python sandbox/reference.py
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from m365_sandbox.control import google
from m365_sandbox.control.additions import ADDITIONS
from m365_sandbox.control.app import control_app
from m365_sandbox.exchange.catalog import CMDLETS
from m365_sandbox.exchange.cmdlet import Cmdlet
from m365_sandbox.google.app import google_app
from m365_sandbox.google.gmail import imap_rules as gmail_imap
from m365_sandbox.google.gmail import wording as gmail
from m365_sandbox.graph.app import RESOURCES
from m365_sandbox.graph.mail_messages import EXPANDED, NOT_SHOWN
from m365_sandbox.graph.message_types import FILE_ATTACHMENT, MESSAGE
from m365_sandbox.identity.app import identity_app
from m365_sandbox.inbox.app import inbox_app
from m365_sandbox.issuer.app import issuer_app
from m365_sandbox.mail import wording
from m365_sandbox.mail.imap import rules as imap
from m365_sandbox.mail.pop3 import commands as pop3
from m365_sandbox.management.app import management_app
from m365_sandbox.process.refusals import REFUSALS
from m365_sandbox.state import entity_types
from m365_sandbox.state.schema import Complex, EntityType
from starlette.applications import Starlette
from starlette.routing import Route

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- Made by reference.py: begin -->", "<!-- Made by reference.py: end -->"

# What clients look for in mail and do not find; the refusals are those of any unknown path.
ABSENT = (
    ("GET", "/users/{user}/mailFolders/{folder}/messages/delta", "changes since the last look, of folders too"),
    ("POST", "/users/{user}/messages/{message}/reply", "replies: also replyAll, createReply, createReplyAll"),
    ("POST", "/users/{user}/messages/{message}/forward", "forwarding: also createForward"),
    ("POST", "/users/{user}/messages/{message}/copy", "copies"),
    ("POST", "/users/{user}/messages/{message}/attachments", "attachments of a draft: they come with its creation"),
    ("POST", "/users/{user}/messages/{message}/attachments/createUploadSession", "upload sessions"),
    ("GET", "/users/{user}/mailFolders/{folder}/messageRules", "rules"),
    ("PATCH", "/users/{user}/mailFolders/{folder}", "renaming a folder"),
    ("DELETE", "/users/{user}/mailFolders/{folder}", "removing a folder"),
    ("GET", "/users/{user}/calendar", "everything beside mail: calendars, contacts, files"),
    ("GET", "/users/{user}/messages/$count", "numbers as text: $count=true tells them"),
    ("GET", "/groups", "groups"),
    ("GET", "/$metadata", "the metadata document"),
    ("GET", "/directoryRoles", "directory roles"),
    ("POST", "/subscriptions", "change notifications"),
)


def reference() -> str:
    """The whole part, with its markers."""
    nothing = cast(Any, None)
    parts = [
        "## Reference",
        _text(
            "What is not here is refused: by the HTTP faces as an unknown path, method, query option or property, by "
            "Exchange's administration as an unknown cmdlet (403) or parameter (400), by the mail faces in the words "
            "above."
        ),
        _paths("identity", _served(identity_app(nothing))),
        _paths("graph", _served_by_graph()),
        _types(_served_by_graph()),
        _absent(),
        _cmdlets(CMDLETS.values()),
        _mail(),
        _paths("management", _served(management_app(nothing))),
        _paths("issuer", _served(issuer_app(nothing))),
        _paths("google", _served(google_app(nothing))),
        _paths("inbox", _served(inbox_app(nothing, nothing))),
        _paths("control", _served(control_app(nothing, nothing))),
        _table(("added by `POST /tenant/…`", "properties"), (
            (f"`{name}`", _names(one if not rule.required else f"{one} (required)"
                                 for one, rule in addition.properties.items()))
            for name, addition in {**ADDITIONS, **google.ADDITIONS}.items()
        )),
        _refusals(),
    ]
    return "\n\n".join([BEGIN, *parts, END]) + "\n"


def current(text: str) -> str:
    """README with the part as it has to be."""
    return text[:text.index(BEGIN)] + reference() + text[text.index(END) + len(END) + 1:]


def _served(app: Starlette) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for route in app.routes:
        assert isinstance(route, Route)
        # A double slash is a spelling.
        if not route.path.startswith("//"):
            found[route.path] += sorted((route.methods or set()) - {"HEAD"})
    return found


def _served_by_graph() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for route in (route for resource in RESOURCES for route in resource.ROUTES):
        found[route.path].append(route.method)
    return {**found, "/$batch": ["POST"]}


def _paths(face: str, served: Mapping[str, list[str]]) -> str:
    rows = ((f"`{path}`", ", ".join(methods)) for path, methods in served.items())
    return f"### {face}: paths\n\n" + _table(("path", "methods"), rows)


def _types(served: Mapping[str, list[str]]) -> str:
    rows = []
    entities = [one for one in vars(entity_types).values() if isinstance(one, EntityType)]
    for kind in (*entities, MESSAGE, FILE_ATTACHMENT):
        columns: dict[str, list[str]] = {"always": [], "create": [], "never": []}
        for item in kind.properties:
            columns[_possible(item.write, _methods(kind, served))].append(item.name)
        rows.append((f"`{kind.name}`", *map(_names, columns.values())))
    text = _text(
        "All properties of v1.0. A directory object refuses a body with one that is computed, a message takes no "
        f"notice. Of a message these are shown with $expand: {_names(EXPANDED)}; and these never: "
        f"{_names(NOT_SHOWN)}. Drafts are not edited."
    )
    head = ("type", "set and changed", "set at the creation only", "computed")
    return f"### graph: properties\n\n{text}\n\n" + _table(head, rows)


def _methods(kind: Complex, served: Mapping[str, list[str]]) -> set[str]:
    """How an object of the type can be addressed; a message's parts come and go with it."""
    if not isinstance(kind, EntityType):
        return {"POST", "PATCH"}
    collection = kind.entity_set.rpartition("/")[2]
    return {
        method for path, methods in served.items() for method in methods
        if [part for part in path.split("/") if not part.startswith("{")][-1] == collection
    }


def _possible(write: str, methods: set[str]) -> str:
    if write == "always" and "PATCH" not in methods:
        write = "create"
    return "never" if write == "create" and "POST" not in methods else write


def _absent() -> str:
    rows = ((f"`{method} {path}`", what) for method, path, what in ABSENT)
    return "### graph: absent\n\n" + _table(("for example", "what is not there"), rows)


def _cmdlets(cmdlets: Iterable[Cmdlet]) -> str:
    rows = []
    for cmdlet in sorted(cmdlets, key=lambda one: one.name.partition("-")[::-1]):
        rows.append((f"`{cmdlet.name}`", *(
            _names(one.name for one in cmdlet.parameters if one.handling == handling)
            for handling in ("used", "ignored", "unsupported")
        )))
    return "### outlook: cmdlets\n\n" + _table(("cmdlet", "parameters", "without effect", "refused"), rows)


def _mail() -> str:
    smtp = sorted(wording.SMTP_HELP[1].split()[1:])
    rows = [
        ("imap", ", ".join(imap.COMMANDS), wording.IMAP_CAPABILITY_SIGNED_IN.partition("CAPABILITY ")[2]),
        ("pop3", ", ".join(pop3.COMMANDS), ", ".join(wording.POP_CAPABILITY[1:-1])),
        ("smtp, smtps", ", ".join(smtp), ""),
        ("gmail_imap", ", ".join(gmail_imap.COMMANDS), gmail.IMAP_CAPABILITY_SIGNED_IN.partition("CAPABILITY ")[2]),
        ("gmail_pop3", ", ".join(pop3.COMMANDS), ", ".join(gmail.POP_CAPABILITY[1:-1])),
        ("gmail_smtp, gmail_smtps", ", ".join(smtp), ""),
    ]
    return "### imap, pop3, smtp: commands\n\n" + _table(("face", "commands after the sign-in", "capabilities"), rows)


def _refusals() -> str:
    rows = ((face, ", ".join(f"`{code}`" for code in codes)) for face, codes in REFUSALS.items())
    return "### Faults: codes of `refuse`\n\n" + _table(("face", "codes"), rows)


def _text(text: str) -> str:
    return textwrap.fill(text, 120, break_on_hyphens=False)


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("  ", " ") for cells in lines)


if __name__ == "__main__":
    README.write_text(current(README.read_text("utf-8")), "utf-8")
