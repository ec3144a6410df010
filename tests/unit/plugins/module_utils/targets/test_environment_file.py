# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of environment variables: only the wanted ones change, and every reader takes their values as meant."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

environment = TextFormat("environment")
NAMES = ("TAS_USER", "TAS_SECRET")
ends = st.sampled_from(["\n", "\r\n"])
# Everything that a file may hold beside the wanted variables, quoted line breaks and look-alikes included.
foreign = st.sampled_from([
    "", "  ", "# TAS_USER=no", "OTHER=1", "export PATH=/bin:$PATH", "X='a\nTAS_USER=no\n'", 'Y="\\"\nTAS_SECRET=x"',
    "not an assignment", "TAS_USERS=1", "MY_TAS_USER=1", "Z=it's", "Z=", "Z = 1 # 'x",
])
old = st.sampled_from(["", "old", "'old'", '"old"', '"a\\"b" # note', "'a'b", "a b", "a # b", "$HOME"])
values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12)


@st.composite
def files(draw: st.DrawFn) -> list[str]:
    """The parts of a file; each at an odd place is the value of one of NAMES."""
    parts = [draw(st.sampled_from(["", "\ufeff"]))]
    lines: list[str | None] = [*draw(st.lists(foreign, max_size=4)), *draw(st.sampled_from([(), NAMES[:1], NAMES]))]
    for line in draw(st.permutations(lines)):
        if line in NAMES:
            parts[-1] += draw(st.sampled_from(["", "export ", "  "])) + line + draw(st.sampled_from(["=", " = "]))
            parts += [draw(old), ""]
            parts[-1] += draw(ends)
        else:
            parts[-1] += f"{line}{draw(ends)}"
    return parts


def writable(value: str) -> bool:
    return value.isprintable() and not ("'" in value and set(value) & set('"\\$`'))


@given(files(), st.fixed_dictionaries(dict.fromkeys(NAMES, values.filter(writable))))
def test_all_but_the_values_survives(parts: list[str], wanted: dict[str, str]) -> None:
    text = "".join(parts)
    after = environment.render(text, wanted)
    assert environment.read(after, wanted) == wanted
    assert environment.render(after, wanted) == after
    at = 0
    for kept in parts[::2]:
        at = after.index(kept, at) + len(kept)
    added = after[at:].splitlines()
    assert len(added) == sum(name not in environment.read(text, wanted) for name in NAMES)


@settings(max_examples=60)
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
        ("C=1\r\n", "C=1\r\nA=x\r\nB='y z'\r\n"),
        ("export C=1\n", "export C=1\nexport A=x\nexport B='y z'\n"),
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
