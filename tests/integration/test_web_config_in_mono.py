# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What System.Configuration makes of a web.config that was edited: the wanted settings, and everything else as it was.

It is Mono's. Other than .NET's it minds capitals within a file (two keys that differ in them alone are two, and
``<remove>`` takes one of them), does not know the path "." of a ``<location>``, and takes texts between elements and
a key that is missing. None of these is tried here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import web_config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mono import Mono

# -- files ---------------------------------------------------------------------------------------------------------

OURS = ("Mail.Type", "Mail.Secret", "Mail.Login", "Mail.Server")
FOREIGN = ("owin:AppStartup", "Mail.Typ", "mail.type2", "vs:Enable", "x&y", "\u0142\u20ac", "<k>", "'")
SECTION = (
    '<section name="foreign" type="System.Configuration.IgnoreSection, System.Configuration, Version=4.0.0.0, '
    'Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" />'
)
# What an XML file can hold, and every encoding below can write, if need be as a reference.
characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
values = st.text(characters | st.sampled_from("\"'<>&; \t\n\r\u20ac\U0001f511"), max_size=8)


@st.composite
def capitals(draw: st.DrawFn, name: str) -> str:
    """A key, in some of the ways that .NET takes for the same."""
    return "".join(draw(st.sampled_from((letter.lower(), letter.upper()))) for letter in name)


def escaped(value: str, quote: str, encoding: str) -> str:
    """A value as a person could have written it."""
    text = value.replace("&", "&amp;").replace("<", "&#60;").replace(">", "&gt;").replace(quote, f"&#{ord(quote)};")
    text = re.sub("[\t\r\n]", lambda found: f"&#{ord(found[0])};", text)
    return text.encode(encoding, "xmlcharrefreplace").decode(encoding)


@st.composite
def adds(draw: st.DrawFn, names: st.SearchStrategy[str], encoding: str) -> str:
    """An element that adds a key."""
    quote, space = draw(st.sampled_from("'\"")), draw(st.sampled_from(("", " ", "  ")))
    key, value = (
        f"{name}{space}={quote}{escaped(draw(said), quote, encoding)}{quote}"
        for name, said in (("key", names), ("value", values))
    )
    pair = draw(st.sampled_from((f"{key} {value}", f"{value}   {key}", key)))
    return f"<add {pair}{draw(st.sampled_from(('/>', ' />', '></add>', '> </add>')))}"


@dataclass(frozen=True)
class File:
    """A web.config.

    :param apart: whether every element of its appSettings has a line of its own.
    """

    text: str
    encoding: str
    apart: bool


@st.composite
def files(draw: st.DrawFn) -> File:
    """What administrators and other programs have left."""
    encoding, declared, mark = draw(st.sampled_from((
        ("utf-8", "", ""), ("utf-8", "utf-8", "\ufeff"), ("utf-16-le", "utf-16", "\ufeff"),
        ("utf-16-be", "utf-16", "\ufeff"), ("windows-1252", "Windows-1252", ""), ("iso-8859-1", "iso-8859-1", ""),
    )))
    ours = st.sampled_from([draw(capitals(name)) for name in OURS])
    beside = ours.map("<remove key='{}' />".format) | st.sampled_from((
        "", "<!-- <add key='Mail.Type' value='no' /> -->", "<?asp <add key='Mail.Type'/> ?>", "<clear />", "\t",
        "<!-- & < > \" ' -->",
    ))
    entries = draw(st.lists(adds(st.sampled_from(FOREIGN), encoding) | adds(ours, encoding) | beside, max_size=8))
    step, end = draw(st.sampled_from(("  ", "\t", "    ", ""))), draw(st.sampled_from(("\n", "\r\n")))
    apart = f"{end}{step * 2}"
    gap = draw(st.sampled_from((apart, apart, " ", "")))
    sections = draw(st.permutations([
        f"{step}<appSettings>{gap.join(['', *entries])}{gap}</appSettings>", "", "  <!-- </appSettings> -->",
        f"{step}<foreign a='&gt;' b=\"'\"><![CDATA[<appSettings>]]></foreign>",
    ]))
    text = end.join([
        f'{mark}<?xml version="1.0" encoding="{declared}"?>' if declared else f"{mark}<!-- <configuration> -->",
        "<configuration>", f"{step}<configSections>{SECTION}</configSections>", *sections, "</configuration>",
        *draw(st.sampled_from(([], [""]))),
    ])
    return File(text, encoding, gap == apart)


wanted_settings = st.dictionaries(st.sampled_from(OURS), st.none() | values)
# Found by no parser of ours. What stands in comments and instructions is nobody's.
ASIDE = re.compile(r"(<!--.*?-->|<\?.*?\?>)", re.DOTALL)


def adding(names: Iterable[str]) -> re.Pattern[str]:
    """Elements that add a key of these, in any capitals."""
    keys = "|".join(map(re.escape, names)) or "(?!)"
    return re.compile(
        rf"""<add\b(?=[^<>]*\bkey\s*=\s*["'](?:{keys})["'])[^<>]*>(?:\s*</add>)?""", re.IGNORECASE | re.ASCII
    )


def without(text: str, names: Iterable[str]) -> list[str]:
    """The words and tags of a text but for the elements that add a key of these."""
    pieces = enumerate(ASIDE.split(text))
    rest = "".join(piece if index % 2 else adding(names).sub("", piece) for index, piece in pieces)
    return rest.replace("<", " <").replace(">", "> ").split()


def other_lines(text: str, names: Iterable[str]) -> list[str]:
    """The lines that hold no such element, with their indentation and line ends."""
    return [line for line in text.splitlines(keepends=True) if not adding(names).search(ASIDE.sub("", line))]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), wanted_settings)
def test_mono_reads_what_was_wanted_and_everything_else_as_before(
    mono: Mono, file: File, wanted: dict[str, str | None]
) -> None:
    before = file.text.encode(file.encoding)
    after = web_config.render(before, wanted)
    told = {name: value for name, value in wanted.items() if value is not None}
    assert web_config.read(after, wanted) == told
    assert web_config.render(after, wanted) == after
    old, new = mono.read(before), mono.read(after)
    ours = set(map(str.upper, wanted))
    assert {key: value for key, value in new.items() if key in ours} == {key.upper(): told[key] for key in told}
    assert [new.get(key) for key in old if key not in ours] == [old[key] for key in old if key not in ours]
    assert new.keys() - ours == old.keys() - ours
    text = after.decode(file.encoding)
    assert without(text, wanted) == without(file.text, wanted)
    if file.apart:
        assert other_lines(text, wanted) == other_lines(file.text, wanted)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files())
def test_mono_and_the_format_read_the_same(mono: Mono, file: File) -> None:
    content = file.text.encode(file.encoding)
    seen = mono.read(content)
    assert web_config.read(content, dict.fromkeys(OURS)) == {
        name: seen[name.upper()] for name in OURS if name.upper() in seen
    }
    assert web_config.render(content, {"Mail.None": None}) == content
