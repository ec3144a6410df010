"""What the tenant's app management policies do to entra_application_secret and entra_application_certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import key_pairs
from module_runner import Modules
from sandbox_fixture import RunningSandbox

GRAPH = "https://graph.microsoft.com"
DEFAULT = "/policies/defaultAppManagementPolicy"


class Estate:
    """A tenant with policies, an application in it, and callers who may and who may not read the policies."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.path = folder / "client.pem"
        administrator = sandbox.control("POST", "/tenant/applications", {"displayName": "Policies", "roles": {
            GRAPH: ["Policy.ReadWrite.ApplicationConfiguration", "Application.Read.All"],
        }})
        token = sandbox.control("POST", "/tenant/tokens", {"appId": administrator["appId"], "resource": GRAPH})
        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, sandbox.ca
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.modules = Modules(sandbox)
        made = self.modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")
        self.application: dict[str, str] = made["application"]

    def graph(self, method: str, path: str, body: dict[str, Any]) -> Any:
        url = f"{self.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0{path}"
        answer = self.session.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def default(self, **restrictions: str | None) -> None:
        """Give the tenant a default policy with these restrictions, each with its longest lifetime."""
        self.graph("PATCH", DEFAULT, {"isEnabled": True, "applicationRestrictions": _configuration(restrictions)})

    def own(self, **restrictions: str | None) -> None:
        """Give the application a policy of its own."""
        policy = self.graph("POST", "/policies/appManagementPolicies", {
            "displayName": "Contracts only", "description": "Stricter", "isEnabled": True,
            "restrictions": _configuration(restrictions),
        })
        self.graph("POST", f"/applications/{self.application['object_id']}/appManagementPolicies/$ref", {
            "@odata.id": f"{GRAPH}/v1.0/policies/appManagementPolicies/{policy['id']}",
        })

    def run(self, module: str, **arguments: Any) -> dict[str, Any]:
        return self.modules.run(f"entra_application_{module}", app_id=self.application["app_id"], **arguments)

    def entity(self) -> dict[str, Any]:
        (entity,) = self.modules.objects("applications", appId=self.application["app_id"])
        return entity

    def without_the_right_to_read_policies(self) -> None:
        """From now on the caller is another one, with an application of its own."""
        caller = self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Narrow caller", "secret": True,
            "roles": {GRAPH: ["Application.ReadWrite.OwnedBy", "Application.Read.All"]},
        })
        self.modules = Modules(
            self.sandbox, AZURE_CLIENT_ID=caller["appId"], AZURE_CLIENT_SECRET=caller["secret"]
        )
        made = self.modules.ok("entra_application", unique_name="narrow", display_name="Narrow")
        self.application = made["application"]


def _configuration(restrictions: dict[str, str | None]) -> dict[str, Any]:
    def listed(*kinds: str) -> list[dict[str, Any]]:
        return [
            {
                "restrictionType": kind, "state": "enabled", "maxLifetime": longest,
                "restrictForAppsCreatedAfterDateTime": "2019-01-01T00:00:00Z",
            }
            for kind, longest in restrictions.items() if kind in kinds
        ]

    return {
        "passwordCredentials": listed("passwordAddition", "passwordLifetime"),
        "keyCredentials": listed("asymmetricKeyLifetime"),
    }


def lifetime(credential: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(credential["endDateTime"]) - datetime.fromisoformat(credential["startDateTime"])


@pytest.fixture
def estate(clean: RunningSandbox, tmp_path: Path) -> Estate:
    return Estate(clean, tmp_path)


def test_a_secret_is_valid_for_no_longer_than_the_default_allows(estate: Estate) -> None:
    estate.default(passwordLifetime="P90D")
    for check in (True, False):
        result = estate.run("secret", check=check)
        assert result["changed"] is True
        assert '"Default app management tenant policy" allows a client secret' in str(result["warnings"])
        assert "90 days" in str(result["warnings"])
    (credential,) = estate.entity()["passwordCredentials"]
    assert timedelta(days=90) - timedelta(minutes=2) < lifetime(credential) <= timedelta(days=90)
    estate.modules.count("graph")
    assert estate.run("secret", key_id=result["secret"]["key_id"])["changed"] is False
    assert estate.modules.count("graph") == 1


def test_the_applications_own_policy_comes_first(estate: Estate) -> None:
    estate.default(passwordLifetime="P90D")
    estate.own(passwordLifetime="P60D")
    assert '"Contracts only"' in str(estate.run("secret")["warnings"])
    (credential,) = estate.entity()["passwordCredentials"]
    assert lifetime(credential) <= timedelta(days=60)


def test_a_secret_that_would_be_due_at_once_is_refused(estate: Estate) -> None:
    estate.default(passwordLifetime="P30D")
    result = estate.run("secret")
    assert result["msg"].startswith("renew_within: ")
    assert estate.entity()["passwordCredentials"] == []


@pytest.mark.parametrize("check", [True, False])
def test_forbidden_secrets_are_not_even_tried(estate: Estate, check: bool) -> None:
    estate.default(passwordAddition=None)
    result = estate.run("secret", check=check)
    assert result["msg"].startswith('"Contracts mail" may have no client secret: ')
    assert "entra_application_certificate" in result["remedy"]
    assert not [one for one in estate.sandbox.requests("graph") if "addPassword" in one["path"]]


@pytest.mark.parametrize(("restriction", "remedy"), [
    ({"passwordAddition": None}, "entra_application_certificate"),
    ({"passwordLifetime": "P90D"}, "a lifetime that the policy allows"),
])
def test_graphs_own_refusal_offers_the_same(estate: Estate, restriction: dict[str, Any], remedy: str) -> None:
    estate.default(**restriction)
    estate.without_the_right_to_read_policies()
    result = estate.run("secret")
    assert result["msg"].startswith('Could not add a client secret to "Narrow": Credential ')
    assert result["code"].endswith("AsPerAppPolicy")
    assert remedy in result["remedy"]
    assert estate.run("secret", lifetime="60d").get("failed", False) is ("passwordAddition" in restriction)


def test_a_certificate_is_valid_for_no_longer_than_allowed(estate: Estate) -> None:
    estate.default(passwordAddition=None, asymmetricKeyLifetime="P90D")
    result = estate.run("certificate", path=str(estate.path))
    assert "90 days" in str(result["warnings"])
    (credential,) = estate.entity()["keyCredentials"]
    assert lifetime(credential) == timedelta(days=90)
    assert key_pairs.key_pair_from(estate.path.read_bytes()).certificate.key_id == credential["keyId"]


def test_a_given_certificate_that_is_valid_for_too_long_is_refused(estate: Estate) -> None:
    estate.default(asymmetricKeyLifetime="P90D")
    estate.path.write_bytes(key_pairs.make("given", datetime.now(UTC), timedelta(days=91)).pem)
    result = estate.run("certificate", source_path=str(estate.path))
    assert result["msg"].startswith('source_path: the app management policy "Default')
    assert estate.entity()["keyCredentials"] == []


def test_a_certificate_that_graph_refuses_leaves_nothing_behind(estate: Estate) -> None:
    estate.default(asymmetricKeyLifetime="P90D")
    estate.without_the_right_to_read_policies()
    result = estate.run("certificate", path=str(estate.path))
    assert result["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "a lifetime that the policy allows" in result["remedy"]
    assert estate.entity()["keyCredentials"] == []
    assert list(estate.path.parent.iterdir()) == []
    assert estate.run("certificate", path=str(estate.path), lifetime="90d")["changed"] is True
