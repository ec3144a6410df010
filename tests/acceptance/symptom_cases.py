# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The causes of the symptoms."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from symptom_voices import (
    ACCOUNT,
    APPLICATIONS,
    CONTRACTS,
    GOOGLE,
    GRAPH,
    MAILBOXES,
    NOBODY,
    ORDERS,
    OUTLOOK,
    PROBE,
    RELAY,
    SITE,
    TICKETS,
)
from symptom_world import World

DIRECTOR = "director@contoso.example"
UNLICENSED = "unlicensed@contoso.example"
CALLER = ("controller", "caller_sign_in")
DAY = 86400
EXCHANGE_ID = "00000002-0000-0ff1-ce00-000000000000"
NO_ID = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True)
class Case:
    """One cause of a symptom.

    :param row: how the row of the table begins that is meant.
    :param host: who is looked at.
    :param plant: makes the cause true for a while.
    :param say: makes a face of the sandbox say the symptom.
    :param found: what is wrong then, as what it is about and the check; None where no check can tell.
    :param state: unknown, if it may be that, and cannot be told for sure.
    """

    row: str
    host: str
    plant: Callable[[World], AbstractContextManager[Any]]
    say: Callable[[World], str]
    found: tuple[str, str] | None
    state: str = "cross"


def nothing(_world: World) -> AbstractContextManager[Any]:
    """What is said tells all that there is to know."""
    return nullcontext()


OF_TICKETS, OF_SITE, OF_CONTRACTS, OF_ORDERS = (
    APPLICATIONS[host] for host in (TICKETS, SITE, CONTRACTS, ORDERS)
)
PERSON, SETTINGS = (ORDERS, "person"), (TICKETS, "settings")
FREE = {"ProhibitSendQuota": "Unlimited"}
SMTP_SWITCH = "SmtpClientAuthenticationDisabled"


def user(**wrong: Any) -> Callable[[World], AbstractContextManager[Any]]:
    """The person who has signed in at the server may not go on as before."""
    right = {
        "accountEnabled": True, "multiFactorCode": None, "blockedByConditionalAccess": False,
        "signInFrequencySeconds": None, "passwordExpired": False,
    }
    path = f"/tenant/users/{MAILBOXES[ORDERS]}"
    return lambda one: one.refused(one.control(path, wrong, {name: right[name] for name in wrong}))


def old_configuration(world: World) -> AbstractContextManager[Any]:
    """Somebody has put back what the product was configured with before: a relay with a password."""
    return world.restored(TICKETS)


def password_accepted(world: World) -> AbstractContextManager[Any]:
    """As before, and Exchange leaves it to Entra what a password is good for."""
    return world.both(old_configuration(world), world.control(
        "/tenant/organization-config", {"BasicAuthenticationBlocked": False}, {"BasicAuthenticationBlocked": True},
    ))


def switch(*, mailbox: bool | None, organization: bool) -> Callable[[World], AbstractContextManager[Any]]:
    """SMTP AUTH, for the mailbox and for the organisation."""
    return lambda one: one.both(
        one.control(f"/tenant/mailboxes/{MAILBOXES[TICKETS]}", {SMTP_SWITCH: mailbox}, {SMTP_SWITCH: False}),
        one.control("/tenant/transport-config", {SMTP_SWITCH: organization}, {SMTP_SWITCH: True}),
    )


def mailbox(host: str, wrong: Any, right: Any) -> Callable[[World], AbstractContextManager[Any]]:
    """The mailbox of a host has other settings."""
    return lambda one: one.control(f"/tenant/mailboxes/{MAILBOXES[host]}", wrong, right)


def refused(face: str, code: str, **options: Any) -> Callable[[World], AbstractContextManager[Any]]:
    """A face refuses, with nothing in the sandbox as the reason."""
    return lambda one: one.fault(face=face, kind="refuse", code=code, **options)


def caller_refused(code: str) -> Callable[[World], AbstractContextManager[Any]]:
    """Entra refuses the caller."""
    return lambda one: one.both(one.caller(), refused("identity", code, path="/token$")(one))


def person_refused(code: str) -> Callable[[World], AbstractContextManager[Any]]:
    """Entra refuses the sign-in that the server has, once."""
    return lambda one: one.refused(refused("identity", code, path="/token$", count=1)(one))


def not_consented(code: str) -> Callable[[World], AbstractContextManager[Any]]:
    """The consent was revoked, and Entra shows whoever is sent to it another page than usual."""
    return lambda one: one.both(one.not_consented(ORDERS), refused("identity", code, path="/authorize$")(one))


def relay_elsewhere(*, host: str = "", port: str = "") -> Callable[[World], AbstractContextManager[Any]]:
    """The product has another host or port of the relay than the inventory."""
    name, other = ("M365_SANDBOX_HOST", host) if host else ("M365_SANDBOX_RELAY_PORT", port)
    return lambda one: one.configured(RELAY, one.env[name], other)


def signed_out(world: World) -> AbstractContextManager[Any]:
    """Nobody has signed in at the server."""
    return world.signed_out()


def sends_as(mailbox: str) -> Callable[[World], AbstractContextManager[Any]]:
    """The inventory names another mailbox."""
    return lambda one: one.variables(CONTRACTS, mail_send={"transport": "graph", "from": mailbox})


#: Each cause that can be planted, with what is said then.
CASES = {
    # -- Entra: applications, and the caller
    "the secret was replaced": Case(
        "AADSTS7000215", TICKETS, lambda one: one.replaced_secret(TICKETS), lambda one: one.own_token(TICKETS),
        (OF_TICKETS, "secret"),
    ),
    "the secret's ID in place of its value": Case(
        "AADSTS7000215", TICKETS, lambda one: one.stored(TICKETS, secret_text=one.credential(TICKETS)["key_id"]),
        lambda one: one.own_token(TICKETS), (OF_TICKETS, "token"),
    ),
    "the caller's secret is wrong": Case(
        "AADSTS7000215", TICKETS, lambda one: one.caller(client_secret="wrong"),
        lambda one: one.token(client_secret="wrong"), CALLER,
    ),
    "the secret has expired": Case(
        "AADSTS7000222", TICKETS, lambda one: one.both(one.caller(), one.later(seconds=800 * DAY)),
        lambda one: one.own_token(TICKETS), (OF_TICKETS, "secret"),
    ),
    "the caller has no credential": Case(
        "AADSTS7000218", TICKETS, lambda one: one.caller(client_secret=None, auth_source="client_secret"),
        lambda one: one.token(client_secret=""), CALLER,
    ),
    "the caller's certificate is not registered": Case(
        "AADSTS700027", TICKETS, lambda one: one.caller_with_certificate(registered=False),
        lambda one: one.with_certificate(registered=False), CALLER,
    ),
    "a clock is wrong": Case(
        "AADSTS50013", TICKETS, lambda one: one.both(one.caller_with_certificate(registered=True), one.hour()),
        lambda one: one.with_certificate(registered=True), CALLER,
    ),
    "no federated credential": Case(
        "AADSTS70021", TICKETS, lambda one: one.caller_with_assertion(), lambda one: one.with_assertion(), CALLER,
    ),
    "the caller is another": Case(
        "AADSTS700016", TICKETS, lambda one: one.caller(client_id=NO_ID), lambda one: one.token(client_id=NO_ID),
        CALLER,
    ),
    "the application was deleted": Case(
        "AADSTS700016", TICKETS, lambda one: one.deleted("applications", TICKETS),
        lambda one: one.own_token(TICKETS), (OF_TICKETS, "registration"),
    ),
    "the service principal was deleted": Case(
        "AADSTS7000229", TICKETS, lambda one: one.deleted("servicePrincipals", TICKETS),
        lambda one: one.own_token(TICKETS), (OF_TICKETS, "service_principal"),
    ),
    "the service principal is disabled": Case(
        "AADSTS7000112", TICKETS, lambda one: one.disabled(one.principals[TICKETS]),
        lambda one: one.own_token(TICKETS), (OF_TICKETS, "service_principal"),
    ),
    "the tenant is another": Case(
        "AADSTS90002", TICKETS, lambda one: one.caller(tenant_id=NO_ID), lambda one: one.token(NO_ID), CALLER,
    ),
    "no tenant is named": Case(
        "AADSTS50059", TICKETS, lambda one: one.caller(tenant_id="organizations"),
        lambda one: one.token("organizations"), CALLER,
    ),
    "the host is no sign-in service": Case(
        "AADSTS50049", TICKETS, lambda one: one.caller(authority_host=one.env["MAILOPS_GRAPH_ENDPOINT"]),
        lambda one: one.discovery(), CALLER,
    ),
    "the cloud is another": Case(
        "AADSTS500011", TICKETS, lambda one: one.caller(cloud="china"),
        lambda one: one.token(scope="https://microsoftgraph.chinacloudapi.cn/.default"), CALLER,
    ),
    "the resource is disabled": Case(
        "AADSTS500014", TICKETS, lambda one: one.control(
            f"/tenant/service-principals/{EXCHANGE_ID}", {"accountEnabled": False}, {"accountEnabled": True},
        ), lambda one: one.own_token(TICKETS, OUTLOOK), (OF_TICKETS, "token"),
    ),
    "the tenant is in another cloud": Case(
        "AADSTS90038", TICKETS, caller_refused("AADSTS90038"), lambda one: one.token(), CALLER,
    ),
    "no licence for the resource": Case(
        "AADSTS650052", TICKETS, caller_refused("AADSTS650052"), lambda one: one.token(), CALLER,
    ),
    "a client asks in a loop": Case(
        "AADSTS50196", TICKETS, refused("identity", "AADSTS50196", count=1), lambda one: one.token(), None,
    ),
    "the tenant is throttled": Case(
        "AADSTS90055", TICKETS, lambda one: one.fault(face="identity", kind="throttle", count=1),
        lambda one: one.token(), None,
    ),
    "a parameter is missing": Case("AADSTS28003", TICKETS, nothing, lambda one: one.token(grant_type=""), None),
    # -- Entra: people
    "the sign-in was revoked": Case(
        "AADSTS50173", ORDERS, lambda one: one.refused(nothing(one)), lambda one: one.revoked(), PERSON,
    ),
    "a sign-in lasts as long as a policy says": Case(
        "AADSTS70043", ORDERS,
        lambda one: one.both(user(signInFrequencySeconds=60)(one), one.both(one.caller(), one.hour())),
        lambda one: one.port(), PERSON,
    ),
    "nobody used the sign-in": Case(
        "AADSTS700082", ORDERS, lambda one: one.refused(one.both(one.caller(), one.later(seconds=91 * DAY))),
        lambda one: one.port(), PERSON,
    ),
    "a second factor": Case("AADSTS50072", ORDERS, user(multiFactorCode="1"), lambda one: one.port(), PERSON),
    "a policy for people": Case(
        "AADSTS53003", ORDERS, user(blockedByConditionalAccess=True), lambda one: one.port(), PERSON,
    ),
    "the account is disabled": Case(
        "AADSTS50057", ORDERS, user(accountEnabled=False), lambda one: one.port(), PERSON,
    ),
    "the consent was revoked": Case(
        "AADSTS65001", ORDERS, lambda one: one.refused(one.not_consented(ORDERS)), lambda one: one.port(),
        (OF_ORDERS, "permissions"),
    ),
    "an administrator has to consent": Case(
        "AADSTS90094", ORDERS, lambda one: one.refused(one.not_consented(ORDERS)), lambda one: one.for_administrators(),
        (OF_ORDERS, "permissions"),
    ),
    "the application does not declare it": Case(
        "AADSTS650057", ORDERS, lambda one: one.refused(one.both(one.undeclared(ORDERS), one.not_consented(ORDERS))),
        lambda one: one.for_everything(), (OF_ORDERS, "permissions"),
    ),
    "nothing is consented to": Case(
        "AADSTS650056", ORDERS, not_consented("AADSTS650056"), lambda one: one.authorize().error,
        (OF_ORDERS, "permissions"),
    ),
    "not even the sign-in is consented to": Case(
        "AADSTS90008", ORDERS, not_consented("AADSTS90008"), lambda one: one.authorize().error,
        (OF_ORDERS, "permissions"),
    ),
    "a policy on devices": Case(
        "AADSTS53000", ORDERS, person_refused("AADSTS53000"), lambda one: one.port(), PERSON,
    ),
    "the tenant's security policy": Case(
        "AADSTS530032", ORDERS, person_refused("AADSTS530032"), lambda one: one.port(), PERSON,
    ),
    "security defaults": Case(
        "AADSTS530035", ORDERS, person_refused("AADSTS530035"), lambda one: one.port(), PERSON,
    ),
    "an account of another tenant": Case(
        "AADSTS50020", ORDERS,
        lambda one: one.both(signed_out(one), refused("identity", "AADSTS50020", path="/login$", count=1)(one)),
        lambda one: one.authorize().press("Next", name=MAILBOXES[CONTRACTS]).error, PERSON,
    ),
    "the client is public": Case(
        "AADSTS700025", ORDERS, lambda one: one.both(signed_out(one), one.public(ORDERS)),
        lambda one: one.saving_changes(), PERSON,
    ),
    "the person declined": Case("AADSTS65004", ORDERS, signed_out, lambda one: one.declined(), PERSON),
    "nobody is signed in": Case(
        "AADSTS700084", ORDERS, signed_out, lambda one: one.authorize(prompt="none").answer["error_description"],
        PERSON,
    ),
    "the password has expired": Case(
        "AADSTS50055", ORDERS, lambda one: one.both(signed_out(one), user(passwordExpired=True)(one)),
        lambda one: one.signing_in(), PERSON,
    ),
    "the password is wrong": Case(
        "AADSTS50126", ORDERS, signed_out, lambda one: one.signing_in(password="wrong"), PERSON,
    ),
    "the account is locked": Case(
        "AADSTS50053", ORDERS, signed_out,
        lambda one: one.signing_in(MAILBOXES[CONTRACTS], password="wrong", times=11), PERSON,
    ),
    "the user is unknown": Case(
        "AADSTS50034", ORDERS, signed_out, lambda one: one.signing_in(NOBODY), PERSON,
    ),
    "the account is not assigned": Case(
        "AADSTS50105", ORDERS, lambda one: one.both(signed_out(one), one.for_the_assigned(ORDERS)),
        lambda one: one.signing_in(), PERSON,
    ),
    "the redirect URI was removed": Case(
        "AADSTS50011", ORDERS, lambda one: one.without_redirect(ORDERS), lambda one: one.authorize().error,
        (OF_ORDERS, "registration"),
    ),
    "the server asks at /common": Case(
        "AADSTS50194", ORDERS, lambda one: one.port_settings(
            authURL=f"{one.env['AZURE_AUTHORITY_HOST']}/common/oauth2/v2.0/authorize",
        ), lambda one: one.getting_code(), (ORDERS, "settings"),
    ),
    "the server asks for what is no scope": Case(
        "AADSTS70011", ORDERS, lambda one: one.port_settings(scope=f"{OUTLOOK}/"), lambda one: one.getting_code(),
        (ORDERS, "settings"),
    ),
    "several accounts": Case("AADSTS16000", ORDERS, signed_out, lambda one: one.several_accounts(), PERSON),
    "nobody has entered the code": Case("AADSTS70016", ORDERS, signed_out, lambda one: one.device_code(), PERSON),
    "the device code has expired": Case(
        "AADSTS70019", ORDERS, signed_out, lambda one: one.device_code(one.later(seconds=1000)), PERSON,
    ),
    "the user code is mistyped": Case("AADSTS70018", ORDERS, signed_out, lambda one: one.mistyped(), PERSON),
    "the code was used already": Case("AADSTS54005", ORDERS, signed_out, lambda one: one.redeemed_twice(), PERSON),
    "two sign-ins were mixed": Case("AADSTS501481", ORDERS, signed_out, lambda one: one.mixed(), PERSON),
    # -- submission
    "SMTP AUTH is off in the organisation": Case(
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant", TICKETS,
        switch(mailbox=None, organization=True), lambda one: one.smtp(), (MAILBOXES[TICKETS], "smtp_auth"),
    ),
    "SMTP AUTH is off on the mailbox": Case(
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox", TICKETS,
        switch(mailbox=True, organization=False), lambda one: one.smtp(), (MAILBOXES[TICKETS], "smtp_auth"),
    ),
    "still a password": Case(
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled", TICKETS, old_configuration,
        lambda one: one.smtp(password="old-relay-password"), SETTINGS,
    ),
    "still a password, and a wrong one": Case(
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect", TICKETS,
        password_accepted, lambda one: one.smtp(password="old-relay-password"), SETTINGS,
    ),
    "still a password, and security defaults": Case(
        "535 5.7.139 Authentication unsuccessful, user is locked by", TICKETS,
        lambda one: one.both(password_accepted(one), one.control(
            "/tenant/security-defaults", {"isEnabled": True}, {"isEnabled": False},
        )), lambda one: one.smtp(password=one.env["M365_SANDBOX_USER_PASSWORD"]), SETTINGS,
    ),
    "still a password, and a policy against old clients": Case(
        "535 5.7.139 Authentication unsuccessful, the request did not meet", TICKETS,
        lambda one: one.both(password_accepted(one), one.policy_on_old_clients()),
        lambda one: one.smtp(password=one.env["M365_SANDBOX_USER_PASSWORD"]), SETTINGS,
    ),
    "no permission for SMTP": Case(
        "535 5.7.3 ", TICKETS, lambda one: one.not_granted(TICKETS), lambda one: one.smtp(),
        (OF_TICKETS, "permissions"),
    ),
    "Exchange does not know the application": Case(
        "535 5.7.3 ", TICKETS, lambda one: one.pointing_to(None), lambda one: one.smtp(),
        (OF_TICKETS, "exchange_principal"),
    ),
    "Exchange knows another object id": Case(
        "535 5.7.3 ", TICKETS, lambda one: one.pointing_to(one.objects[TICKETS]["id"]), lambda one: one.smtp(),
        (OF_TICKETS, "exchange_principal"),
    ),
    "no FullAccess": Case(
        "535 5.7.3 ", TICKETS, lambda one: one.without_right(TICKETS), lambda one: one.smtp(),
        (OF_TICKETS, "mailbox_rights"),
    ),
    "no such mailbox by SMTP": Case(
        "535 5.7.3 ", TICKETS, lambda one: one.variables(TICKETS, tickets_mailbox=NOBODY),
        lambda one: one.smtp(user=NOBODY), (NOBODY, "licence"),
    ),
    "the product does not sign in": Case(
        "530 5.7.57", TICKETS, old_configuration, lambda one: one.smtp(token=""), SETTINGS,
    ),
    "another sender by SMTP": Case(
        "554 5.2.252", TICKETS, lambda one: one.configured(TICKETS, MAILBOXES[TICKETS], DIRECTOR),
        lambda one: one.smtp(sender=DIRECTOR), SETTINGS,
    ),
    "the mailbox has sent to as many as it may": Case(
        "554 5.2.0", TICKETS, mailbox(TICKETS, {"RecipientRateLimit": 0}, {"RecipientRateLimit": 10_000}),
        lambda one: one.smtp(), None,
    ),
    "the mailbox is blocked for spam": Case(
        "550 5.1.8", TICKETS, mailbox(TICKETS, {"BlockedForSpam": True}, {"BlockedForSpam": False}),
        lambda one: one.smtp(), None,
    ),
    "the mailbox is full, by SMTP": Case(
        "554 5.2.2 mailbox full", TICKETS, mailbox(TICKETS, {"ProhibitSendQuota": "0B"}, FREE),
        lambda one: one.smtp(), None,
    ),
    "too many connections": Case("432 4.3.2", TICKETS, nothing, lambda one: one.smtp_crowd(), None),
    "the mailbox cannot be opened": Case(
        "430 4.2.0", TICKETS, lambda one: one.both(one.without_right(TICKETS), refused("smtp", "430 4.2.0")(one)),
        lambda one: one.smtp(ORDERS, token=one.person_token("SMTP.Send")), (OF_TICKETS, "mailbox_rights"),
    ),
    "another sender, again and again": Case(
        "550 5.2.251", TICKETS, lambda one: one.both(
            one.configured(TICKETS, MAILBOXES[TICKETS], DIRECTOR), refused("smtp", "550 5.2.252")(one),
        ), lambda one: one.smtp(), SETTINGS,
    ),
    "the tenant is not accepted": Case(
        "550 5.7.705", TICKETS, refused("smtp", "550 5.7.705"), lambda one: one.smtp(), None,
    ),
    "the mailbox sends too fast": Case(
        "421 4.4.2", TICKETS, refused("smtp", "421 4.4.2"), lambda one: one.smtp(), None,
    ),
    "a passing trouble": Case(
        "451 4.7.500", TICKETS, lambda one: one.fault(face="smtp", kind="unavailable", count=1),
        lambda one: one.greeting(), None,
    ),
    # -- the relay
    "the relay does not take that recipient": Case(
        "550 5.7.54", RELAY, lambda one: one.configured(RELAY, one.env["M365_SANDBOX_RELAY_USER"], "somebody"),
        lambda one: one.relay("somebody@elsewhere.example"), (RELAY, "settings"),
    ),
    "the relay takes few messages a session": Case(
        "421 4.7.0 too many messages", RELAY,
        lambda one: one.both(
            one.control("/relay", {"messages_per_connection": 1}, {}, "PUT"),
            one.configured(RELAY, one.env["M365_SANDBOX_RELAY_USER"], "somebody"),
        ), lambda one: one.relay(PROBE, PROBE), (RELAY, "settings"),
    ),
    "the relay wants TLS": Case(
        "530 5.7.0 Must issue", RELAY,
        lambda one: one.both(
            one.control("/relay", {"tls": "starttls", "refuses": "plaintext"}, {}, "PUT"),
            one.configured(RELAY, one.env["M365_SANDBOX_RELAY_USER"], "somebody"),
        ), lambda one: one.relay(PROBE), (RELAY, "settings"),
    ),
    "the relay knows another password": Case(
        "535 Authentication failed", RELAY,
        lambda one: one.configured(RELAY, one.env["M365_SANDBOX_RELAY_USER"], "somebody"),
        lambda one: one.relay_login("somebody", "old"), (RELAY, "settings"),
    ),
    "the recipient does not exist": Case(
        "550 5.1.10", CONTRACTS, lambda one: one.proof_to(NOBODY), lambda one: one.relay(NOBODY), (NOBODY, "licence"),
        "unknown",
    ),
    # -- what does not come as far as a service
    "nothing listens there": Case(
        "Connection refused", RELAY, relay_elsewhere(port="1"), lambda one: one.unreached("1"), (RELAY, "settings"),
    ),
    "there is no such host": Case(
        "Name or service not known", RELAY, relay_elsewhere(host="mail.contoso.invalid"),
        lambda one: one.unreached("25", "mail.contoso.invalid"), (RELAY, "settings"),
    ),
    "the certificate is another host's": Case(
        "certificate verify failed: Hostname mismatch", RELAY,
        lambda one: one.both(
            one.control("/relay", {"tls": "implicit", "certificate": "other_name"}, {}, "PUT"),
            relay_elsewhere(host="relay.contoso.example")(one),
        ), lambda one: one.unreached(one.env["M365_SANDBOX_RELAY_PORT"], tls=one.tls), (RELAY, "settings"),
    ),
    "nobody knows who issued the certificate": Case(
        "certificate verify failed: unable to get local issuer", TICKETS, nothing,
        lambda one: one.unreached(one.env["M365_SANDBOX_SMTPS_PORT"], tls=ssl.create_default_context()), None,
    ),
    "TLS where there is none": Case(
        "wrong version number", RELAY, relay_elsewhere(port="465"),
        lambda one: one.unreached(one.env["M365_SANDBOX_RELAY_PORT"], tls=one.tls), (RELAY, "settings"),
    ),
    "no TLS where it comes first": Case(
        "Connection timed out", RELAY, relay_elsewhere(port="465"),
        lambda one: one.unreached(one.env["M365_SANDBOX_SMTPS_PORT"], timeout=0.2), (RELAY, "settings"),
    ),
    # -- IMAP and POP3
    "IMAP is off": Case(
        "User is authenticated but not connected", ORDERS,
        mailbox(ORDERS, {"ImapEnabled": False}, {"ImapEnabled": True}),
        lambda one: one.imap(one.person_token("IMAP.AccessAsUser.All")), (MAILBOXES[ORDERS], "imap"),
    ),
    "no licence by IMAP": Case(
        "User is authenticated but not connected", ORDERS,
        lambda one: one.variables(ORDERS, integration_mailbox=UNLICENSED),
        lambda one: one.imap(one.person_token("IMAP.AccessAsUser.All"), user=UNLICENSED), (UNLICENSED, "licence"),
    ),
    "no consent to IMAP": Case(
        "NO AUTHENTICATE failed", ORDERS, lambda one: one.not_consented(ORDERS),
        lambda one: one.imap(one.person_token("SMTP.Send")), (OF_ORDERS, "permissions"),
    ),
    "IMAP is throttled": Case(
        "Request is throttled", ORDERS, refused("imap", "Request is throttled"),
        lambda one: one.imap(one.person_token("IMAP.AccessAsUser.All")), None,
    ),
    "no permission for POP": Case(
        "-ERR Authentication failure", TICKETS, lambda one: one.not_granted(TICKETS),
        lambda one: one.pop3(one.access(TICKETS, OUTLOOK), user=MAILBOXES[TICKETS]), (OF_TICKETS, "permissions"),
    ),
    "still a password by IMAP": Case(
        "NO LOGIN failed", ORDERS, lambda one: one.port_settings(authentication="Basic", password="old"),
        lambda one: one.imap_login(), (ORDERS, "settings"),
    ),
    "still a password by POP": Case(
        "-ERR Logon failure", ORDERS, lambda one: one.port_settings(authentication="Basic", password="old"),
        lambda one: one.pop3_login(), (ORDERS, "settings"),
    ),
    # -- Google's sign-in
    "the service account is disabled": Case(
        "invalid_grant: Invalid grant: account", GOOGLE,
        lambda one: one.account({"disabled": True}, {"disabled": False}), lambda one: one.no_google_token(),
        (ACCOUNT, "token"),
    ),
    "the key is disabled": Case(
        "invalid_grant: Invalid JWT Signature", GOOGLE, lambda one: one.keys_disabled(),
        lambda one: one.no_google_token(), (ACCOUNT, "token"),
    ),
    "a clock is wrong, says Google": Case(
        "invalid_grant: Invalid JWT: Token", GOOGLE, lambda one: one.later(seconds=2 * DAY),
        lambda one: one.no_google_token(), (ACCOUNT, "token"),
    ),
    "an assertion for another audience": Case(
        "invalid_grant: Invalid JWT: Failed", GOOGLE, nothing, lambda one: one.for_another_audience(), None,
    ),
    "no delegation": Case(
        "unauthorized_client", GOOGLE,
        lambda one: one.account({"scopes": []}, {"scopes": ["https://mail.google.com/"]}),
        lambda one: one.no_google_token(), (ACCOUNT, "token"),
    ),
    "Google knows no such user": Case(
        "invalid_grant: Invalid email", GOOGLE, lambda one: one.at_google(users=["nobody@fabrikam.example"]),
        lambda one: one.no_google_token(user="nobody@fabrikam.example"), (ACCOUNT, "token"),
    ),
    "Google's user is suspended": Case(
        "access_denied", GOOGLE, lambda one: one.control(
            "/tenant/google-users/orders@fabrikam.example", {"suspended": True}, {"suspended": False},
        ), lambda one: one.no_google_token(), (ACCOUNT, "token"),
    ),
    "a scope that Google does not know": Case(
        "invalid_scope", GOOGLE, nothing, lambda one: one.no_google_token(scope="https://elsewhere.example/mail"), None,
    ),
    # -- Gmail
    "a wrong password at Gmail": Case(
        "535 5.7.8", GOOGLE, lambda one: one.configured(GOOGLE, "orders@fabrikam.example", "wrong@fabrikam.example"),
        lambda one: one.gmail_smtp("wrong"), (GOOGLE, "settings"),
    ),
    "no sign-in at Gmail": Case(
        "530 5.7.0 Authentication Required", GOOGLE, lambda one: one.restored(GOOGLE), lambda one: one.gmail_smtp(),
        (GOOGLE, "settings"),
    ),
    "still a password at Gmail, and two-step verification": Case(
        "534 5.7.9", GOOGLE, lambda one: one.both(one.restored(GOOGLE), refused("gmail_smtp", "534 5.7.9")(one)),
        lambda one: one.gmail_smtp("right"), (GOOGLE, "settings"),
    ),
    "too many sign-ins at Gmail": Case(
        "454 4.7.0", GOOGLE, refused("gmail_smtp", "454 4.7.0"), lambda one: one.gmail_smtp("right"), None,
    ),
    "Gmail's number of messages is reached": Case(
        "550 5.4.5", GOOGLE, refused("gmail_smtp", "550 5.4.5"), lambda one: one.gmail_smtp(token=one.google_token()),
        None,
    ),
    "a wrong token at Gmail's IMAP": Case(
        "[AUTHENTICATIONFAILED]", GOOGLE, lambda one: one.restored(GOOGLE),
        lambda one: one.imap("wrong", "M365_SANDBOX_GMAIL_IMAP_PORT", "orders@fabrikam.example"), (GOOGLE, "settings"),
    ),
    "a wrong token at Gmail's POP3": Case(
        "-ERR [AUTH]", GOOGLE, lambda one: one.restored(GOOGLE),
        lambda one: one.pop3("wrong", "M365_SANDBOX_GMAIL_POP3_PORT", "orders@fabrikam.example"), (GOOGLE, "settings"),
    ),
    "too many clients at Gmail": Case("Too many simultaneous", GOOGLE, nothing, lambda one: one.gmail_crowd(), None),
    "IMAP is off at Gmail": Case(
        "Your account is not enabled for IMAP", GOOGLE,
        lambda one: one.control("/tenant/google-users/orders@fabrikam.example", {"imap": False}, {"imap": True}),
        lambda one: one.imap(one.google_token(), "M365_SANDBOX_GMAIL_IMAP_PORT", "orders@fabrikam.example"), None,
    ),
    "POP is off at Gmail": Case(
        "[SYS/PERM]", GOOGLE,
        lambda one: one.control("/tenant/google-users/orders@fabrikam.example", {"pop": False}, {"pop": True}),
        lambda one: one.pop3(one.google_token(), "M365_SANDBOX_GMAIL_POP3_PORT", "orders@fabrikam.example"), None,
    ),
    # -- Graph
    "no consent to send": Case(
        "ErrorAccessDenied: Access is denied", SITE, lambda one: one.out_of_scope(), lambda one: one.send(SITE),
        (OF_SITE, "scope"),
    ),
    "another permission alone": Case(
        "ErrorAccessDenied: Access is denied", CONTRACTS, lambda one: one.another_permission(CONTRACTS),
        lambda one: one.send(CONTRACTS), (OF_CONTRACTS, "permissions"),
    ),
    "no permission for mail at all": Case(
        "401 UnknownError", CONTRACTS,
        lambda one: one.both(one.not_granted(CONTRACTS), refused("graph", "UnknownError", path="/sendMail$")(one)),
        lambda one: one.send(CONTRACTS), (OF_CONTRACTS, "permissions"),
    ),
    "an application access policy": Case(
        "ErrorAccessDenied: Access to OData", CONTRACTS, lambda one: one.access_policy(),
        lambda one: one.send(CONTRACTS), None,
    ),
    "a malformed recipient": Case(
        "ErrorInvalidRecipients", CONTRACTS, nothing,
        lambda one: one.send(CONTRACTS, toRecipients=[{"emailAddress": {"address": "nobody"}}]), None,
    ),
    "no new token": Case(
        "InvalidAuthenticationToken: Lifetime", CONTRACTS,
        lambda one: one.both(one.caller(CONTRACTS), one.later(seconds=800 * DAY)),
        lambda one: one.send(CONTRACTS, one.access(CONTRACTS, GRAPH, -60)), (OF_CONTRACTS, "secret"),
    ),
    "no token at all": Case(
        "InvalidAuthenticationToken", CONTRACTS, lambda one: one.configured(CONTRACTS, MAILBOXES[CONTRACTS], DIRECTOR),
        lambda one: one.send(CONTRACTS, "none"), (CONTRACTS, "settings"),
    ),
    "another sender by Graph": Case(
        "ErrorSendAsDenied", CONTRACTS, lambda one: one.configured(CONTRACTS, MAILBOXES[CONTRACTS], DIRECTOR),
        lambda one: one.send(CONTRACTS, **{"from": {"emailAddress": {"address": DIRECTOR}}}), (CONTRACTS, "settings"),
    ),
    "no such mailbox by Graph": Case(
        "ErrorInvalidUser", CONTRACTS, sends_as(NOBODY), lambda one: one.send(CONTRACTS, mailbox=NOBODY),
        (NOBODY, "licence"), "unknown",
    ),
    "no licence by Graph": Case(
        "MailboxNotEnabledForRESTAPI", CONTRACTS, sends_as(UNLICENSED),
        lambda one: one.send(CONTRACTS, mailbox=UNLICENSED), (UNLICENSED, "licence"),
    ),
    "the mailbox is full, by Graph": Case(
        "ErrorQuotaExceeded", CONTRACTS, mailbox(CONTRACTS, {"ProhibitSendQuota": "0B"}, FREE),
        lambda one: one.send(CONTRACTS), None,
    ),
    "Graph is throttled": Case(
        "ApplicationThrottled", CONTRACTS,
        lambda one: one.fault(face="graph", kind="throttle", count=1, path="sendMail"),
        lambda one: one.send(CONTRACTS), None,
    ),
    "a token for something else": Case(
        "InvalidAuthenticationToken: Access token validation failure. Invalid audience", CONTRACTS,
        lambda one: one.configured(CONTRACTS, MAILBOXES[CONTRACTS], DIRECTOR),
        lambda one: one.send(CONTRACTS, one.access(TICKETS, OUTLOOK)), (CONTRACTS, "settings"),
    ),
}
