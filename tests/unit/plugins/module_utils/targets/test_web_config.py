# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A web.config in which settings are changed; what .NET makes of the result is in tests/integration."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import xml_document
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.edits import Edit
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import web_config
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.text_format import TextFormat

text_format = TextFormat("web_config")
SECRET = "s3cr3t-\"'<&>"
SETTINGS: dict[str, Any] = {"Mail.Type": "Graph", "Mail.Secret": "x", "Mail.Login": None}


def section(*lines: str) -> str:
    """A file with these lines in its appSettings."""
    inner = "".join(f"    {line}\n" for line in lines)
    return f"<configuration>\n  <appSettings>\n{inner}  </appSettings>\n</configuration>\n"


ADDED = ('<add key="Mail.Type" value="Graph" />', '<add key="Mail.Secret" value="x" />')
DONE = section(*ADDED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<configuration>\n  <appSettings/>\n</configuration>\n", DONE),
        ("<configuration>\n  <appSettings />\n</configuration>\n", DONE),
        ("<configuration>\n  <appSettings></appSettings>\n</configuration>\n", DONE),
        ("<configuration>\n  <appSettings>\n  </appSettings>\n</configuration>\n", DONE),
        ("<?xml version='1.0'?>\n<configuration/>", f"<?xml version='1.0'?>\n{DONE.rstrip()}"),
        ("<?xml version='1.0'?>\n<configuration>\n</configuration>\n", f"<?xml version='1.0'?>\n{DONE}"),
        ("<configuration/>", f"<configuration><appSettings>{''.join(ADDED)}</appSettings></configuration>"),
        ("<configuration>\r\n\t<a>\r\n\t\t<b/></a>\r\n</configuration>",
         DONE.rstrip().replace("\n", "\r\n").replace("  ", "\t").replace("</app", "</app", 1)
         .replace("\r\n</configuration>", "\r\n\t<a>\r\n\t\t<b/></a>\r\n</configuration>")),
        ("<configuration>\n  <configSections/>\n  <!-- b -->\n  <b/>\n</configuration>\n",
         DONE.replace("  <app", "  <configSections/>\n  <app")
         .replace("</appSettings>\n", "</appSettings>\n  <!-- b -->\n  <b/>\n")),
        (section("<add value = 'v' key='k'></add>  <!-- why -->", "<!-- last -->"),
         section("<add value = 'v' key='k'></add>  <!-- why -->", "<!-- last -->",
                 "<add value = 'Graph' key='Mail.Type'></add>", "<add value = 'x' key='Mail.Secret'></add>")),
        (section('<add key="k" value="v" lockItem="true" />', "<clear/>"),
         section('<add key="k" value="v" lockItem="true" />', "<clear/>", *ADDED)),
        ("<configuration> <appSettings> <add key='k' value=''/> </appSettings> </configuration>",
         "<configuration> <appSettings> <add key='k' value=''/> <add key='Mail.Type' value='Graph'/> "
         "<add key='Mail.Secret' value='x'/> </appSettings> </configuration>"),
        ("<configuration>\n  <location path='.'>\n    <appSettings />\n  </location>\n</configuration>",
         "<configuration>\n  <location path='.'>\n    <appSettings>\n"
         + "".join(f"      {line}\n" for line in ADDED) + "    </appSettings>\n  </location>\n</configuration>"),
        # What an empty or open-ended way to write it leaves as it is.
        (section("<add key='mail.TYPE' value='old' />", *ADDED[1:]),
         section("<add key='mail.TYPE' value='Graph' />", *ADDED[1:])),
        (section('<add key="Mail.Type"/>', *ADDED[1:]), section('<add key="Mail.Type" value="Graph"/>', *ADDED[1:])),
        (section(*ADDED, "<remove key='mail.type'/>"), section(ADDED[1], "<remove key='mail.type'/>", ADDED[0])),
        (section("<add key='Mail.Secret' value='old'/>", *ADDED), DONE),
    ],
)
def test_what_is_missing_is_added_in_the_style_of_the_file(before: str, after: str) -> None:
    assert text_format.render(before, SETTINGS) == after
    assert text_format.render(after, SETTINGS) == after
    assert text_format.read(after, SETTINGS) == {"Mail.Type": "Graph", "Mail.Secret": "x"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (section('<add key="MAIL.login" value="me" />', *ADDED), DONE),
        (section('<add key="Mail.Login"', '     value="me">', "</add>", "", *ADDED), section("", *ADDED)),
        (section(f'<add key="Mail.Login" value="me"/>{ADDED[0]}', ADDED[1]), DONE),
        (section(f'{ADDED[0]} <add key="Mail.Login" value="me"/>', ADDED[1]), DONE),
        (section('<add key="Mail.Login"/> <add key="mail.login"/>', *ADDED), DONE),
        (section('<add key="Mail.Login"/> <!-- kept -->', *ADDED), section("<!-- kept -->", *ADDED)),
        (section('<add key="Mail.Login"><!-- gone --></add>', *ADDED), DONE),
    ],
)
def test_what_must_not_stand_there_goes_with_its_line(before: str, after: str) -> None:
    assert text_format.render(before, SETTINGS) == after
    assert text_format.render(before.replace("\n", "\r\n"), SETTINGS) == after.replace("\n", "\r\n")


def test_a_section_is_not_made_for_nothing() -> None:
    assert text_format.render("<configuration/>", {"Mail.Login": None}) == "<configuration/>"
    assert text_format.read("<configuration/>", SETTINGS) == {}


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (("<add key='K' value='1'/>", "<add key='k' value='2'/>"), "2"),
        (("<add key='K' value='1'/>", "<remove key='k'/>"), None),
        (("<add key='K' value='1'/>", "<clear/>"), None),
        (("<clear/>", "<remove key='K'/>", "<add key='K' value='1'/>"), "1"),
        (("<add key='&#x4B;' value='&lt;&amp;&quot;&#65;'/>",), '<&"A'),
        (("<add value='a\tb' key='K'/>",), "a\tb"),
        # To .NET these are other letters than K and I.
        (("<add key='\N{KELVIN SIGN}' value='1'/>",), None),
        (("<!-- <add key='K' value='1'/> -->",), None),
    ],
)
def test_it_is_read_as_dotnet_reads_it(lines: tuple[str, ...], value: str | None) -> None:
    assert text_format.read(section(*lines), {"K": ""}).get("K") == value


@pytest.mark.parametrize(
    "value", [SECRET, "", " a ", "a\tb\r\nc", "\U0001f511\u20ac\u0142", "%20&#x41;]]>", "\x85\u2028"]
)
@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""), ("windows-1252", b""), ("iso-8859-1", b""), ("us-ascii", b""), ("utf-16-le", b""),
        ("utf-16-be", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_a_value_comes_back_in_every_encoding(value: str, quote: str, encoding: str, mark: bytes) -> None:
    declared = "utf-16" if "utf-16" in encoding else encoding
    letter = "" if encoding == "us-ascii" else "\xe9"
    body = section(f"<!-- {letter} -->", f"<add key={quote}K{quote} value={quote}{quote}/>")
    before = mark + f"<?xml version='1.0' encoding='{declared.upper()}'?>\n{body}".encode(encoding)
    after = web_config.render(before, {"K": value, "L": value})
    assert web_config.read(after, {"K": "", "L": ""}) == {"K": value, "L": value}
    assert web_config.render(after, {"K": "", "L": None}) == before


REFUSED = {
    "<configuration>\n  <a>\n</configuration>": "not well-formed XML (line 3, column 17: tag name mismatch)",
    "": "not well-formed XML (line 1, column 1: document empty)",
    "<configuration a='&x;'/>": "undeclared entity",
    "<?xml version='1.1'?><configuration/>": "another XML than 1.0",
    "<?xml version='1.0'?>\n<!-- -->\n<!DOCTYPE c [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>\n<c>&e;</c>":
        "a DTD (line 3, column 1)",
    "<appSettings/>": "line 1, column 1: the root is <appSettings>",
    section("<add key='a'>text</add>"): "line 3, column 5: <add> holds text",
    section("text"): "line 2, column 3: <appSettings> holds text",
    section("<set key='a'/>"): "line 3, column 5: <set> is not understood",
    section("<add key='a'><add/></add>"): "line 3, column 18: <add> must be empty",
    section("<add Key='a'/>"): "line 3, column 5: <add> has an attribute Key",
    section("<add value='a'/>"): "line 3, column 5: <add> has no key",
    section("<EncryptedData/>"): "line 3, column 5: its appSettings are encrypted",
    section().replace("<app", "<appSettings/><app", 1): "(line 2, column 3 and line 2, column 17)",
    section().replace("<app", "<location><appSettings/></location><app", 1): "appSettings> is there 2 times",
    **{
        f"<configuration><appSettings {name}='x'/></configuration>": f"line 1, column 16: its appSettings {words}"
        for name, words in (
            ("configSource", "stand in another file"), ("file", "are overridden"), ("configBuilders", "are changed"),
            ("configProtectionProvider", "are encrypted"),
        )
    },
    "<configuration xmlns:x='http://schemas.microsoft.com/XML-Document-Transform'>\n<a x:Transform='Remove'/>"
    "</configuration>": "line 2, column 1: this is a transformation",
    "<configuration><location path='x'><appSettings><add key='mail.type' value=''/></appSettings></location>"
    "</configuration>": "line 1, column 48: mail.type is set for a part",
}


@pytest.mark.parametrize("content", REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(content: str) -> None:
    for refuse in (text_format.read, text_format.render):
        with pytest.raises(InputError) as caught:
            refuse(content, SETTINGS)
        assert REFUSED[content] in caught.value.message
        assert caught.value.remedy


def test_what_a_part_of_the_application_sets_beside_is_foreign() -> None:
    part = "<location path='x'><appSettings file='f'><add key='K' value='1'/></appSettings></location>"
    before = DONE.replace("</conf", f"{part}</conf")
    assert text_format.render(before, SETTINGS) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<?xml version='1.0' encoding='utf-16'?><configuration/>", "encoding='utf-16'"),
        (codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='iso-8859-1'?><configuration/>", "encoding='iso-8859-1'"),
        ("<?xml version='1.0' encoding='utf-8'?><configuration/>".encode("utf-16"), "encoding='utf-8'"),
        (b"<?xml version='1.0' encoding='utf-7'?><configuration/>", "encoding='utf-7'"),
        (b"<configuration a='\xe9'/>", "byte 18 is not UTF-8"),
        (b"<?xml version='1.0' encoding='windows-1252'?><configuration a='\x81'/>", "byte 63 is not WINDOWS-1252"),
    ],
)
def test_an_encoding_that_is_not_sure_is_refused(content: bytes, words: str) -> None:
    message = refusal(content)
    assert words in message
    assert "Save the file as UTF-8" in message


def refusal(content: bytes) -> str:
    """What the format says of bytes that it does not take."""
    with pytest.raises(InputError) as caught:
        web_config.render(content, SETTINGS)
    return caught.value.result()["msg"]


@pytest.mark.parametrize("value", ["\0", "\x1b", "\ufffe", "\ud800"])
def test_a_character_that_xml_lacks_is_refused_without_the_value(value: str) -> None:
    for before in (DONE, "<configuration/>"):
        with pytest.raises(InputError, match=r"Mail\.Secret") as caught:
            text_format.render(before, {"Mail.Secret": SECRET + value})
        assert SECRET not in str(caught.value.result())


def test_a_broken_file_is_refused_without_the_value_that_breaks_it() -> None:
    for broken in ("&hunter2;", "a\" hunter2=", "<hunter2"):
        message = refusal(section(f'<add key="Mail.Secret" value="{broken}" />').encode())
        assert "not well-formed XML (line " in message
        assert "hunter2" not in message


def test_a_diff_shows_no_secret() -> None:
    before = section('<add key="mail.secret" value="old-one" />')
    after = text_format.render(before, {**SETTINGS, "Mail.Secret": SECRET})
    old, new = text_format.changes(before, after, SETTINGS)
    assert old == '{\n  "Mail.Secret": "(secret, to be replaced)"\n}\n'
    assert new == '{\n  "Mail.Type": "Graph",\n  "Mail.Secret": "(secret, new)"\n}\n'


def test_a_change_that_would_touch_something_else_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_config, "_merged", lambda *_given: [Edit(1, 14, "configuration a='b'")])
    with pytest.raises(RuntimeError, match="beyond its settings"):
        text_format.render(DONE, SETTINGS)


def test_a_missing_library_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(xml_document.MISSING, "lxml>=5.0", "Traceback")
    assert "-m pip install 'lxml>=5.0'" in refusal(DONE.encode())


def test_five_megabytes_are_read_to_the_end() -> None:
    lines = [f'<add key="key{number}" value="{"v" * 400}" />' for number in range(12_000)]
    before = section(*lines, '<add key="Mail.Login" value="" />')
    assert len(before) > 5_000_000
    assert text_format.render(before, SETTINGS) == section(*lines, *ADDED)
