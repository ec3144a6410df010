"""The organisation's settings: Get- and Set-OrganizationConfig."""

from __future__ import annotations

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter
from m365_sandbox.exchange.nouns.authentication_policy import ID as POLICY_ID
from m365_sandbox.exchange.nouns.authentication_policy import find_policy
from m365_sandbox.exchange.objects import configuration_dn, directory_object, guid
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Row, flag, text, texts
from m365_sandbox.exchange.parameter_types import BOOLEAN, NULLABLE_BOOLEAN, STRING, SWITCH
from m365_sandbox.exchange.wording import not_modified

# Microsoft's defaults of what Set-OrganizationConfig changes here.
_DEFAULTS = {
    "DefaultAuthenticationPolicy": None, "OAuth2ClientProfileEnabled": True, "EwsEnabled": None,
    "AuditDisabled": False, "EwsAllowedAppIDs": None,
}
# Shown only if it is asked for; https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
# how-to-control-access-to-ews-in-exchange.
_ON_REQUEST = "RetrieveEwsOperationAccessPolicy"
OUTPUT = (
    *text("DisplayName"), *text("DefaultAuthenticationPolicy", "EwsApplicationAccessPolicy", default=None),
    *flag("OAuth2ClientProfileEnabled", "AuditDisabled", "IsDehydrated", "IsMixedMode"),
    *flag("EwsEnabled", default=None), *text("EwsAllowedAppIDs", default=None),
    *texts("EwsAllowList", "EwsBlockList"), *DIRECTORY_OBJECT,
)


def _get(call: Call) -> list[Row]:
    tenant = call.tenant
    stored = {name: tenant.organization_config.get(name, default) for name, default in _DEFAULTS.items()}
    if not call.get(_ON_REQUEST, False):
        stored["EwsAllowedAppIDs"] = None
    return [{
        "DisplayName": tenant.display_name, **stored,
        **directory_object(
            tenant, name=tenant.initial_domain, dn=configuration_dn(tenant, "First Organization"),
            object_guid=guid(tenant, "organization", tenant.tenant_id),
            classes=("top", "container", "msExchOrganizationContainer"), created=tenant.created,
            changed=tenant.created,
        ),
    }]


def _set(call: Call) -> None:
    values = {name: call[name] for name in _DEFAULTS if name in call}
    if "DefaultAuthenticationPolicy" in values:
        values["DefaultAuthenticationPolicy"] = find_policy(call, values["DefaultAuthenticationPolicy"])["Name"]
    settings = call.tenant.organization_config
    if all(settings.get(name, _DEFAULTS[name]) == value for name, value in values.items()):
        call.warn(not_modified(call.tenant.initial_domain))
        return
    call.configure(settings, values)


CMDLETS = (
    Cmdlet("Get-OrganizationConfig", "organization", (Parameter(_ON_REQUEST, SWITCH),), _get, OUTPUT),
    Cmdlet(
        "Set-OrganizationConfig", "organization",
        (
            Parameter("DefaultAuthenticationPolicy", POLICY_ID), Parameter("OAuth2ClientProfileEnabled", BOOLEAN),
            Parameter("EwsEnabled", NULLABLE_BOOLEAN), Parameter("EwsAllowedAppIDs", STRING),
            Parameter("AuditDisabled", BOOLEAN),
        ),
        _set,
    ),
)
