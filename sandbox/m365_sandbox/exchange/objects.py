"""Names that Exchange gives to objects in its directory: distinguished names, security identifiers, GUIDs."""

from __future__ import annotations

import re
import uuid
from typing import Any

from m365_sandbox.state.seed import exchange_identity
from m365_sandbox.state.tenant import Tenant

FOREST = "EURPR01A001.PROD.OUTLOOK.COM"
DOMAIN_CONTROLLER = f"AM0PR01A001DC004.{FOREST}"
_FOREST_DN = "DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
# The characters that a relative distinguished name escapes (RFC 4514, section 2.4).
_SPECIAL = re.compile(r'([,+"\\<>;=]|^[ #]| $)')

SELF_SID = "S-1-5-10"
SELF = "NT AUTHORITY\\SELF"


def common_name(name: str) -> str:
    """``CN=`` and the escaped name."""
    return "CN=" + _SPECIAL.sub(r"\\\1", name)


def recipient_dn(tenant: Tenant, name: str) -> str:
    """The distinguished name of a mailbox, a group or a service principal."""
    return (
        f"{common_name(name)},OU={tenant.initial_domain},OU=Microsoft Exchange Hosted Organizations,{_FOREST_DN}"
    )


def configuration_dn(tenant: Tenant, name: str, *containers: str) -> str:
    """The distinguished name of a configuration object; ``containers`` from the innermost to the outermost."""
    path = ",".join([common_name(name), *(f"CN={container}" for container in containers)])
    return f"{path},CN=Configuration,CN={tenant.initial_domain},CN=ConfigurationUnits,{_FOREST_DN}"


def organizational_unit(tenant: Tenant) -> str:
    """Where the tenant's recipients are, as OrganizationalUnit prints it."""
    return f"{FOREST.lower()}/Microsoft Exchange Hosted Organizations/{tenant.initial_domain}"


def sid(tenant: Tenant, object_id: str) -> str:
    """The security identifier of a user, a group or a service principal, by its object id in Entra.

    It depends on nothing else, so a permission entry can be read after its principal has gone.
    """
    return str(exchange_identity(tenant, object_id)["Sid"])


def guid(tenant: Tenant, kind: str, key: str) -> str:
    """A GUID that Exchange gives to what Entra or the tenant knows by ``key``; always the same one."""
    return str(uuid.uuid5(uuid.UUID(tenant.tenant_id), f"exchange/{kind}/{key}"))


def printed_date(moment: str) -> str:
    """A moment as the admin API prints it (recorded: seven decimals and an offset), from Graph's form."""
    return moment.removesuffix("Z") + ".0000000+00:00"


def directory_object(
    tenant: Tenant, *, name: str, dn: str, object_guid: str, classes: tuple[str, ...], created: str, changed: str,
    identity: str | None = None,
) -> dict[str, Any]:
    """The properties of ``output.DIRECTORY_OBJECT``; ``created`` and ``changed`` as Graph writes dates."""
    return {
        "Name": name, "DistinguishedName": dn, "Identity": identity or name, "Id": identity or name,
        "ObjectCategory": f"{FOREST}/Configuration/Schema/{classes[-1]}", "ObjectClass": classes,
        "WhenCreated": printed_date(created), "WhenCreatedUTC": printed_date(created),
        "WhenChanged": printed_date(changed), "WhenChangedUTC": printed_date(changed),
        "Guid": object_guid, "ExchangeObjectId": object_guid,
        "OrganizationalUnitRoot": organizational_unit(tenant),
        "OrganizationId": f"{organizational_unit(tenant)} - {FOREST}/ConfigurationUnits/{tenant.initial_domain}"
        "/Configuration",
        "OriginatingServer": DOMAIN_CONTROLLER,
    }
