# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The variables that an operator may set, with the kind of each value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import CONNECTION, SIGN_IN, table
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.words import (
    AUTHENTICATIONS,
    ENCRYPTIONS,
    ENVIRONMENTS,
    SCHEMES,
    SIGN_INS,
    TRANSPORTS,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import MAIL_GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    address,
    choice,
    duration,
    flag,
    guid,
    many,
    number,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS

_tls = choice(
    "none", "auto", "implicit", "starttls", "starttls_optional",
    meant={"ssl": "implicit", "ssl/tls": "implicit", "sslonconnect": "implicit", "tls": "starttls", "false": "none"},
)
_port = number(1, 65535)
_address = Key(address)
_choice_of_authentication = choice("none", "basic", "oauth2", "google_service_account")
_choice_of_grant = choice("client_credentials", "authorization_code", "token_cache")


def _word(value: Any) -> str:
    if not text(value).replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"'{value}' is no word of letters, digits, - and _")
    return str(value)


def _override(value: Any) -> list[str]:
    """Addresses; the vendors' word "None" says that there are none."""
    return [] if str(value).lower() == "none" else list(many(address)(value))


APP: Table = {
    "unique_name": Key(text, required=True),
    "name": Key(text, required=True),
    "sign_in_audience": Key(
        choice("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
    ),
    "notes": Key(text),
    "tags": Key(many(text)),
    "owners": Key(many(text)),
    "redirect_uris": Key(keys={"web": Key(many(text)), "spa": Key(many(text)), "public_client": Key(many(text))}),
    "adopt": Key(flag),
    "consent": Key(choice("organization", "account")),
    "permissions": Key(
        several=True,
        keys={
            "resource": Key(text, required=True), "application": Key(many(text)), "delegated": Key(many(text)),
        },
    ),
    "secret": Key(keys={"lifetime": Key(duration), "renew_within": Key(duration)}),
}
SEND: Table = {
    "transport": Key(choice("graph", "smtp"), required=True),
    "authentication": Key(_choice_of_authentication),
    "grant": Key(_choice_of_grant),
    "app": Key(text),
    "object_id": Key(guid),
    "from": _address,
    "display_name": Key(text),
    "host": Key(text),
    "port": Key(_port),
    "tls": Key(_tls),
    "username": Key(text),
    "password": Key(secret, secret=True),
    "messages_per_session": Key(number(1, 1000)),
    "use_default_from": Key(flag),
    "override": Key(_override),
    "allow_override_in_production": Key(flag),
}
RECEIVE: Table = {
    "transport": Key(choice("graph", "imap", "pop3", "mapi"), required=True),
    "authentication": Key(choice("basic", "oauth2", "google_service_account")),
    "grant": Key(_choice_of_grant),
    "app": Key(text),
    "object_id": Key(guid),
    "mailbox": _address,
    "host": Key(text),
    "port": Key(_port),
    "tls": Key(_tls),
    "username": Key(text),
    "password": Key(secret, secret=True),
}
RECEIVED: Table = {
    "transport": Key(choice("graph", "imap", "pop3"), required=True),
    "mailbox": _address,
    "authentication": Key(choice("basic", "oauth2")),
    "host": Key(text),
    "port": Key(_port),
    "tls": Key(_tls),
    "username": Key(text),
    "password": Key(secret, secret=True),
    **table(SIGN_IN),
}
VERIFY: Table = {
    "recipient": Key(address, required=True),
    "receive": Key(keys=RECEIVED, required=True),
    "refused_mailbox": _address,
    "timeout": Key(number(1, 3600)),
    "access_timeout": Key(number(0, 86400)),
    "cleanup": Key(flag),
}


#: Where the services are, and who signs in there.
MAIL_ENTRA: Table = table(CONNECTION)
#: The connection options that every Exchange module has beside those, see the documentation fragment exchange.
MAIL_EXCHANGE: Table = {
    "transport": Key(choice(*TRANSPORTS)),
    "organization": Key(text),
    "exchange_endpoint": Key(text),
    "exchange_environment": Key(choice(*ENVIRONMENTS)),
    "exchange_auth": Key(choice(*SIGN_INS)),
    "exchange_access_token": Key(secret, secret=True),
    "exchange_certificate_path": Key(text),
    "exchange_certificate_password": Key(secret, secret=True),
    "exchange_certificate_thumbprint": Key(text),
    "exchange_managed_identity_id": Key(text),
    "pwsh_path": Key(text),
    "connect_timeout": Key(number(1, 3600)),
    "command_timeout": Key(number(1, 3600)),
    "winrm": Key(keys={
        "host": Key(text, required=True),
        "port": Key(_port),
        "scheme": Key(choice(*SCHEMES)),
        "auth": Key(choice(*AUTHENTICATIONS)),
        "user": Key(text),
        "password": Key(secret, secret=True),
        "certificate_path": Key(text),
        "certificate_key_path": Key(text),
        "ca_path": Key(text),
        "proxy": Key(text),
        "message_encryption": Key(choice(*ENCRYPTIONS)),
        "kerberos_delegation": Key(flag),
        "kerberos_hostname": Key(text),
        "operation_timeout": Key(number(1, 3600)),
        "read_timeout": Key(number(1, 3600)),
        "powershell": Key(text),
    }),
}
ACCESS: Table = {
    "model": Key(choice("permissions", "rbac")),
    "scope": Key(choice("organization", "mailboxes")),
}
TABLE: Table = {
    "mail_product": Key(choice(*PRODUCTS), required=True),
    "mail_environment": Key(_word, required=True),
    "mail_app": Key(keys=APP),
    "mail_apps": Key(keys=APP, several=True),
    "mail_send": Key(keys=SEND, required=True),
    "mail_receive": Key(keys=RECEIVE),
    "mail_verify": Key(keys=VERIFY),
    "mail_access": Key(keys=ACCESS),
    "mail_entra": Key(keys=MAIL_ENTRA),
    "mail_exchange": Key(keys=MAIL_EXCHANGE),
    "mail_google": Key(keys=MAIL_GOOGLE),
    "mail_restart_command": Key(many(text)),
    "mail_backup": Key(flag),
    **{f"mail_{name}": Key(keys=product.EXTRAS) for name, product in PRODUCTS.items()},
}
#: Variables of the roles and playbooks that are no part of a host's plan.
FOR_ROLES = (
    "mail_hosts", "mail_store_kind", "mail_store_path", "mail_store_password_file", "mail_store_hashi_vault",
    "mail_store_azure_keyvault", "mail_report_file", "mail_unused", "mail_rotation_overlap", "mail_rotation_serial",
    "mail_rotation_lock", "mail_rotation_force", "mail_credentials_due_within", "mail_credentials_folder",
    "mail_credentials_scope", "mail_credentials_template", "mail_sign_in_port", "mail_sign_in_interactive",
    "mail_assessment_days", "mail_assessment_folder", "mail_assessment_template", "mail_caller",
    "mail_reader", "mail_administrator", "mail_bootstrap_state", "mail_symptom", "mail_rehearsal_seed",
)
#: What stands for a secret that is not asked for.
NOT_READ = "(a secret that is not read)"


def masked(name: str, value: Any) -> Any:
    """A copy of a variable's value, as it stands in the inventory or as it is, without its secrets.

    Words are in place of them and of what says whose they are.

    Of how a store is reached all is taken for a secret, since its own client knows what is.
    """
    if name not in TABLE and isinstance(value, Mapping):
        return dict.fromkeys(value, NOT_READ)
    return _masked(TABLE.get(name, Key()), value)


def _masked(key: Key, value: Any) -> Any:
    if (key.secret or key.beside_secret) and value is not None:
        return NOT_READ
    if key.keys is None or not isinstance(value, Mapping | list):
        return value
    if isinstance(value, list):
        return [_masked(key, one) for one in value]
    return {name: _masked(key.keys.get(name, Key()), one) for name, one in value.items()}
