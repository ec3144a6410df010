# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A CommonJS module in which settings are changed; what node makes of the result is in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat

commonjs = TextFormat("commonjs")
TOKEN_URL = ["https://login.example/", {"environment": "TENANT"}, "/oauth2/v2.0/token"]
SETTINGS: dict[str, Any] = {
    "mail": {
        "smtp": {"port": 587, "auth": {"user": {"environment": "USER"}, "pass": None}, "oauth2": {"host": TOKEN_URL}},
        "from": "it's@b.example",
    },
}
BLOCK = """mail: {
    smtp: {
      port: 587,
      auth: {
        user: process.env.USER,
      },
      oauth2: {
        host: `https://login.example/${process.env.TENANT}/oauth2/v2.0/token`,
      },
    },
    from: 'it\\'s@b.example',
  },
"""
DONE = f"module.exports = {{\n  {BLOCK}}};\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("module.exports = {};\n", DONE),
        ("module.exports = {\n};\n", DONE),
        ("// first\nmodule.exports = { // why\n};", f"// first\nmodule.exports = {{ // why\n  {BLOCK}}};"),
        ("module.exports = {\n  a: 1\n}", f"module.exports = {{\n  a: 1,\n  {BLOCK}}}"),
        ("module.exports = {\n  a: 1, // one\n  // two\n}",
         f"module.exports = {{\n  a: 1, // one\n  // two\n  {BLOCK}}}"),
        ("module.exports = {\n  a: 1 // one\n}", f"module.exports = {{\n  a: 1, // one\n  {BLOCK}}}"),
        ("module.exports = {a: 1}",
         "module.exports = {a: 1, mail: { smtp: { port: 587, auth: { user: process.env.USER }, oauth2: { host: "
         "`https://login.example/${process.env.TENANT}/oauth2/v2.0/token` } }, from: 'it\\'s@b.example' }}"),
        ("module.exports = {\r\n\ta: {\r\n\t\tb: 1 } }",
         "module.exports = {\r\n\ta: {\r\n\t\tb: 1 },\r\n\t"
         + BLOCK.replace("\n", "\r\n").replace("  ", "\t") + " }"),
    ],
)
def test_what_is_missing_is_added_in_the_style_of_the_file(before: str, after: str) -> None:
    assert commonjs.render(before, SETTINGS) == after
    assert commonjs.render(after, SETTINGS) == after


@pytest.mark.parametrize(
    ("auth", "after"),
    [
        ("{ user: 'old', pass: 'x' }", "{ user: process.env.USER,  }"),
        ("{ pass: 'x', user: 'old', more: 1 }", "{  user: process.env.USER, more: 1 }"),
        ("{ pass: 'x' }", "{\n    user: process.env.USER,\n    }"),
        ("{\n    user: 'old', // who\n    pass: 'x', // it was x\n    more: 1\n  }",
         "{\n    user: process.env.USER, // who\n     // it was x\n    more: 1\n  }"),
        ("{\n    pass: 'x' /* why */,\n    user: 'old'\n  }", "{\n     /* why */\n    user: process.env.USER\n  }"),
        ("{\n    user: process.env.USER,\n    pass: 'x'\n  }", "{\n    user: process.env.USER,\n  }"),
        ('{ user: process.env["USER"] }', '{ user: process.env["USER"] }'),
        ("{ user: process.env.USER || 'x' }", "{ user: process.env.USER }"),
    ],
)
def test_a_key_is_taken_away(auth: str, after: str) -> None:
    settings = {"mail": {"auth": SETTINGS["mail"]["smtp"]["auth"]}}
    text = "module.exports = {{ mail: {{\n  auth: {0}\n}} }}"
    assert commonjs.render(text.format(auth), settings) == text.format(after)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'a'", "a"), ('"a"', "a"), ("`a`", "a"), ("'\\x61'", "a"), ("'\\u{61}\\\nb'", "ab"),
        ("'\\ud83d\\ude00'", "😀"),
        ("587", 587), ("'587'", "587"), ("587.0", {"expression": "587.0"}), ("0x24b", {"expression": "0x24b"}),
        ("process.env.A", {"environment": "A"}), ("process.env['A']", {"environment": "A"}),
        ("process . env /* . */ . A", {"environment": "A"}), ("`${process.env.A}b`", [{"environment": "A"}, "b"]),
        ("`\\${process.env.A}`", "${process.env.A}"), ("`${other}`", {"expression": "`${other}`"}),
        ("`a${`b${'}'}`}`", {"expression": "`a${`b${'}'}`}`"}), ("a ? b : 'c, d'", {"expression": "a ? b : 'c, d'"}),
        ("'\\1'", {"expression": "'\\1'"}), ("() => { return 1, 2 }", {"expression": "() => { return 1, 2 }"}),
        ("1 / 2 / 3", {"expression": "1 / 2 / 3"}), ("/[/}]/.test('a')", {"expression": "/[/}]/.test('a')"}),
    ],
)
def test_values(written: str, value: Any) -> None:
    text = f"module.exports = {{ mail: {{ from: {written} }} }}"
    assert commonjs.read(text, SETTINGS) == {"mail": {"from": value}}
    if not isinstance(value, dict):
        assert commonjs.render(text, {"mail": {"from": value}}) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it exports nothing"),
        ("const a = 1;\nexport default { mail: {} };", "line 2, column 1: it is an ES module (export)"),
        ("import a from 'b';\nmodule.exports = {};", "line 1, column 1: it is an ES module (import)"),
        ("exports.mail = {};", "line 1, column 1: only module.exports = { ... } is understood"),
        ("module.exports.mail = {};", "only module.exports = { ... } is understood"),
        ("module['exports'] = {};", "only module.exports = { ... } is understood"),
        ("const a = {};\nmodule.exports = a;", "line 2, column 1: what is exported is not written as an object"),
        ("module.exports = Object.assign({}, {});", "what is exported is not written as an object"),
        ("module.exports = {};\nmodule.exports.mail = 1;", "line 2, column 1: module is used once more"),
        ("module.exports = {};\nexports = 1;", "line 2, column 1: exports is used once more"),
        ("if (x) module.exports = {};", "module.exports = ... is not a statement of its own"),
        ("if (x)\n  module.exports = {};", "is not a statement of its own"),
        ("if (x) {} else\n module.exports = {};", "is not a statement of its own"),
        ("{ module.exports = {}; }", "is not a statement of its own"),
        ("a = module.exports = {};", "is not a statement of its own"),
        ("module.exports = {}.a;", "line 1, column 18: the exported object is part of a longer expression"),
        ("module.exports = {}\n(a);", "the exported object is part of a longer expression"),
        ("module.exports = { mail: {}, ...a };", "line 1, column 30: what is computed here may set mail."),
        ("module.exports = { [a]: 1 };", "line 1, column 20: what is computed here may set mail."),
        ("module.exports = { mail: { 'f\\162om': 1 } };", "what is computed here may set mail.smtp."),
        ("module.exports = { mail: {}, 'mail': {} };",
         "mail is there 2 times (line 1, column 20 and line 1, column 30)"),
        ("module.exports = { mail };", "line 1, column 20: mail is not written as mail: value"),
        ("module.exports = { mail() {} };", "mail is not written as mail: value"),
        ("module.exports = { get mail() { return 1 } };", "mail is not written as mail: value"),
        ("module.exports = { mail: require('./mail') };", "line 1, column 26: mail is not written as an object"),
        ("module.exports = { mail: {} || {} };", "mail is not written as an object"),
        ("module.exports = { mail: { smtp: null } };", "mail.smtp is not written as an object"),
        ("module.exports = { a: 1,, };", "line 1, column 25: a key is expected here"),
        ("module.exports = { a: 1 ];", "line 1, column 25: the ] closes nothing"),
        ("module.exports = { a: 1 ;", "line 1, column 18: the { is never closed"),
        ("module.exports = { a: 'x };", "line 1, column 23: \"'\" is not understood"),
        ("module.exports = { a: `x${ };", "line 1, column 23: the template is never closed"),
        (f"module.exports = {{ a: {'`${' * 400}1{'}`' * 400} }};", "templates are nested too deeply"),
        ("/* module.exports = {};", "line 1, column 1: '/' is not understood"),
        ("x = a ? {} / 2 : 1;\nmodule.exports = {};", "line 1, column 12: a / behind a }"),
        ("await / 2;", "a / behind await may divide"),
        ("<!-- x\nmodule.exports = {};", "an HTML comment"),
        ("/**/ --> x\nmodule.exports = {};", "an HTML comment"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        commonjs.render(text, SETTINGS)
    assert words in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/env node\n'use strict'\nmodule.exports = { ...base, mail: {} }\nfoo()",
        "const a = x\nmodule.exports = { module: 1, get port() { return 1 }, async *go() {}, mail: {} }",
        "if (/[)/]/.test(a)) b = c / d / e\nfoo(/x/)\nmodule.exports = { mail: {}, }",
        "while (x) /a'b/.exec(y)\nimport('x').exports\nmodule.exports = { mail: {}, }",
        "for (const a of b) { x-->0 }\n;module.exports = { 'mail': { 'smtp': {} } };",
    ],
)
def test_what_surrounds_it_may_be_any_javascript(text: str) -> None:
    after = commonjs.render(text, SETTINGS)
    assert commonjs.read(after, SETTINGS)["mail"]["from"] == "it's@b.example"
    assert commonjs.render(after, SETTINGS) == after


@pytest.mark.parametrize("before", ["module.exports = {}", "module.exports = {a: 1}", "module.exports = {\n}"])
def test_keys_that_are_no_identifiers_are_quoted(before: str) -> None:
    wanted = {"mail-box": {"it's": 1, "2nd": {"a b": "c"}}, "$e_1": 2}
    after = commonjs.render(before, wanted)
    assert "'mail-box': {" in after
    assert "'it\\'s': 1" in after
    assert "'2nd': {" in after
    assert "$e_1: 2" in after
    assert commonjs.read(after, wanted) == wanted
    assert commonjs.render(after, wanted) == after


def test_a_diff_shows_no_secret() -> None:
    before = "module.exports = { mail: { smtp: { auth: { user: 'a', pass: 's3cret' }, oauth2: { host: 'x' } } } }"
    old, new = commonjs.changes(before, commonjs.render(before, SETTINGS), SETTINGS)
    assert "s3cret" not in old + new
    assert '"pass": "(secret, to be replaced)"' in old
    assert '"from": "it\'s@b.example"' in new
