# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ICI's configuration key in a file of keys: only its value may change."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARK, decode
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import ici_keys
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.json_texts import (
    characters,
    foreign,
    plain,
    space,
)
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat
from hypothesis import given
from hypothesis import strategies as st

ici = TextFormat("ici_keys")
SETTINGS = {"provider": "GRAPH", "configuration": {"TenantId": "t", "ClientSecret": "s3cret", "EmailId": "a@b.example"}}
scalars = st.text(characters, max_size=8) | st.booleans() | st.integers()
settings = st.fixed_dictionaries(
    {"provider": st.sampled_from(["GRAPH", "MAILKIT"]), "configuration": st.dictionaries(st.text(characters), scalars)}
)


def key(value: str = '""', **members: Any) -> str:
    others = json.dumps({"Id": ici_keys.ID, "Name": ici_keys.NAME, **members})
    return f'{others[:-1]}, "Value": {value}}}'


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str]:
    """What stands before and behind the key's value in a file of any shape."""
    name = "".join(draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in ici_keys.NAME)
    gap = [draw(space) for blank in range(6)]
    before = f'{{{gap[0]}"Name"{gap[1]}:{gap[2]}{json.dumps(name)},{gap[3]}"Value"{gap[4]}:{gap[5]}'
    after = draw(space) + draw(st.builds(lambda value: f',"x":{value}', foreign) | st.just("")) + "}"
    for _level in range(draw(st.integers(0, 3))):
        left, right = draw(foreign), draw(foreign)
        if draw(st.booleans()):
            before, after = f"[{left},{draw(space)}{before}", f"{after}{draw(space)},{right}]"
        else:
            before, after = f'{{"a":{left},"a":{draw(space)}{before}', f'{after}{draw(space)},"b":{right}}}'
    mark = draw(st.sampled_from(["", MARK]))
    return mark + draw(space) + before, after + draw(space)


@given(files(), plain | st.text(characters, max_size=5).map(json.dumps), settings)
def test_all_but_the_value_survives(file: tuple[str, str], old: str, wanted: dict[str, Any]) -> None:
    before, after = file
    text = ici.render(before + old + after, wanted)
    assert text.startswith(before)
    assert text.endswith(after)
    assert json.loads(json.loads(text[len(before) : len(text) - len(after)])) == wanted
    assert ici.read(text) == wanted
    assert ici.render(text, wanted) == text
    assert ici.render(text, ici.read(text) or {}) == text


@given(files(), settings, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
def test_bytes_survive_in_every_encoding(file: tuple[str, str], wanted: dict[str, Any], encoding: str) -> None:
    before, after = ("" if encoding == "utf-8" else MARK) + file[0].removeprefix(MARK), file[1]
    data = (before + '""' + after).encode(encoding)
    text, found = decode(data)
    assert found == encoding
    written = ici.render(text, wanted).encode(found)
    assert written.startswith(before.encode(encoding))
    assert written.endswith(after.encode(encoding))


@pytest.mark.parametrize("written", [json.dumps(SETTINGS, indent=4), json.dumps(dict(reversed(SETTINGS.items())))])
def test_settings_that_mean_the_same_are_left_as_they_are_written(written: str) -> None:
    text = f"[{key(json.dumps(written))}]"
    assert ici.render(text, SETTINGS) == text


@pytest.mark.parametrize(("old", "new"), [(1, True), (3, "3"), (0, False), (1, 1.0)])
def test_types_count(old: Any, new: Any) -> None:
    text = f"[{key(json.dumps(json.dumps({'configuration': {'x': old}})))}]"
    assert ici.read(ici.render(text, {"configuration": {"x": new}})) == {"configuration": {"x": new}}
    assert ici.render(text, {"configuration": {"x": new}}) != text


@pytest.mark.parametrize("value", ['""', '" "', "null", "{}"])
def test_a_key_without_settings_reads_as_none(value: str) -> None:
    assert ici.read(f"[{key(value)}]") is None


def test_a_missing_key_is_appended_in_the_style_of_its_neighbours() -> None:
    keys = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    text = json.dumps({"before": 1, "Keys": keys, "x": []}, indent=3).replace("\n", "\r\n")
    after = ici.render(text, SETTINGS, create=True)
    at = text.index("}", text.index('"b"')) + 1
    assert after.startswith(text[:at])
    assert after.endswith(text[at:])
    new = json.loads(after)["Keys"][-1]
    assert new["OverrideType"] == "Overridable"
    assert after == json.dumps({"before": 1, "Keys": [*keys, new], "x": []}, indent=3).replace("\n", "\r\n")
    assert ici.read(after) == SETTINGS


@pytest.mark.parametrize("text", ["[]", " [ ]\n", '[{"Name":"a","Value":1}]', '[{"Name":"a","Value":1},2]'])
def test_a_missing_key_is_appended_to_short_lists(text: str) -> None:
    after = ici.render(text, SETTINGS, create=True)
    assert ici.read(after) == SETTINGS
    assert [item for item in json.loads(after) if item not in json.loads(text)] == [json.loads(after)[:2][-1]]
    assert ici.render(after, SETTINGS, create=True) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"Name": "a"}', r"not valid JSON \(line 1, column 15: Expecting ','\)"),
        ('[\n  {"Name": tru}]', r"not valid JSON \(line 2, column 12: Expecting value\)"),
        ("// a comment\n[]", r"line 1, column 1: comments are not understood"),
        ('[{"Name": "a"} /* mine */]', r"line 1, column 16: comments are not understood"),
        ('[{"Name": "a",}]', r"line 1, column 15: a comma behind the last one is not understood"),
        ('[{"Name": "a"},\n]', r"line 2, column 1: a comma behind the last one is not understood"),
        ("[]", "create_key: true"),
        (f"[{key()}, {key()}]", r"2 times \(line 1, column 2 and line 1, column \d+\)"),
        (f"[{key(IsReadOnly=True)}]", "IsReadOnly"),
        (f"[{key(IsEncrypted='True')}]", "IsEncrypted"),
        (f'[{{"Name": "{ici_keys.NAME}"}}]', r'Add "Value": ""'),
        (f'[{{"Name": "{ici_keys.NAME}", "Value": "", "value": ""}}]', "2 members Value"),
        (f'[{{"Name": "x", "Value": "", "name": "{ici_keys.NAME}"}}]', "2 members Name"),
        (f"[{key(Name='Other')}]", "belongs to another key, 'Other'"),
    ],
)
def test_what_cannot_be_done_is_said(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        ici.render(text, SETTINGS)
    assert re.search(words, str(caught.value.result()["msg"]))


def test_no_list_of_keys_to_append_to() -> None:
    with pytest.raises(InputError, match="no list of configuration keys"):
        ici.render('{"a": [1, 2]}', SETTINGS, create=True)


def test_a_value_that_is_no_json_can_be_replaced_but_not_read() -> None:
    text = f"[{key(json.dumps('{not json'))}]"
    with pytest.raises(InputError, match="not a JSON object"):
        ici.read(text)
    assert ici.read(ici.render(text, SETTINGS)) == SETTINGS


def test_a_diff_says_that_a_secret_changes_and_not_what_it_is() -> None:
    other = {"provider": "GRAPH", "configuration": {**SETTINGS["configuration"], "ClientSecret": "an0ther"}}
    assert '"(secret, new)"' in shown(SETTINGS, other, "new")
    assert '"(secret)"' in shown(SETTINGS, SETTINGS, "new")
    by_hand = {"Password": "s3cret", "configuration": {"more": [{"smtpPassword": "s3cret"}], "EmailId": "a@b.example"}}
    assert "s3cret" not in shown(SETTINGS, other, "new") + shown(by_hand, None, "old")
    assert "a@b.example" in shown(by_hand, None, "old")
