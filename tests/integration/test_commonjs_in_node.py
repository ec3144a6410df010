# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What node makes of a CommonJS module that was edited: the wanted settings, and everything else as it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

commonjs = TextFormat("commonjs")
ENVIRONMENT = {"USER": "user~'\"`${}\\@b.example", "TENANT": "t-1"}
# Loads each module that it is told, a line of JSON at a time, and answers with what it exports. What JSON does not know
# is told by its source, which JSON alone would leave out.
LOADER = """
const vm = require('vm');
const known = (name, value) =>
  typeof value === 'function' || value instanceof RegExp ? String(value) : value === undefined ? 'undefined' : value;
const sandbox = { process: { env: JSON.parse(process.argv[1]) } };
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const module = { exports: {} };
  let answer;
  try {
    const run = vm.runInNewContext('(function (module, exports, require) {' + JSON.parse(line) + '\\n})', sandbox);
    run(module, module.exports, () => ({ base: 1, mail: 'no' }));
    answer = { exports: module.exports };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer, known) + '\\n');
});
"""


class Node:
    """A node that loads modules."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "-e", LOADER, json.dumps(ENVIRONMENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            encoding="utf-8",
        )

    def load(self, source: str) -> Any:
        """What a module exports."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(source) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, (answer["error"], source)
        return answer["exports"]

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    process = Node()
    yield process
    process.close()


# -- settings ------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
references = st.sampled_from([{"environment": name} for name in ENVIRONMENT])
composed = st.builds(lambda before, name, after: [before, name, after], texts, references, texts)
leaves = texts | st.integers(0, 70000) | references | composed
wanted_settings = st.fixed_dictionaries({
    "mail": st.fixed_dictionaries({
        "smtp": st.fixed_dictionaries({
            "type": texts, "port": leaves,
            "auth": st.fixed_dictionaries({"user": leaves, "pass": st.none()}),
            "oauth2": st.fixed_dictionaries({"host": leaves, "clientSecret": leaves}),
        }),
        "from": leaves,
    }),
})


def resolved(value: Any) -> Any:
    """What settings stand for."""
    if isinstance(value, Mapping) and set(value) == {"environment"}:
        return ENVIRONMENT[value["environment"]]
    if isinstance(value, list):
        return "".join(resolved(part) if isinstance(part, Mapping) else part for part in value)
    return value


def merged(old: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    """What shall be exported."""
    result = dict(old) if isinstance(old, Mapping) else {}
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and set(value) != {"environment"}:
            result[name] = merged(result.get(name), value)
        else:
            result[name] = resolved(value)
    return result


# -- modules -------------------------------------------------------------------------------------------------------

gaps = st.sampled_from(["", " ", "  ", "\n", "\n    ", "\r\n\t", " /* , } mail: */ ", " // it's {`\n", "\n// }\n  "])
values = st.sampled_from([
    "1", "'a'", '"it\'s"', "`a${`}${1 + 1}`}`", "[1, { mail: 2 }]", "{ mail: { smtp: {} } }", "/[/}'\"`]\\//g",
    "() => ({})", "function () { return 4 / 2 / 1; }", "process.env.NONE || 'x'", "1 / 2", "!/}/.test('}')", "null",
    "-1.5e-3", "'\\x41'", "((a, b) => a / b)(4, 2)",
    "typeof /x/ === 'object' ? { a: 1 } : 2", "process.env['USER']", "'\\\n'",
])
keys = st.sampled_from(["a", "'b c'", '"d"', "$e_1", "café", "module", "exports", "import", "12"])
others = st.one_of(
    st.builds(lambda key, gap, value: f"{key}{gap}:{value}", keys, gaps, values),
    st.sampled_from(["get g() { return { mail: 1 }; }", "async m(mail) { return mail / 2; }", "*n() {}", "undefined"]),
)
preambles = st.lists(st.sampled_from([
    "'use strict'\n", "const a = require('a');\n", "// module.exports = {}\n", "/* module.exports */ ", ";",
    "let s = 'module.exports = {';\n", "function f(x) { if (x) /[']/.test(x); return x / 2; }\n", "let t = `${'`'}`\n",
    "const r = /module.exports = {/g\n", "let q = 1; q++; q / 2 / 1;\n", "for (const i of [1]) /x/.test(i)\n",
]), max_size=4, unique=True).map("".join)
endings = st.sampled_from([";", "", ";\n", "\n", " // done", ";\n/* mail: {} */\n", "\nvoid 0\n", "; let z = 3 / 1;"])


@st.composite
def objects(draw: st.DrawFn, wanted: Mapping[str, Any]) -> str:
    """An object with some of the wanted keys, among others; what is computed comes before them."""
    members = draw(st.lists(others, max_size=2))
    # It could set what must not be there, which is refused.
    if draw(st.booleans()) and None not in wanted.values():
        members.insert(0, "...{ z: 1, mail: 0 }" if set(wanted) == {"mail"} else "['x' + 1]: 1")
    computed = members[:1] if members and members[0].startswith((".", "[")) else []
    rest = members[len(computed) :]
    whole = bool(computed)
    for name, value in wanted.items():
        if whole or draw(st.booleans()):
            if isinstance(value, Mapping) and set(value) != {"environment"}:
                written = draw(objects(value))
            else:
                written = draw(values)
            key = draw(st.sampled_from([name, f"'{name}'", f'"{name}"']))
            rest.append(f"{key}{draw(gaps)}:{draw(gaps)}{written}")
    rest = draw(st.permutations(rest))
    between = [f"{draw(gaps)}{member}{draw(gaps)}" for member in [*computed, *rest]]
    comma = "," if between and draw(st.booleans()) else ""
    return "{" + ",".join(between) + comma + draw(gaps) + "}"


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A module, and settings for it."""
    wanted = draw(wanted_settings)
    exported = draw(objects(wanted))
    return f"{draw(preambles)}\nmodule.exports ={draw(gaps)}{exported}{draw(endings)}", wanted


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_node_loads_what_was_wanted_and_everything_else_as_it_was(
    node: Node, case: tuple[str, dict[str, Any]]
) -> None:
    before, wanted = case
    after = commonjs.render(before, wanted)
    assert node.load(after) == merged(node.load(before), wanted)
    assert commonjs.render(after, wanted) == after
    read = commonjs.read(after, wanted)
    assert "pass" not in read["mail"]["smtp"]["auth"]
    assert commonjs.render(after, read) == after


def test_node_checks_and_requires_a_file(tmp_path: Path) -> None:
    file = tmp_path / "local.js"
    wanted = {"mail": {"smtp": {"port": 587, "auth": {"user": {"environment": "USER"}, "pass": None}}}}
    text = "#!/usr/bin/env node\n'use strict'\nmodule.exports = {\n\tdb: 'x',\n\tmail: {smtp: {auth: {pass: 1}}}\n}"
    file.write_text(commonjs.render(text, wanted), encoding="utf-8")
    subprocess.run(["node", "--check", file], check=True)
    loaded = subprocess.run(
        ["node", "-p", f"JSON.stringify(require({json.dumps(str(file))}))"], env={"USER": "u", "PATH": "/usr/bin:/bin"},
        capture_output=True, check=True,
    )
    assert json.loads(loaded.stdout) == {"db": "x", "mail": {"smtp": {"auth": {"user": "u"}, "port": 587}}}
