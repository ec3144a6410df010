# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What products are configured with, as it is read of what stands in their files and behind their APIs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS, present_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import Use

TENANT, CLIENT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def uses(product: str, extras: dict[str, Any], *contents: Any) -> list[Use]:
    """What is read of a product whose places hold this."""
    present = present_of(product)
    assert present is not None
    problems: list[str] = []
    places = present.places(extras, problems)
    assert problems == []
    found = {place.target.name: place.read(one) for place, one in zip(places, contents, strict=True)}
    return list(present.uses(found))


def ici(settings: Any) -> bytes:
    key = {"Name": "Platform.Email.ProviderConfiguration", "Value": settings}
    return json.dumps({"ConfigurationKeys": [key]}).encode()


def test_every_product_says_what_it_needs_to_be_found() -> None:
    for name in PRODUCTS:
        present, problems = present_of(name), list[str]()
        assert present is not None
        assert present.places({}, problems) == []
        assert problems
        assert all(one.startswith(f"mail_{name}.") for one in problems)


def test_ici_with_graph() -> None:
    configuration = {"TenantId": TENANT, "ClientId": CLIENT, "ClientSecret": "s", "EmailId": "a@x.example"}
    content = ici(json.dumps({"provider": "GRAPH", "configuration": configuration}))
    [one] = uses("ici", {"config_file": "/keys.json"}, content)
    assert (one.transport, one.authentication, one.secret) == ("graph", "oauth2", "set")
    assert (one.client_id, one.tenant_id, one.mailbox) == (CLIENT, TENANT, "a@x.example")


@pytest.mark.parametrize("value", ["", json.dumps({"provider": "ELSE"}), json.dumps({"configuration": 1})])
def test_ici_that_does_not_say_how(value: str) -> None:
    [one] = uses("ici", {"config_file": "/keys.json"}, ici(value))
    assert (one.transport, one.authentication) == (None, None)
    assert one.remarks


def test_team_assistant_with_oauth_and_its_environment() -> None:
    script = b"""module.exports = { mail: { smtp: {
      type: 'oauth2', host: 'smtp.office365.com', port: 587, auth: { user: process.env.TAS_SMTP_AUTH_USER },
      oauth2: { host: `https://login.microsoftonline.com/${process.env.TAS_SMTP_OAUTH_TENANT_ID}/oauth2/v2.0/token`,
        clientId: process.env.TAS_SMTP_OAUTH_CLIENT_ID, clientSecret: process.env.TAS_SMTP_OAUTH_CLIENT_SECRET } },
      from: 'a@x.example' } };"""
    variables = (
        f"TAS_SMTP_AUTH_USER=a@x.example\nTAS_SMTP_OAUTH_TENANT_ID={TENANT}\nTAS_SMTP_OAUTH_CLIENT_ID={CLIENT}\n"
        "TAS_SMTP_OAUTH_CLIENT_SECRET=s\n"
    )
    extras = {"backends": ["/tas"], "environment_file": "environment"}
    [one] = uses("team_assistant", extras, variables.encode(), script)
    assert (one.authentication, one.tls, one.secret) == ("oauth2", "starttls", "set")
    assert (one.client_id, one.tenant_id, one.user, one.mailbox) == (CLIENT, TENANT, "a@x.example", "a@x.example")


def test_a_password_that_comes_from_elsewhere_may_be_set_or_not() -> None:
    script = b"module.exports = { mail: { smtp: { host: 'h', auth: { user: 'u', pass: vault('x') } } } };"
    [one] = uses("team_assistant", {"backends": ["/tas"]}, script)
    assert (one.authentication, one.secret) == ("basic", None)


def test_cmo_with_an_application_and_a_mailbox_of_its_own_for_documents() -> None:
    settings = {
        "Mail.Receiving.ServerType": "Microsoft365", "Mail.Receiving.Microsoft365.IntegrationType": "Confidential",
        **{f"Mail.Receiving.Microsoft365.ConfidentialApp.{name}": value for name, value in {
            "ClientId": CLIENT, "TenantId": TENANT, "Secret": "s", "UserObjectId": "o",
        }.items()},
        "Mail.DocumentImport.EmailClient.Microsoft365.ConfidentialApp.UserObjectId": "p",
    }
    adds = "".join(f'<add key="{key}" value="{value}"/>' for key, value in settings.items())
    content = f"<configuration><appSettings>{adds}</appSettings></configuration>".encode()
    found = uses("cmo", {"path": "/web.config"}, content)
    assert [(one.use, one.purpose, one.mailbox) for one in found] == [
        ("receive", "", "o"), ("receive", "document_import", "p"),
    ]
    assert {(one.transport, one.authentication, one.client_id, one.secret) for one in found} == {
        ("graph", "oauth2", CLIENT, "set"),
    }


def test_integration_server_with_oauth() -> None:
    authority = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize"
    oauth = {"authURL": authority, "clientID": CLIENT, "clientId": CLIENT, "scope": "offline_access mail"}
    port = {"alias": "orders", "authentication": "OAuth", "host": "h", "enabled": True, "type": "IMAP", **oauth}
    extras = {"url": "https://is.example", "username": "u", "password": "p"}
    found = uses("integration_server", extras, {"emailPorts": [port]}, {
        "smtpServer": "h", "authType": "OAuth", "userName": "a@x.example", **oauth,
    })
    assert [(one.use, one.transport, one.authentication, one.client_id, one.tenant_id) for one in found] == [
        ("receive", "imap", "oauth2", CLIENT, TENANT), ("send", "smtp", "oauth2", CLIENT, TENANT),
    ]
    assert uses("integration_server", extras, {"emailPorts": []}, {}) == []
    [unknown] = uses("integration_server", extras, {"emailPorts": [{"name": "orders", "url": "u"}]}, {})
    assert (unknown.purpose, unknown.transport, unknown.authentication) == ("orders", None, None)


def test_motion_with_a_cloud_provider() -> None:
    provider = {"id": 3, "name": "P", "applicationId": CLIENT, "tenantId": TENANT, "authenticated": False}
    account = {
        "id": 1, "key": "SUP", "email": "a@x.example", "user": "a@x.example", "modernAuthentication": True,
        "CloudProviderId": 3, "active": True,
    }
    extras = {"url": "https://motion.example", "authentication": {"token": "t"}}
    found = uses("xcally", extras, [provider], [account])
    assert [(one.use, one.authentication, one.client_id) for one in found] == [
        ("send", "oauth2", CLIENT), ("receive", "oauth2", CLIENT),
    ]
    assert found[0].remarks == ["Nobody has signed in for its cloud provider yet."]


def test_what_is_not_understood_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match="line 1"):
        uses("ici", {"config_file": "/keys.json"}, b"{")
