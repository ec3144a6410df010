"""Every cmdlet that the sandbox knows."""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.exchange.cmdlet import Cmdlet
from m365_sandbox.exchange.nouns import (
    application_access_policy,
    authentication_policy,
    cas_mailbox,
    distribution_group,
    mailbox,
    mailbox_permission,
    management_role_assignment,
    management_scope,
    organization_config,
    recipient,
    recipient_permission,
    service_principal,
    service_principal_authorization,
    transport_config,
    user,
)

_NOUNS = (
    application_access_policy, authentication_policy, cas_mailbox, distribution_group, mailbox, mailbox_permission,
    management_role_assignment, management_scope, organization_config, recipient, recipient_permission,
    service_principal, service_principal_authorization, transport_config, user,
)

CMDLETS: Mapping[str, Cmdlet] = {cmdlet.name.casefold(): cmdlet for noun in _NOUNS for cmdlet in noun.CMDLETS}
"""By the name in lower case: PowerShell does not mind the case."""
