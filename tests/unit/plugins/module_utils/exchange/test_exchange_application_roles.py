from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.application_roles import (
    ROLES,
    covering,
    permissions,
    roles,
)


def test_names_with_and_without_the_prefix() -> None:
    assert roles(["mail.send", "Application Mail.Send", "APPLICATION SMTP.SENDASAPP"]) == [
        "Application Mail.Send", "Application SMTP.SendAsApp",
    ]


def test_every_role_contains_something() -> None:
    for role in ROLES:
        assert permissions(role)
        assert covering(role, permissions(role)) == list(permissions(role))


def test_a_role_that_is_newer_than_the_table() -> None:
    assert permissions("Application Mail.Teleport") == ("Mail.Teleport",)


@pytest.mark.parametrize(("role", "granted", "found"), [
    ("Application Mail.Send", ["Mail.Send", "Mail.Read", "User.Read.All"], ["Mail.Send"]),
    ("Application Mail.Read", ["Mail.ReadWrite"], ["Mail.ReadWrite"]),
    ("Application Mail.ReadWrite", ["Mail.Read"], []),
    ("Application Mail.ReadBasic", ["Mail.ReadBasic.All", "Mail.Read"], ["Mail.ReadBasic.All", "Mail.Read"]),
    ("Application MailboxItem.Read", ["MailboxItem.ReadWrite.All"], ["MailboxItem.ReadWrite.All"]),
    ("Application EWS.AccessAsApp", ["full_access_as_app"], ["full_access_as_app"]),
    ("Application SMTP.SendAsApp", ["SMTP.SendAsApp", "Mail.Send"], ["SMTP.SendAsApp"]),
])
def test_what_of_entra_is_as_wide(role: str, granted: list[str], found: list[str]) -> None:
    assert covering(role, granted) == found


@pytest.mark.parametrize(("name", "hint"), [
    ("Mail.Sned", "Application Mail.Send"), ("POP.AccessAsApp", "FullAccess"), ("Xyzzy", "Known are"),
])
def test_an_unknown_role(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        roles([name])
    assert hint in (caught.value.remedy or "")
