# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The modules for XCALLY Motion; judged by what its stand-in's API shows, and by a sign-in of the tenant's."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import Modules
from sandbox_fixture import RunningSandbox
from xcally_fixture import Motion, motion

__all__ = ["motion"]

SECRET = "first~s3cret"


class Administrator:
    """Who runs the modules for one Motion."""

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.modules = Modules(motion.sandbox)
        self.there = {
            "url": motion.url, "ca_path": motion.sandbox.ca,
            "authentication": {"username": motion.username, "password": motion.password},
        }

    def run(self, module: str, **arguments: Any) -> dict[str, Any]:
        """A result, in which nobody's secret is; an argument that is None is left out."""
        given = {name: value for name, value in {**self.there, **arguments}.items() if value is not None}
        result = self.modules.run(f"xcally_{module}", **given)
        secrets = (SECRET, "another~s3cret", self.motion.password)
        assert not any(
            secret in str({key: value for key, value in result.items() if key != "invocation"}) for secret in secrets
        )
        return result

    def four_runs(self, module: str, **arguments: Any) -> list[bool]:
        """Check, do, check again, do again: whether each changes something."""
        return [
            bool(self.run(module, check=check, **arguments)["changed"]) for check in (True, False, True, False)
        ]


@pytest.fixture
def administrator(motion: Motion) -> Administrator:
    for path in ("/api/mail/accounts", "/api/cloudProviders"):
        for row in motion.ask("GET", path)["rows"]:
            motion.ask("DELETE", f"{path}/{row['id']}", status=204)
    return Administrator(motion)


def provider(**more: Any) -> dict[str, Any]:
    return {"name": "Support", "application_id": "a-1", "tenant_id": "t-1", "account": "agent@contoso.example", **more}


def test_a_cloud_provider_in_four_runs_changed_and_removed(administrator: Administrator, motion: Motion) -> None:
    predicted = administrator.run("cloud_provider", check=True, **provider(client_secret=SECRET))
    assert predicted["changed"] is True
    assert motion.ask("GET", "/api/cloudProviders")["rows"] == []
    made = administrator.run("cloud_provider", **provider(client_secret=SECRET))
    [row] = motion.ask("GET", "/api/cloudProviders")["rows"]
    assert (row["applicationId"], row["service"], row["type"]) == ("a-1", "Microsoft Azure", "Outlook365")
    assert row["redirectUri"] == f"{motion.url}/api/cloudProviders/oauth2/microsoft/callback"
    assert made["cloud_provider"]["id"] == row["id"]
    assert "(secret, new)" in made["diff"]["after"]
    [required] = made["authorization_required"]
    assert (required["account"], required["where"]) == ("agent@contoso.example", f"Support at {motion.url}")
    assert f"Open {motion.url}" in required["do"]

    known = provider(client_secret=SECRET, secret_fingerprint=made["secret_fingerprint"])
    assert administrator.four_runs("cloud_provider", **known) == [False] * 4
    renewed = administrator.run("cloud_provider", **{**known, "client_secret": "another~s3cret"})
    assert renewed["changed"] is True
    assert renewed["secret_fingerprint"] != made["secret_fingerprint"]
    assert administrator.four_runs("cloud_provider", **provider(application_id="a-2")) == [True, True, False, False]
    assert motion.ask("GET", f"/api/cloudProviders/{row['id']}")["applicationId"] == "a-2"

    assert administrator.four_runs("cloud_provider", name="Support", state="absent") == [True, True, False, False]
    assert motion.ask("GET", "/api/cloudProviders")["rows"] == []


def test_an_account_in_four_runs_changed_and_removed(administrator: Administrator, motion: Motion) -> None:
    made = administrator.run("cloud_provider", **provider(client_secret=SECRET))["cloud_provider"]["id"]
    account = {
        "key": "SUPP", "name": "Support mail", "email": "support@contoso.example", "list": 1, "active": True,
        "cloud_provider": made, "delegate": "agent@contoso.example",
    }
    assert administrator.four_runs("email_account", **account) == [True, True, False, False]
    [row] = motion.ask("GET", "/api/mail/accounts")["rows"]
    assert (row["email"], row["user"]) == ("support@contoso.example", "support@contoso.example")
    assert (row["CloudProviderId"], row["ListId"], row["service"]) == (made, 1, "Outlook365")
    assert (row["modernAuthentication"], row["modernAuthenticationEmail"]) == (True, "agent@contoso.example")

    assert administrator.four_runs("email_account", key="SUPP", active=False) == [True, True, False, False]
    assert administrator.four_runs("email_account", key="SUPP", delegate="") == [True, True, False, False]
    [row] = motion.ask("GET", "/api/mail/accounts")["rows"]
    assert (row["active"], row["modernAuthenticationEmail"], row["name"]) == (False, None, "Support mail")

    assert administrator.four_runs("email_account", key="SUPP", state="absent") == [True, True, False, False]
    assert motion.ask("GET", "/api/mail/accounts")["rows"] == []


def test_what_is_there_can_be_looked_up(administrator: Administrator) -> None:
    for name in ("One", "Two"):
        administrator.run("cloud_provider", **provider(name=name, client_secret=SECRET))
    assert [one["name"] for one in administrator.run("cloud_provider_info")["cloud_providers"]] == ["One", "Two"]
    [two] = administrator.run("cloud_provider_info", name="Two")["cloud_providers"]
    assert (two["name"], two["authenticated"]) == ("Two", False)
    assert administrator.run("email_account_info", key="SUPP")["email_accounts"] == []


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("cloud_provider", {"url": "http://motion.example"}, "url: 'http://motion.example' is no address of a server"),
        ("cloud_provider", {"client_secret": "0f0e0d0c-1111-2222-3333-444455556666"},
         "client_secret: looks like the secret's ID"),
        ("cloud_provider", {"redirect_uri": "https://motion.example/"}, "redirect_uri: 'https://motion.example/' is"),
        ("cloud_provider", {"fields": {"client_scret": "x"}}, "did you mean client_secret?"),
        ("cloud_provider", {"fields": {"application_id": "clientId"}, "client_secret": SECRET},
         "the server does not know clientId"),
        ("cloud_provider", {"application_id": None}, "missing: application_id"),
        ("cloud_provider", {"ca_path": None}, "CERTIFICATE_VERIFY_FAILED"),
        ("email_account", {"key": "SUPPORT"}, "key: 'SUPPORT' is longer than 5 characters"),
        ("email_account", {"key": "S", "email": "a@b.example", "delegate": "a@b.example"}, "is the mailbox itself"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    administrator: Administrator, motion: Motion, module: str, arguments: dict[str, Any], words: str
) -> None:
    result = administrator.run(module, **{**(provider() if module == "cloud_provider" else {}), **arguments})
    assert result["failed"] is True
    assert words in result["msg"]
    assert motion.ask("GET", "/api/cloudProviders")["rows"] == []


def test_a_sign_in_is_noticed(sandbox: RunningSandbox, administrator: Administrator, motion: Motion) -> None:
    own = motion.registered()
    given = provider(
        application_id=own["applicationId"], tenant_id=own["tenantId"], account="support-test@contoso.example",
        client_secret=own["clientSecret"],
    )
    made = administrator.run("cloud_provider", **given)
    motion.authenticate(made["cloud_provider"]["id"], "support-test@contoso.example")
    known = administrator.run("cloud_provider", **given, secret_fingerprint=made["secret_fingerprint"])
    assert known["changed"] is False
    assert "authorization_required" not in known
    [sign_in] = known["sign_ins"]
    assert (sign_in["do"], sign_in["since"][:4].isdigit()) == (None, True)
