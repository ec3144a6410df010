# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of environment variables: only the wanted ones change, and every reader takes their values as meant."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.environment_readers import (
    bash,
    dotenv,
    is_shell,
    systemd,
    systemd_252,
)
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

environment = TextFormat("environment")
NAMES = ("TAS_USER", "TAS_SECRET")
FOREIGN = ("F1", "F2", "JAVA_OPTS")
# Everything that such a file may hold beside the wanted variables; some of it is refused.
foreign = st.sampled_from([
    "", "  ", "# TAS_USER=no", "# it's", "# on\\", "; TAS_USER=x", "F1=1", "F1=", "F1= ", "export F1=1", "F1 = 1",
    "F1='a\nTAS_USER=no\n'", 'F1="a\nb"', 'F1="a\nb"c', "F1=a'b\nc'", "F1='a\nb' # c", "F1='a\nb' 'c'", 'F1="\\""',
    'F1="\\"\nTAS_SECRET=x"', "F1=it's", "F1=\"it's\"", "F1=a\\\nb", "F1=a\\\nTAS_USER=no", "F1=a\\\n F2=2",
    "F1=\\\n'b'", "F1=1; export F1", "F1=1; F2=2", "F1=1 F2=2", "F1=1 TAS_USER=x", "F1=1; TAS_USER=x",
    "F1=1; export TAS_USER", "F1=1; export TAS_USER=x", "F1=1; unset TAS_USER", "export F1=1 F2=2",
    "export F1=1 TAS_USER", "export F1", "export F1; export F2", "export TAS_USER", "export TAS_USER TAS_SECRET",
    "export -n TAS_USER", "set -a", "set +a", "set -o allexport", "set -af", "set +o allexport", "set -a; F1=1",
    "set -a; . ./x", "unset TAS_USER", "unset F1", "readonly F1=1", "declare -x F1=1", "declare TAS_USER=x",
    "F1=$(echo 'a b')", 'F1="$(echo "a")"', 'F1="$(echo "a\nb")"', "F1=`echo a`", "F1=`echo a\nb`", "F1=(a b)",
    "F1=(a\nb)", "F1[0]=x", "F1=$(echo a\nTAS_USER=x)", "F1=${F2:-a}", "F1=${F2:-a\nb}", "F1='a\\'", 'F1="a\\\\"',
    'F1="a" "b\nc"', "F1=x # it's", "F1= # 'x", "F1=x # on\\", "F1=x#y'z'", "F1=a;b", "F1=a&&b", "F1='x'\\''y'",
    "F1=\\'", 'F1=\\"', "F1=$'a\\'b'", "F1=$'a'", "JAVA_OPTS=-Da=1 -Db=2", "JAVA_OPTS=-Da=$TAS_USER -Db=TAS_USER",
    "not an assignment", "F1: 1", "TAS_USER: 1", "TAS_USER+=x", "TAS_USER[0]=x", "if true; then", "fi", ". ./x",
    "f() {\nTAS_USER=x\n}", "F1=1 <<E\nTAS_USER=x\nE", "F1=a\rb", "'", '"', "F1='", 'F1="', "F1=x\\",
])
old = st.sampled_from([
    "", "old", "'old'", '"old"', '"a\\"b" # note', "'a'b", "a b", "a # b; c", "$HOME", "'a\nb'", '"a\nb"', "'a\nb'c",
    "a\\\n-b", "a\\\nF1=2", "it's", "'a' 'b'", "x; export TAS_USER", "x;export TAS_USER TAS_SECRET # c", "x; F1=1",
    "x F1=1", "x && y", "x; unset TAS_USER", "x; . y", "`echo x`", "$(echo x)", "(a b)", "'a\\'", "x\\", "x # on\\",
])
values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12)


@st.composite
def files(draw: st.DrawFn) -> str:
    lines: list[str] = list(draw(st.lists(foreign, max_size=4)))
    for name in draw(st.sampled_from([(), NAMES[:1], NAMES])):
        head = draw(st.sampled_from(["", "", "export ", "  "]))
        lines.append(f"{head}{name}{draw(st.sampled_from(['=', '=', ' = ']))}{draw(old)}")
    text = "\n".join(draw(st.permutations(lines)))
    return draw(st.sampled_from(["", "", "", "\ufeff"])) + text + draw(st.sampled_from(["", "\n"]))


def writable(value: str) -> bool:
    unsure = set(value) & set('"\\$`')
    return value.isprintable() and not ("'" in value and unsure) and not value.endswith("\\")


def others(found: Mapping[str, str]) -> dict[str, str]:
    """What a reader found of variables that are not wanted; systemd has such names as "export F1"."""
    return {name: value for name, value in found.items() if name.split(" ")[-1] not in NAMES}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files(), st.fixed_dictionaries(dict.fromkeys(NAMES, values.filter(writable))))
def test_every_reader_gets_the_wanted_values_and_everything_else_as_it_was(text: str, wanted: dict[str, str]) -> None:
    try:
        after = environment.render(text, wanted)
    except InputError as error:
        event(error.message.partition(": ")[2])
        return
    assert environment.read(after, wanted) == wanted
    assert environment.render(after, wanted) == after
    for reader in (systemd, systemd_252, dotenv):
        before_edit, after_edit = reader(text), reader(after)
        assert others(after_edit) == others(before_edit), reader
        # Where something is exported, the file is for a shell; the others never took it for what it means.
        if not any(word in text for word in ("export", "set ", "declare")):
            assert {name: after_edit.get(name) for name in NAMES} == wanted, reader
    if not is_shell(text):
        return
    names = (*FOREIGN, *NAMES)
    before_edit, after_edit = bash(text, names), bash(after, names)
    assert others(after_edit) == others(before_edit)
    assert {name: after_edit.get(name, " ").split(" ", 1)[1] for name in NAMES} == wanted
    for name in set(NAMES) - set(environment.read(text, wanted)):
        exported = any(said.startswith("x") for said in before_edit.values())
        assert after_edit[name].startswith("x") or not exported


@pytest.mark.parametrize("line", [
    "F1=1; export F1", "F1='a\nTAS_USER=no\n'", "F1=a\\\nb", "JAVA_OPTS=-Da=1 -Db=2", "set -a", "export F1",
    "F1=$(echo 'a b')", "# it's", "F1=x # it's", "F1=a;b", "F1='x'\\''y'",
])
def test_what_all_readers_understand_is_left_alone(line: str) -> None:
    assert environment.render(f"{line}\nTAS_USER=old\n", {"TAS_USER": "new"}) == f"{line}\nTAS_USER=new\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(values.filter(writable), min_size=1, max_size=20))
def test_a_shell_takes_each_value_as_it_was_meant(wanted: list[str]) -> None:
    names = {f"V{number}": value for number, value in enumerate(wanted)}
    assume(all("\0" not in value for value in wanted))
    script = environment.render("", names) + "".join(f'printf "%s\\0" "${name}"\n' for name in names)
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == wanted


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "it's $HOME", "'\"", "`'", "'\\"])
def test_what_readers_take_for_different_things_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(InputError) as caught:
        environment.render("", {"TAS_SECRET": value})
    assert "the value of TAS_SECRET holds characters" in caught.value.message
    assert value not in str(caught.value.result())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=x\nB='y z'\n"),
        ("A=x", "A=x\nB='y z'\n"),
        ("\ufeff", "\ufeff\nA=x\nB='y z'\n"),
        ("\ufeff\nA=1\n", "\ufeff\nA=x\nB='y z'\n"),
        ("C=1\r\n", "C=1\r\nA=x\r\nB='y z'\r\n"),
        ("export C=1\n", "export C=1\nexport A=x\nexport B='y z'\n"),
        ("A = x\nB= 'y z'\n", "A=x\nB='y z'\n"),
        ("C=1; export C\n", "C=1; export C\nexport A=x\nexport B='y z'\n"),
        ("set -a\nC=1\n", "set -a\nC=1\nA=x\nB='y z'\n"),
        ("set -a\nC=1\nset +a\n", "set -a\nC=1\nset +a\nexport A=x\nexport B='y z'\n"),
        ("A=1; export A\nexport B=2", "A=x; export A\nexport B='y z'"),
        ("export A=o\\\nld\nexport B='y z'\n", "export A=x\nexport B='y z'\n"),
        ("export C=1\\\n", "export C=1\\\n\nexport A=x\nexport B='y z'\n"),
        ('A="x" \nB="y z"', 'A="x" \nB="y z"'),
        # Not every reader knows comments behind a value.
        ("A=x # mine\nB='y z' # mine\n", "A=x\nB='y z'\n"),
        ("A='x'y\nB=y z # mine\n", "A=x\nB='y z'\n"),
    ],
)
def test_how_it_is_written(before: str, after: str) -> None:
    assert environment.render(before, {"A": "x", "B": "y z"}) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\nB=2\nA=3", "A is there twice (line 1, column 3 and line 3, column 3)"),
        ("C=1\nB='2\n", "line 2, column 3: the quote is never closed"),
        ("C=1\nB=1 A=2\n", "line 2, column 5: what else stands in this line is about a variable that is to be set"),
        ("A=1 B=2\n", "line 1, column 5: more than A stands in this line"),
        ("A=1; rm x\n", "line 1, column 4: more than A stands in this line"),
        ("C=1\n. ./more\n", "line 2, column 1: this is neither an assignment (NAME=value) nor a comment"),
        ("C=1\\", "line 1, column 4: the file ends with a backslash"),
        ("\ufeffA=1\n", "line 1, column 1: to bash and systemd, its byte order mark is part of the line"),
        ("\ufeff# it's\nA=1\n", "line 1, column 1: to bash and systemd, its byte order mark"),
        ("C=it's\nD='x'\n", "line 1, column 5: a quote is opened within the line and not closed in it"),
    ],
)
def test_what_cannot_be_done_is_said(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        environment.render(text, {"A": "x"})
    assert words in caught.value.message


def test_a_diff_shows_no_secret_and_nothing_of_others() -> None:
    wanted = {"TAS_USER": "a@b.example", "TAS_SECRET": "n3w"}
    before = "DB=0ther\nTAS_SECRET=0ld\n"
    old_text, new_text = environment.changes(before, environment.render(before, wanted), wanted)
    assert "a@b.example" in new_text
    assert "(secret, to be replaced)" in old_text
    assert not any(secret in old_text + new_text for secret in ("0ther", "0ld", "n3w"))
