# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose an address is, if several users have to do with it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.users import whose
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

ADDRESS = "mail@contoso.example"


def user(name: str, mail: str | None, *aliases: str) -> dict[str, Any]:
    return {"id": f"id of {name}", "userPrincipalName": name, "mail": mail, "proxyAddresses": list(aliases)}


OWNER = user("owner@contoso.example", ADDRESS.upper())
NAMED = user(ADDRESS, "other@contoso.example")
WITHOUT = user(ADDRESS, None)
ITSELF = user(ADDRESS.title(), ADDRESS)
GUEST = user("guest#EXT#@contoso.example", ADDRESS)
STRANGER = user("stranger@contoso.example", "stranger@contoso.example", "smtp:other.mail@contoso.example")
ALIASED = user("jane@contoso.example", "jane@contoso.example", "SMTP:jane@contoso.example", f"smtp:{ADDRESS.upper()}")
HYBRID = user(ADDRESS, "other@contoso.example", "SMTP:other@contoso.example", f"smtp:{ADDRESS}")


@pytest.mark.parametrize(("users", "meant"), [
    ([], None), ([STRANGER], None), ([OWNER], OWNER), ([NAMED], NAMED), ([WITHOUT], WITHOUT), ([ITSELF], ITSELF),
    ([NAMED, OWNER], OWNER), ([WITHOUT, OWNER], OWNER), ([GUEST, ITSELF], ITSELF), ([OWNER, OWNER], OWNER),
    ([ALIASED], ALIASED), ([HYBRID], HYBRID), ([STRANGER, ALIASED], ALIASED), ([OWNER, HYBRID], OWNER),
])
def test_the_one_with_the_mailbox(users: list[dict[str, Any]], meant: dict[str, Any] | None) -> None:
    assert whose(ADDRESS, users) == meant
    assert whose(ADDRESS, users[::-1]) == meant


@pytest.mark.parametrize("several", [(OWNER, GUEST), (ALIASED, NAMED), (ALIASED, WITHOUT)])
def test_several_are_all_named(several: tuple[dict[str, Any], ...]) -> None:
    found = whose(ADDRESS, [*several, STRANGER])
    assert isinstance(found, InputError)
    for one in several:
        assert f"{one['userPrincipalName']} ({one['id']})" in found.message
    assert STRANGER["id"] not in found.message
