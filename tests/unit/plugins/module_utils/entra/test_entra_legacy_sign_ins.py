# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Entries of the log of sign-ins become clients: each counted once, none lost."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.legacy_sign_ins import (
    CLIENT_APPS,
    clients_of,
)
from hypothesis import given
from hypothesis import strategies as st

ENTRIES = st.fixed_dictionaries({
    "protocol": st.sampled_from(sorted(CLIENT_APPS)),
    "clientAppUsed": st.sampled_from(["Authenticated SMTP", "IMAP4"]),
    "userPrincipalName": st.sampled_from(["a@contoso.example", "b@contoso.example"]),
    "appDisplayName": st.sampled_from(["Office 365 Exchange Online", None]),
    "ipAddress": st.sampled_from(["192.0.2.1", "2001:db8::1", ""]),
    "status": st.one_of(st.none(), st.fixed_dictionaries({"errorCode": st.sampled_from([0, 50126, 53003])})),
    "createdDateTime": st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
})


@given(st.lists(ENTRIES, max_size=40))
def test_every_entry_is_counted_once(entries: list[dict[str, Any]]) -> None:
    clients = clients_of(entries)
    assert sum(one["succeeded"] + one["failed"] for one in clients) == len(entries)
    assert all(sum(one["errors"].values()) == one["failed"] for one in clients)
    names = ("protocol", "client_app", "user_principal_name", "application", "ip_address")
    assert len({tuple(one[name] for name in names) for one in clients}) == len(clients)
    moments = [entry["createdDateTime"] for entry in entries]
    assert {one["first"] for one in clients} | {one["last"] for one in clients} <= set(moments)
    if entries:
        assert (min(one["first"] for one in clients), max(one["last"] for one in clients)) == (
            min(moments), max(moments)
        )


def test_the_most_frequent_come_first() -> None:
    def entry(user: str, code: int) -> dict[str, Any]:
        return {"protocol": "smtp", "userPrincipalName": user, "createdDateTime": "", "status": {"errorCode": code}}

    entries = [entry("often", 0), entry("fails", 50126), entry("often", 0), entry("once", 0)]
    assert [one["user_principal_name"] for one in clients_of(entries)] == ["often", "once", "fails"]
