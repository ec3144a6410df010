# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a product is proven that only people can sign in to, and who has to sign in for that."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.proofs import PATIENCE, checks_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.sign_ins import sign_ins_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Part

MAILBOX = "integration@contoso.example"
SCOPE = "https://outlook.office365.com/.default"
TOKEN = {"token": SCOPE, "account": MAILBOX}
VERIFY = {"recipient": "probe@contoso.example", "receive": {"transport": "graph", "access_token": "x"}}
SEND = {"transport": "web", "mailbox": MAILBOX, "web": {"url": "https://is", "body": {"auth": {"token": TOKEN}}}}
TAKES = {"receive": {"transport": "imap", "mailbox": MAILBOX, "access_token": TOKEN}, "timeout": 300}


def checks(part: Part, **verify: Any) -> list[dict[str, Any]]:
    problems: list[str] = []
    found = checks_of({**VERIFY, **verify}, part, [], problems)
    assert problems == []
    return found


def test_a_product_sends_and_takes() -> None:
    sent, taken = checks(Part([], SEND, MAILBOX, takes=[TAKES]))
    assert (sent["send"], sent["to"]) == (SEND, "probe@contoso.example")
    assert taken == {
        "name": f"{MAILBOX} is read by the product", "expect": "taken", "patience": PATIENCE, **TAKES,
    }


def test_it_is_given_the_longer_of_both_times() -> None:
    part = Part([], SEND, MAILBOX, takes=[TAKES])
    assert [check["timeout"] for check in checks(part, timeout=60)] == [60, 300]
    assert checks(part, timeout=600, cleanup=False)[1] | {"name": ""} == {
        "name": "", "expect": "taken", "patience": PATIENCE, **TAKES, "timeout": 600, "cleanup": False,
    }
    one = Part([], SEND, MAILBOX, takes=[{"receive": TAKES["receive"]}])
    assert "timeout" not in checks(one)[1]


def test_each_sign_in_is_asked_for_once() -> None:
    applications = [
        {"name": "T/one", "unique_name": "one", "store": {"kind": "ansible_vault"}},
        {"name": "T/two", "unique_name": "two", "store": {"kind": "ansible_vault"}},
    ]
    graph = {"token": "https://graph.microsoft.com/.default", "account": MAILBOX}
    deliveries: list[dict[str, Any]] = [
        {"host": "a", "application": "T/one", "send": SEND, "cloud": "custom", "authority_host": "https://x"},
        {"host": "a", "application": "T/one", "receive": {"access_token": TOKEN}, "cloud": "custom"},
        {"host": "b", "application": "T/one", "receive": {"access_token": graph}},
        {"host": "b", "application": None, "receive": {"access_token": {**TOKEN, "application": "T/two"}}},
        {"host": "c", "application": "T/one", "send": {"client_secret": {"secret": "client_secret"}}},
        {"host": "d", "application": None, "receive": {"access_token": TOKEN}},
    ]
    one, two = sign_ins_of(deliveries, applications)
    assert one == {
        "unique_name": "one", "account": MAILBOX, "scopes": [SCOPE, graph["token"]],
        "store": {"kind": "ansible_vault"}, "hosts": ["a", "b"], "cloud": "custom", "authority_host": "https://x",
    }
    assert (two["unique_name"], two["hosts"]) == ("two", ["b"])
