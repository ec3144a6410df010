from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.wire import (
    AnswerReader,
    WireError,
    parse_answer,
    request_line,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOSTILE = st.one_of(
    st.text(),
    st.lists(st.sampled_from(["'", '"', "$(1)", "`", "\0", "\x1b", "--%", "\n", ":", "/Date(0)/", "😀"])).map("".join),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=20), VALUES, max_size=4))
def test_anything_makes_one_line_and_comes_back(request: dict[str, object]) -> None:
    line = request_line(request)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert parse_answer(line) == request


def test_every_text_is_marked_and_no_key() -> None:
    line = request_line({"op": "invoke", "list": ["2024-01-01T00:00:00Z", 1, None, True]})
    assert json.loads(base64.b64decode(line)) == {"op": ":invoke", "list": [":2024-01-01T00:00:00Z", 1, None, True]}


def answer(nonce: str, **values: object) -> bytes:
    return nonce.encode() + b" " + request_line(values)


@given(st.lists(st.integers(0, 400)))
def test_output_may_be_cut_anywhere(cuts: list[int]) -> None:
    output = b"banner \xc3\xa4\r\n" + answer("n0", id=1) + b"What if: x\r\n" + answer("n0", id=2, text="ä").replace(
        b"\n", b"\r\n"
    )
    reader = AnswerReader("n0")
    places = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    found = [
        found for start, end in pairwise(places) for found in reader.feed(output[start:end])
    ]
    assert found == [{"id": 1}, {"id": 2, "text": "ä"}]
    assert reader.noise() == "banner ä\nWhat if: x"


def test_noise_without_a_line_end_hides_no_answer() -> None:
    reader = AnswerReader("n0")
    assert reader.feed(b"Loading... " + answer("n0", id=1)) == [{"id": 1}]
    assert reader.noise() == "Loading... "


def test_only_the_last_noise_is_kept() -> None:
    reader = AnswerReader("n0")
    reader.feed(b"".join(b"line %d\n" % number for number in range(100)))
    assert reader.noise().splitlines() == [f"line {number}" for number in range(80, 100)]


def test_the_end_of_the_output_is_noise_too() -> None:
    reader = AnswerReader("n0")
    assert reader.feed(b"first\nsecond without end") == []
    assert reader.noise() == "first\nsecond without end"


@pytest.mark.parametrize("payload", [b"%%%", base64.b64encode(b"no json"), base64.b64encode(b"[1]")])
def test_an_answer_that_cannot_be_read(payload: bytes) -> None:
    with pytest.raises(WireError):
        AnswerReader("n0").feed(b"n0 " + payload + b"\n")
