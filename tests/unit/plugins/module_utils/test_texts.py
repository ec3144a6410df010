# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What no text can be, and what YAML makes of one without quotes, is refused, in tables of keys and argument specs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils import _keys
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key
from ansible_collections.mailops.modern_auth.plugins.module_utils._texts import complaint, require_texts

CHANGED = ("0123456", "1_000", "010", "1.0e+3", "1.10", "0x1F", "12:30:45", ".5", "2026-01-01", "on", "yes", "12345")
UNCHANGED = ("1e3", "08", "'0123456'", '"on"', "s3cret", "0.1.2", "null-device", "~tilde")


@pytest.mark.parametrize("written", CHANGED)
@pytest.mark.parametrize("kind", [_keys.text, _keys.secret, _keys.client_secret, _keys.address])
def test_a_key_refuses_it_and_does_not_repeat_it(written: str, kind: Any) -> None:
    value = yaml.safe_load(written)
    problems: list[str] = []
    assert _keys.read({"password": Key(kind, secret=True)}, {"password": value}, "mail_send", problems) == {}
    (problem,) = problems
    assert problem.startswith("mail_send.password: is no text: YAML reads it as ")
    assert problem.endswith("write it in quotes")
    assert str(value) not in problem.removeprefix("mail_send.password: is no text")


@pytest.mark.parametrize("written", UNCHANGED)
def test_what_stays_a_text_is_taken(written: str) -> None:
    value = yaml.safe_load(written)
    assert complaint(value) is None
    assert _keys.secret(value) == value


@pytest.mark.parametrize("kind", [_keys.text, _keys.secret, _keys.client_secret, _keys.address])
def test_a_key_refuses_nul_and_does_not_repeat_it(kind: Any) -> None:
    problems: list[str] = []
    _keys.read({"password": Key(kind, secret=True)}, {"password": "s3cret@\0value"}, "mail_send", problems)
    assert problems == ["mail_send.password: holds a NUL character; remove it"]


def test_a_key_refuses_what_is_no_utf_8() -> None:
    value, problems = b"s3cret@caf\xe9".decode("utf-8", "surrogateescape"), []
    _keys.read({"password": Key(_keys.secret, secret=True)}, {"password": value}, "mail_send", problems)
    assert problems == ["mail_send.password: holds bytes that are no UTF-8; write it in UTF-8"]


SPEC: dict[str, Any] = {
    "password": {"no_log": True},
    "path": {"type": "path"},
    "port": {"type": "int"},
    "flag": {"type": "bool"},
    "free": {"type": "dict"},
    "tls": {"choices": ["none", "starttls"]},
    "names": {"type": "list", "elements": "str"},
    "send": {"type": "dict", "options": {"password": {"type": "str", "no_log": True}}},
    "several": {"type": "list", "elements": "dict", "options": {"user": {}}},
}


@pytest.mark.parametrize(("given", "path"), [
    ({"password": 42798}, "password"), ({"path": 8.5}, "path"), ({"names": ["a", True]}, "names[1]"),
    ({"send": {"password": 42798}}, "send.password"), ({"several": [{"user": "a"}, {"user": 7}]}, "several[1].user"),
])
def test_an_option_refuses_it_by_its_path(given: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as caught:
        require_texts(SPEC, given)
    assert caught.value.message.startswith(f"{path}: is no text: YAML reads it as ")
    assert "42798" not in str(caught.value.result())


@pytest.mark.parametrize(("given", "path"), [
    ({"password": "\0"}, "password"), ({"path": "/srv/\0"}, "path"), ({"names": ["a", "b\0"]}, "names[1]"),
    ({"names": "a,b\0"}, "names"),
    ({"send": {"password": "s3cret\0"}}, "send.password"), ({"several": [{"user": "\0a"}]}, "several[0].user"),
])
def test_an_option_refuses_nul_by_its_path(given: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as caught:
        require_texts(SPEC, given)
    assert caught.value.message == f"{path}: holds a NUL character; remove it"


@pytest.mark.parametrize("given", [
    {}, {"password": None, "send": None, "several": None}, {"port": 25, "flag": True, "free": {"a": 1}, "tls": False},
    {"password": "0123456", "names": ["a"], "send": {"password": "1"}, "several": [{"user": "a"}]},
    {"send": "text", "names": "a,b", "several": {"user": "a"}},
])
def test_everything_else_is_left_to_ansible(given: dict[str, Any]) -> None:
    require_texts(SPEC, given)
    assert [complaint(value) for value in ({}, [], None)] == ["is no text"] * 3


def test_all_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        require_texts(SPEC, {"password": 1, "names": [2]})
    assert caught.value.message.count("write it in quotes") == 2


@pytest.mark.parametrize(("value", "good"), [(0, False), (1, True), (65535, True), (65536, False), (-1, False)])
def test_the_bounds_of_a_number(value: int, good: bool) -> None:
    read = _keys.number(1, 65535)
    if good:
        assert read(value) == read(str(value)) == value
        return
    with pytest.raises(ValueError, match="is not between 1 and 65535"):
        read(value)
