from __future__ import annotations

import base64

import pytest
import tree_sitter_powershell
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import (
    LOADER,
    MINIMUM_MODULE,
    SCRIPT,
    arguments,
    first_line,
)
from tree_sitter import Language, Parser


def parses(text: str) -> bool:
    parser = Parser(Language(tree_sitter_powershell.language()))
    return not parser.parse(text.encode()).root_node.has_error


@pytest.mark.parametrize("text", [SCRIPT, LOADER])
def test_is_powershell(text: str) -> None:
    assert parses(text)


def test_the_grammar_notices_a_missing_brace() -> None:
    assert not parses(SCRIPT.replace("function Invoke-Hello {", "function Invoke-Hello", 1))
    assert not parses(LOADER.replace("(", "", 1))


def test_a_command_line_needs_no_quotes_and_is_short_enough_for_cmd() -> None:
    line = " ".join(arguments())
    assert len(line) < 8191
    assert not set(line) & set("\"'`$&|<>^%;()\n")


def test_the_loader_comes_as_powershell_decodes_it() -> None:
    assert base64.b64decode(arguments()[-1]).decode("utf-16-le") == LOADER


def test_the_script_is_one_line_of_input() -> None:
    assert base64.b64decode(first_line()).decode() == SCRIPT
    assert first_line().count(b"\n") == 1


def test_the_oldest_module_is_the_scripts_own() -> None:
    assert f"[version]'{'.'.join(map(str, MINIMUM_MODULE))}'" in SCRIPT


def test_nothing_is_ever_evaluated_by_the_script() -> None:
    lowered = SCRIPT.casefold()
    assert not [word for word in ("invoke-expression", "scriptblock", "add-type", "iex ") if word in lowered]
