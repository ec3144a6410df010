"""Users, with a mailbox or without, and which authentication policy each has."""

from __future__ import annotations

from collections.abc import Iterator

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter
from m365_sandbox.exchange.directory import PEOPLE, find
from m365_sandbox.exchange.nouns.authentication_policy import ID as POLICY_ID
from m365_sandbox.exchange.nouns.authentication_policy import find_policy
from m365_sandbox.exchange.output import Row, flag, text
from m365_sandbox.exchange.parameter_types import identity
from m365_sandbox.exchange.recipients import LISTING, selected, values
from m365_sandbox.exchange.recipients import OUTPUT as RECIPIENT_OUTPUT
from m365_sandbox.exchange.wording import not_modified

ID = identity("UserIdParameter")

OUTPUT = (
    *text("UserPrincipalName", "WindowsLiveID", "FirstName", "LastName", "Title", "Sid"),
    *text("AuthenticationPolicy", default=None), *flag("AccountDisabled", "SKUAssigned"), *RECIPIENT_OUTPUT,
)


def _get(call: Call) -> Iterator[Row]:
    policies = {user: policy["Name"] for policy in call.rows("authentication_policies") for user in policy["Users"]}
    for person in selected(call, PEOPLE):
        user = person.user
        yield {
            **values(call.tenant, person),
            "UserPrincipalName": person.user_principal_name, "WindowsLiveID": person.user_principal_name,
            "FirstName": user["givenName"] or "", "LastName": user["surname"] or "", "Title": user["jobTitle"] or "",
            "Sid": person.sid, "AuthenticationPolicy": policies.get(person.id),
            "AccountDisabled": not user["accountEnabled"], "SKUAssigned": bool(user["assignedLicenses"]),
        }


def _set(call: Call) -> None:
    person = find(call.tenant, PEOPLE, call["Identity"])
    wanted = find_policy(call, call["AuthenticationPolicy"]) if "AuthenticationPolicy" in call else None
    if wanted is None or person.id in wanted["Users"]:
        call.warn(not_modified(person.name))
        return
    for policy in call.rows("authentication_policies"):
        users = [user for user in policy["Users"] if user != person.id]
        if policy["Name"] == wanted["Name"]:
            users.append(person.id)
        call.put("authentication_policies", policy["Name"], {**policy, "Users": users})


CMDLETS = (
    Cmdlet("Get-User", "recipients", (identity_parameter(ID), *LISTING), _get, OUTPUT),
    Cmdlet(
        "Set-User", "recipients",
        (identity_parameter(ID, mandatory=True), Parameter("AuthenticationPolicy", POLICY_ID)), _set,
    ),
)
