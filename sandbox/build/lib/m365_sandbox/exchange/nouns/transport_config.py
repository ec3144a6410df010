"""The organisation's transport settings, SMTP AUTH for everybody among them."""

from __future__ import annotations

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, ignored
from m365_sandbox.exchange.objects import configuration_dn, directory_object, guid
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Row, flag, text
from m365_sandbox.exchange.parameter_types import BOOLEAN, STRING
from m365_sandbox.exchange.wording import not_modified

NAME = "Transport Settings"
_SETTINGS = {"SmtpClientAuthenticationDisabled": True, "AllowLegacyTLSClients": None}
OUTPUT = (
    *flag("SmtpClientAuthenticationDisabled", "AllowLegacyTLSClients", default=None),
    *text("MaxReceiveSize", default="Unlimited"), *text("MaxSendSize", default="Unlimited"),
    *text("MaxRecipientEnvelopeLimit", default="Unlimited"), *flag("Rfc2231EncodingEnabled"), *DIRECTORY_OBJECT,
)


def _get(call: Call) -> list[Row]:
    tenant = call.tenant
    return [{
        **{name: tenant.transport_config.get(name, default) for name, default in _SETTINGS.items()},
        **directory_object(
            tenant, name=NAME, dn=configuration_dn(tenant, NAME), object_guid=guid(tenant, "transport", NAME),
            classes=("top", "container", "msExchTransportSettings"), created=tenant.created, changed=tenant.created,
        ),
    }]


def _set(call: Call) -> None:
    settings = call.tenant.transport_config
    values = {name: call[name] for name in _SETTINGS if name in call}
    if all(settings.get(name, _SETTINGS[name]) == value for name, value in values.items()):
        call.warn(not_modified(NAME))
        return
    call.configure(settings, values)


CMDLETS = (
    Cmdlet("Get-TransportConfig", "organization", (*ignored(STRING, "Identity", "Organization"),), _get, OUTPUT),
    Cmdlet(
        "Set-TransportConfig", "organization",
        (*ignored(STRING, "Identity"), *(Parameter(name, BOOLEAN) for name in _SETTINGS)), _set,
    ),
)
