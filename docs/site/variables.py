# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writes docs/variables.md, the page of all variables, from the roles' specifications and the example inventories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "variables.md"
EXAMPLES = REPOSITORY / "docs" / "examples"

#: What the page has after the variables of a host.
REST = {
    "mail_bootstrap": "Who runs the playbooks, and who reads the proof",
    "mail_rehearsal": "Rehearsals",
    "mail_delivery": "Signing in for proofs",
    "mail_report": "The report of a run",
    "mail_diagnosis": "Telling what is wrong",
    "mail_rotation": "Rotation",
    "mail_assessment": "The assessment",
    "mail_credentials": "The report about credentials",
}
HEAD = """# All variables

Made by `make variables` from the roles' specifications, which `ansible-doc -t role mailops.modern_auth.mail_plan`
shows in a terminal.

A name with a dot is a key of a dictionary, one with `[]` a key of each item of a list. **Bold** ones are required,
where the dictionary that they are in is there at all. What has no default is left alone, or its service decides. The
examples are from [complete inventories](examples/README.md). Hosts without any `mail_*` variable are left out.

Two belong to playbooks alone: `mail_hosts`, the hosts that a playbook is for, a pattern as in `--limit` (default: all);
and for `remove_mail`, `mail_unused`, the `unique_name` of an application that a store holds and no host uses any more,
or a list of them: those are removed, and nothing else.
"""
COLUMNS = ("variable", "type", "default", "product", "what it is", "example")
#: Ansible's markup in documentation: a plugin or role of ours, and everything else.
OURS, OTHER = re.compile(r"[PM]\(mailops\.modern_auth\.(\w+)(?:#role)?\)"), re.compile(r"[OVCEPM]\(([^)]*)\)")

Options = Mapping[str, Mapping[str, Any]]


def page() -> str:
    """The page's text."""
    examples, of_hosts = _examples(), _options("mail_plan")
    products = of_hosts["mail_product"]["choices"]
    plain = {name: option for name, option in of_hosts.items() if "options" not in option}
    sections = {
        "A host": plain,
        **{f"`{name}`": {name: of_hosts[name]} for name in of_hosts if name not in plain},
        **{title: _options(role) for role, title in REST.items()},
    }
    return "\n".join([HEAD, *(_section(title, options, products, examples) for title, options in sections.items())])


def _options(role: str) -> Options:
    points = _read(REPOSITORY / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"].values()
    return {name: one for point in points for name, one in point["options"].items() if not name.startswith("__")}


def _section(title: str, options: Options, products: list[str], examples: Mapping[str, str]) -> str:
    rows = []
    for path, option in _flat(options):
        product = re.split(r"\W", path.removeprefix("mail_"), maxsplit=1)[0]
        rows.append((
            f"**`{path}`**" if option.get("required") else f"`{path}`", _type(option),
            f"`{_inline(option['default'])}`" if "default" in option else "", product if product in products else "",
            _text(option["description"]), examples.get(path, ""),
        ))
    # What is empty in a whole section would only take the width from the words.
    kept = [number for number in range(len(COLUMNS)) if any(row[number] for row in rows)]
    table = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    lines = ["| " + " | ".join(row[number].replace("|", "\\|") for number in kept) + " |" for row in table]
    return "\n".join([f"## {title}", "", *lines, ""])


def _flat(options: Options, above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, option in options.items():
        yield above + name, option
        yield from _flat(option.get("options", {}), _below(above + name, option["type"] == "list"))


def _type(option: Mapping[str, Any]) -> str:
    kind = f"list of {option['elements']}" if "elements" in option else option["type"]
    choices = f": {', '.join(map(str, option['choices']))}" if "choices" in option else ""
    return f"{kind}{choices}{', secret' if option.get('no_log') else ''}"


def _text(description: str | list[str]) -> str:
    text = " ".join([description] if isinstance(description, str) else description)
    return " ".join(OTHER.sub(r"`\1`", OURS.sub(r"`\1`", text)).split())


def _examples() -> dict[str, str]:
    """By a variable's path, its value in the first inventory that sets it."""
    found: dict[str, str] = {}
    for file in sorted(EXAMPLES.glob("*.yml")):
        for path, value in _set(_read(file)["all"]):
            found.setdefault(path, f"`{_inline(value)}` ([{file.stem}](examples/{file.name}))")
    return found


def _set(group: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an inventory's group sets, and the groups and hosts in it."""
    for variables in (group.get("vars"), *group.get("hosts", {}).values()):
        yield from _values(variables or {})
    for child in group.get("children", {}).values():
        yield from _set(child)


def _values(variables: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in variables.items():
        items = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
        if not items:
            yield above + name, value
        for item in items:
            yield from _values(item, _below(above + name, isinstance(value, list)))


def _below(path: str, several: bool) -> str:
    """How the paths of what is in a dictionary, or in a list of them, begin."""
    return f"{path}[]." if several else f"{path}."


def _inline(value: Any) -> str:
    """A value as YAML has it in one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
