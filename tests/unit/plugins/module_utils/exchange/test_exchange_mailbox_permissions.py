from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import mailbox_permissions, mailboxes
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailbox_permissions import Principal
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Rows
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.exchange_script import Scripted

WHO = Principal("object", "Contracts", "S-1-5")


@pytest.mark.parametrize(("row", "has"), [
    ({"UserSid": "S-1-5", "AccessRights": ["FullAccess"]}, True),
    ({"UserSid": "S-1-5", "AccessRights": "ReadPermission, FullAccess"}, True),
    ({"UserSid": "S-1-5", "AccessRights": ["ReadPermission"]}, False),
    ({"UserSid": "S-1-5", "AccessRights": ["FullAccess"], "Deny": True}, False),
    ({"UserSid": "S-1-5", "AccessRights": ["FullAccess"], "IsInherited": True}, False),
    ({"UserSid": "S-1-5-9", "User": "object", "AccessRights": ["FullAccess"]}, False),
])
def test_whose_entry_it_is(row: dict[str, Any], has: bool) -> None:
    session = Scripted(lambda call, time: Rows([row]))
    held = asyncio.run(mailbox_permissions.read(session, WHO, ["m"], ["full_access"]))
    assert held == ({("m", "full_access")} if has else set())


@pytest.mark.parametrize(("warnings", "changed"), [
    ((), True),
    (("The parameter X is deprecated.",), True),
    (('The appropriate access control entry is already present on the object "m" for account "a".',), False),
])
def test_what_was_there_already_is_no_change(warnings: tuple[str, ...], changed: bool) -> None:
    session = Scripted(lambda call, time: Rows([], warnings))
    assert asyncio.run(mailbox_permissions.add(session, WHO, [("m", "send_as")])) == (
        {("m", "send_as")} if changed else set()
    )
    assert session.parameters("Add-RecipientPermission")[0]["Confirm"] is False


@pytest.mark.parametrize("warning", [
    'Can\'t remove the access control entry on the object "m" for the user account a because the ACE doesn\'t exist on '
    "the object.",
    'Can\'t remove the access control entry on the object "m" for account "a" because the ACE isn\'t present.',
])
def test_what_was_gone_already_is_no_change(warning: str) -> None:
    session = Scripted(lambda call, time: Rows([], [warning]))
    assert asyncio.run(mailbox_permissions.remove(session, WHO, [("m", "full_access")])) == set()


def test_a_refusal_is_raised() -> None:
    session = Scripted(lambda call, time: ExchangeError("no", cmdlet=call.cmdlet))
    with pytest.raises(ExchangeError):
        asyncio.run(mailbox_permissions.add(session, WHO, [("m", "full_access")]))


def test_mailboxes_count_once() -> None:
    assert mailboxes.distinct(["a@x", " A@X ", "b@x"]) == ["a@x", "b@x"]
    with pytest.raises(InputError):
        mailboxes.distinct(["a@x", " "])
