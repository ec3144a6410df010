# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Received headers, as servers really write them and as nobody should."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.received import CLAUSES, hop, hops
from hypothesis import given
from hypothesis import strategies as st

EXCHANGE = (
    "from AM0P190CA0001.EURP190.PROD.OUTLOOK.COM (2603:10a6:208:190::11) by DB7PR01MB0001.eurprd01.prod.outlook.com "
    "(2603:10a6:10:1::1) with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9343.9; "
    "Sun, 22 Nov 2026 05:00:02 +0000"
)
POSTFIX = (
    "from app01 (app01.contoso.example [192.0.2.7]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) "
    "(No client certificate requested)) by relay.contoso.example (Postfix) with ESMTPSA id 4F1A2B for "
    "<probe@contoso.example>; Sun, 22 Nov 2026 07:00:01 +0200 (CEST)"
)
words = st.from_regex(r"[a-z0-9.\[\]-]{1,20}", fullmatch=True).filter(lambda word: word not in CLAUSES)
comments = st.sampled_from(["", " (comment)", " (from (nested) by)", " ()"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (EXCHANGE, {
            "from": "AM0P190CA0001.EURP190.PROD.OUTLOOK.COM", "by": "DB7PR01MB0001.eurprd01.prod.outlook.com",
            "with": "Microsoft SMTP Server", "at": "2026-11-22T05:00:02Z",
        }),
        (POSTFIX, {
            "from": "app01", "by": "relay.contoso.example", "with": "ESMTPSA", "at": "2026-11-22T05:00:01Z",
        }),
        ("by mail.example id 1; Sun, 22 Nov 2026 05:00:00 -0000", {
            "from": None, "by": "mail.example", "with": None, "at": "2026-11-22T05:00:00Z",
        }),
        ("from a by b with LMTP", {"from": "a", "by": "b", "with": "LMTP", "at": None}),
        ("from a by b; some day", {"from": "a", "by": "b", "with": None, "at": None}),
        ("", {"from": None, "by": None, "with": None, "at": None}),
        ("from a (open by b", {"from": "a", "by": None, "with": None, "at": None}),
    ],
)
def test_a_hop(value: str, expected: dict[str, str | None]) -> None:
    assert hop(value) == expected


@given(source=words, by=words, protocol=words, comment=comments)
def test_comments_never_count(source: str, by: str, protocol: str, comment: str) -> None:
    value = f"from {source}{comment} by {by}{comment} with {protocol}{comment} id 7; Sun, 22 Nov 2026 05:00:00 +0000"
    assert hop(value) == {"from": source, "by": by, "with": protocol, "at": "2026-11-22T05:00:00Z"}


@given(st.text())
def test_nothing_makes_it_fail(value: str) -> None:
    assert set(hop(value)) == {"from", "by", "with", "at"}


def test_the_first_hop_comes_first_and_folded_lines_are_joined() -> None:
    source = (
        b"Received: from b\r\n by c; Sun, 22 Nov 2026 05:00:02 +0000\r\n"
        b"Received: from a\r\n\tby b\r\nSubject: x\r\n\r\n"
    )
    assert [(one["from"], one["by"]) for one in hops(source)] == [("a", "b"), ("b", "c")]
