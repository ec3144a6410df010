"""Recipients of every kind."""

from __future__ import annotations

from collections.abc import Iterator

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, identity_parameter
from m365_sandbox.exchange.directory import RECIPIENTS
from m365_sandbox.exchange.output import Row
from m365_sandbox.exchange.parameter_types import identity
from m365_sandbox.exchange.recipients import LISTING, OUTPUT, selected, values

ID = identity("RecipientIdParameter")


def _get(call: Call) -> Iterator[Row]:
    for recipient in selected(call, RECIPIENTS):
        yield values(call.tenant, recipient)


CMDLETS = (Cmdlet("Get-Recipient", "recipients", (identity_parameter(ID), *LISTING), _get, OUTPUT),)
