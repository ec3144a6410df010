"""Any text is only text: it comes back unchanged, alone and in a batch, and never means something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from exchange_client import ADMINISTRATOR, NOT_FOUND, ORGANIZATION, Exchange, ascii_json, command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_fixture import RunningSandbox

PROBE = "probe@contoso.example"
SNIPPETS = (
    "$(whoami)", "';Remove-Mailbox probe;'", '"', "`", "\0", "\x1b[2J", "--%", "@{a=1}", "|", "\r\n", "\u202e", "😀",
)
hostile = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=4).map("".join),
)
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def exchange(sandbox: RunningSandbox) -> Iterator[Exchange]:
    sandbox.control("POST", "/reset")
    with Exchange(sandbox, ADMINISTRATOR) as client:
        yield client


@many
@given(hostile)
def test_value_comes_back_unchanged(exchange: Exchange, text: str) -> None:
    exchange.run_warned("Set-Mailbox", Identity=PROBE, CustomAttribute1=text)
    row, = exchange.run("Get-Mailbox", Identity=PROBE)
    assert row["CustomAttribute1"] == text
    quoted = text.replace("'", "''")
    assert [one["Alias"] for one in exchange.run("Get-Mailbox", Filter=f"CustomAttribute1 -eq '{quoted}'")] == ["probe"]


@many
@given(hostile.filter(str.strip))
def test_identity_is_repeated_in_the_error(exchange: Exchange, text: str) -> None:
    url = f"/adminapi/beta/{ORGANIZATION}/InvokeCommand"
    batch = [{"id": "1", "method": "POST", "url": url, "body": command("Get-CASMailbox", {"Identity": text})}]
    inner = exchange.post("$batch", content=ascii_json({"requests": batch})).json()["responses"][0]
    alone = exchange.invoke("Get-CASMailbox", {"Identity": text})
    for status, body in ((inner["status"], inner["body"]), (alone.status_code, alone.json())):
        assert status == 404
        assert body["error"]["details"][0]["message"].startswith(
            f"Ex6F9304|{NOT_FOUND}|The operation couldn't be performed because object '{text}' couldn't be found on '"
        )
