"""The authorize endpoint and its pages: what a person is asked, and how the application is answered."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from person import Person
from person_fixture import (
    ADMIN,
    CONTRACTS,
    IMAP_SCOPE,
    OUTLOOK,
    REDIRECT,
    Product,
    body,
    claims,
)
from sandbox_fixture import RunningSandbox

TICKETS = "tickets@contoso.example"


@pytest.fixture
def product(clean: RunningSandbox) -> Product:
    return Product(clean)


def settings(product: Product, **changes: Any) -> None:
    product.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", changes)


def signed_in(product: Product, *users: str) -> Person:
    """A browser in which these people are signed in, and have consented."""
    person = product.person()
    for user in users:
        product.code(person, user, prompt="login")
    return person


# -- the request --------------------------------------------------------------------------------------------------


def test_state_and_session_state_come_back(product: Product) -> None:
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password).press("Accept")
    assert person.arrived is not None
    assert person.arrived.startswith(f"{REDIRECT}?code=")
    assert set(person.answer) == {"code", "session_state", "state"}
    assert person.answer["state"] == "s t&a=te"


def test_response_modes(product: Product) -> None:
    person = signed_in(product, CONTRACTS)
    fragment = person.open(product.address(response_mode="fragment"))
    assert fragment.arrived is not None
    assert fragment.arrived.startswith(f"{REDIRECT}#code=")
    posted = person.open(product.address(response_mode="form_post"))
    assert posted.arrived == REDIRECT
    assert set(posted.posted) == {"code", "session_state", "state"}
    unknown = person.open(product.address(response_mode="web_message"))
    assert unknown.answer["error"] == "invalid_request"


def test_errors_that_only_the_page_can_tell(product: Product) -> None:
    other = Product(product.sandbox, redirectUris={})
    several = Product(product.sandbox, redirectUris={"web": [REDIRECT, f"{REDIRECT}/2"]})
    for address, code in (
        (product.address(client_id=None), 900144), (product.address(client_id=product.principal_id), 700016),
        (product.address(tenant="elsewhere.example"), 90002), (product.address(redirect_uri=f"{REDIRECT}/"), 50011),
        (product.address(redirect_uri=REDIRECT.replace("callback", "Callback")), 50011),
        (product.address(redirect_uri=f"{REDIRECT}?more=1"), 50011), (other.address(), 500113),
        (several.address(redirect_uri=None), 900971), (product.address(tenant="common"), 50194),
        (product.address(tenant="organizations"), 50194),
    ):
        person = product.person().open(address)
        assert (person.arrived, person.response.status_code) == (None, 400)
        assert person.error.startswith(f"AADSTS{code}: "), address
        assert f"Error Code: {code}" in person.text


def test_errors_that_the_application_is_told(product: Product) -> None:
    for parameters, code, error in (
        ({"response_type": None}, 900144, "invalid_request"),
        ({"response_type": "id_token"}, 700054, "unsupported_response_type"),
        ({"response_type": "token"}, 700051, "unsupported_response_type"),
        ({"response_type": "magic"}, 70005, "unsupported_response_type"),
        ({"prompt": "maybe"}, 90023, "invalid_request"), ({"prompt": "none login"}, 90023, "invalid_request"),
        ({"scope": None}, 900144, "invalid_request"),
        ({"scope": "https://graph.microsoft.com/"}, 70011, "invalid_scope"),
        ({"scope": "https://graph.microsoft.com/.default Mail.Read"}, 70011, "invalid_scope"),
        ({"resource": "https://graph.microsoft.com"}, 901002, "invalid_request"),
        ({"code_challenge": "short"}, 50147, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "S1"}, 50149, "invalid_request"),
    ):
        answer = product.person().open(product.address(**parameters)).answer
        assert (answer["error"], answer["state"]) == (error, "s t&a=te"), parameters
        assert answer["error_description"].startswith(f"AADSTS{code}: "), parameters


def test_resources_and_permissions_that_do_not_exist(product: Product) -> None:
    person = signed_in(product, CONTRACTS)
    for scope, code, error in (
        ("Mail.Reed", 650053, "invalid_client"), ("https://nowhere.example/Mail.Read", 500011, "invalid_resource"),
        ("https://graph.microsoft.com/.default", 650057, "invalid_resource"),
    ):
        answer = person.open(product.address(scope=scope)).answer
        assert (answer["error"], answer["error_description"].split(":")[0]) == (error, f"AADSTS{code}"), scope


@pytest.mark.parametrize("platform", ["web", "publicClient"])
def test_on_loopback_the_port_is_free(clean: RunningSandbox, platform: str) -> None:
    product = Product(clean, redirectUris={platform: ["http://localhost", "http://127.0.0.1/back"]})
    for uri in ("http://localhost:4711", "http://localhost:4711/", "http://localhost", "http://127.0.0.1:80/back"):
        assert product.person().open(product.address(redirect_uri=uri)).heading == "Sign in", uri
    for uri in ("http://localhost:4711/other", "https://localhost:4711", "http://127.0.0.1:80", "http://[::1]:80"):
        assert product.person().open(product.address(redirect_uri=uri)).error.startswith("AADSTS50011"), uri


def test_an_address_without_a_path_gets_one(clean: RunningSandbox) -> None:
    product = Product(clean, redirectUris={"publicClient": ["http://localhost"]})
    person = product.person().open(product.address(redirect_uri="http://localhost:4711", prompt="none"))
    assert person.arrived is not None
    assert person.arrived.startswith("http://localhost:4711/?error=login_required&")


def test_several_tenants_names(clean: RunningSandbox) -> None:
    product = Product(clean, multiTenant=True, scopes={OUTLOOK: ["IMAP.AccessAsUser.All"]})
    for tenant in ("common", "organizations", "contoso.example", clean.env["AZURE_TENANT_ID"]):
        person = product.person().open(product.address(tenant=tenant)).sign_in(CONTRACTS, product.password)
        assert body(product.redeem(person.answer["code"], tenant=tenant))["access_token"], tenant
    person = product.person().open(product.address(tenant="consumers")).press("Next", name=CONTRACTS)
    assert person.error.startswith("AADSTS500208")


# -- the person ---------------------------------------------------------------------------------------------------


def test_unknown_name_and_wrong_password(product: Product) -> None:
    person = product.person().open(product.address()).press("Next", name="nobody@contoso.example")
    assert person.error.startswith("AADSTS50034")
    assert 'value="nobody@contoso.example"' in person.response.text
    person.press("Next", name=CONTRACTS).press("Sign in", password="wrong")
    assert person.error == "AADSTS50126: Error validating credentials due to invalid username or password."
    assert person.press("Sign in", password=product.password).heading == "Permissions requested"


def test_a_shared_mailbox_has_no_password_and_no_sign_in(product: Product) -> None:
    person = product.person().open(product.address()).sign_in("shared@contoso.example", "")
    assert person.error.startswith("AADSTS50126")
    product.sandbox.control("PATCH", "/tenant/users/shared@contoso.example", {"password": "something"})
    assert person.press("Sign in", password="something").error.startswith("AADSTS50057")


def test_ten_wrong_passwords_lock_the_account_for_a_minute(product: Product) -> None:
    person = product.person().open(product.address()).press("Next", name=CONTRACTS)
    for _ in range(10):
        assert person.press("Sign in", password="wrong").error.startswith("AADSTS50126")
    assert person.press("Sign in", password=product.password).error.startswith("AADSTS50053")
    product.sandbox.control("PUT", "/clock", {"offset_seconds": 61})
    assert person.press("Sign in", password=product.password).heading == "Permissions requested"


@pytest.mark.parametrize(("change", "code"), [
    ({"accountEnabled": False}, 50057), ({"passwordExpired": True}, 50055),
    ({"blockedByConditionalAccess": True}, 53003),
])
def test_who_must_not_get_in(product: Product, change: dict[str, Any], code: int) -> None:
    known = signed_in(product, CONTRACTS)
    settings(product, **change)
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    assert (person.arrived, person.error.split(":")[0]) == (None, f"AADSTS{code}")
    assert known.open(product.address()).error.startswith(f"AADSTS{code}: ")
    known.open(product.address(prompt="none"))
    assert known.answer["error_description"].startswith(f"AADSTS{code}: ")


def test_a_second_factor(product: Product) -> None:
    settings(product, multiFactorCode="123456")
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    assert person.heading == "Verify your identity"
    assert person.press("Verify", code="654321").error.startswith("AADSTS500121")
    silent = Person(product.sandbox.ca)
    silent.session.cookies.update(person.session.cookies)
    assert silent.open(product.address(prompt="none")).answer["error"] == "interaction_required"
    assert person.press("Verify", code="123456").heading == "Permissions requested"


def test_only_assigned_users(product: Product) -> None:
    powerful = product.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Powerful", "roles": {"https://graph.microsoft.com": ["Application.ReadWrite.All"]},
        "secret": True,
    })
    token = requests.post(
        f"{product.url}/{product.tenant_id}/oauth2/v2.0/token", verify=product.sandbox.ca, timeout=30, data={
            "grant_type": "client_credentials", "client_id": powerful["appId"], "client_secret": powerful["secret"],
            "scope": "https://graph.microsoft.com/.default",
        }).json()["access_token"]
    changed = requests.patch(
        f"{product.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/servicePrincipals/{product.principal_id}",
        json={"appRoleAssignmentRequired": True}, headers={"Authorization": f"Bearer {token}"},
        verify=product.sandbox.ca, timeout=30,
    )
    assert changed.status_code == 204, changed.text
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    assert person.error.startswith("AADSTS50105")


# -- sessions and prompts -----------------------------------------------------------------------------------------


def test_who_is_signed_in_is_not_asked_again(product: Product) -> None:
    person = signed_in(product, CONTRACTS)
    assert "code" in person.open(product.address()).answer
    assert "code" in person.open(product.address(prompt="none")).answer
    assert person.open(product.address(prompt="login")).heading == "Sign in"
    again = person.open(product.address(prompt="login", login_hint=CONTRACTS))
    assert again.heading == "Enter password"
    assert "code" in again.press("Sign in", password=product.password).answer
    assert person.open(product.address(prompt="consent")).heading == "Permissions requested"


def test_choosing_an_account(product: Product) -> None:
    person = signed_in(product, CONTRACTS, TICKETS)
    assert person.open(product.address()).heading == "Pick an account"
    tokens = body(product.redeem(person.press("Tickets").answer["code"]))
    assert claims(tokens["id_token"])["preferred_username"] == TICKETS
    assert person.open(product.address(login_hint=CONTRACTS)).answer["code"]
    silent = person.open(product.address(prompt="none")).answer
    assert (silent["error"], silent["error_description"][:11]) == ("interaction_required", "AADSTS16000")
    assert person.open(product.address(prompt="select_account")).press("Use another").heading == "Sign in"


def test_nobody_is_asked_with_prompt_none(product: Product) -> None:
    answer = product.person().open(product.address(prompt="none")).answer
    assert (answer["error"], answer["error_description"][:11]) == ("login_required", "AADSTS50058")
    person = signed_in(product, CONTRACTS)
    answer = person.open(product.address(prompt="none", scope="Mail.Read")).answer
    assert (answer["error"], answer["error_description"][:11]) == ("interaction_required", "AADSTS65001")


def test_the_frequency_of_sign_ins(product: Product) -> None:
    settings(product, signInFrequencySeconds=3600)
    person = signed_in(product, CONTRACTS)
    assert "code" in person.open(product.address()).answer
    product.sandbox.control("PUT", "/clock", {"offset_seconds": 3700})
    assert person.open(product.address()).heading == "Sign in"


def test_signing_out_and_revoked_sessions(product: Product) -> None:
    person = signed_in(product, CONTRACTS)
    assert person.open(f"{product.url}/common/oauth2/v2.0/logout").heading == "You signed out of your account"
    assert person.open(product.address()).heading == "Sign in"
    logout = f"{product.url}/common/oauth2/v2.0/logout?post_logout_redirect_uri="
    assert person.open(f"{logout}{REDIRECT}&state=x").arrived == f"{REDIRECT}?state=x"
    assert person.open(f"{logout}https://evil.example/").arrived is None
    person = signed_in(product, CONTRACTS)
    product.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")
    assert person.open(product.address()).heading == "Sign in"


def test_no_session_outlives_a_reset(product: Product) -> None:
    person = signed_in(product, CONTRACTS)
    product.sandbox.control("POST", "/reset")
    again = Product(product.sandbox)
    assert person.open(again.address()).heading == "Sign in"


# -- forms --------------------------------------------------------------------------------------------------------


def test_a_form_is_good_in_the_browser_it_was_made_for_only(product: Product) -> None:
    victim, attacker = product.person().open(product.address()), product.person().open(product.address())
    own, foreign = {"flow": victim.hidden["flow"]}, {"flow": attacker.hidden["flow"]}
    for fields in (
        {**foreign, "step": "account", "name": CONTRACTS}, {"step": "account", "name": CONTRACTS},
        {"flow": "x", "step": "account", "name": CONTRACTS}, {**own, "step": "nothing"}, {**own, "step": "accept"},
        {**own, "step": "factor", "code": ""}, {**own, "step": "password", "password": product.password},
        {**own, "step": "refuse"},
    ):
        answer = victim.session.post(
            f"{product.url}/{product.tenant_id}/login", data=fields, allow_redirects=False, timeout=30
        )
        assert "AADSTS165000" in answer.text, fields
    device = f"{product.url}/common/oauth2/deviceauth"
    assert "AADSTS165000" in victim.session.post(device, data={**foreign, "user_code": "X"}, timeout=30).text


def test_pages_have_nothing_from_elsewhere(product: Product) -> None:
    page = product.person().open(product.address()).response
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert page.headers["Cache-Control"].startswith("no-store")
    cookies = [value for name, value in page.raw.headers.items() if name.lower() == "set-cookie"]
    assert len(cookies) == 2
    assert all("HttpOnly" in one and "Secure" in one and "SameSite=lax" in one for one in cookies)


def test_names_are_escaped(clean: RunningSandbox) -> None:
    product = Product(clean, displayName="<script>alert(1)</script>")
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    assert "<script>alert(1)" not in person.response.text
    assert "&lt;script&gt;alert(1)" in person.response.text


def test_no_password_is_written_down(product: Product) -> None:
    secret = "a password of the test's own"
    settings(product, password=secret)
    product.person().open(product.address()).sign_in(CONTRACTS, secret)
    code = product.code(user=TICKETS)
    refresh = body(product.redeem(code))["refresh_token"]
    for path in product.sandbox.directory.glob("*.*"):
        text = path.read_bytes()
        assert not any(one.encode() in text for one in (secret, code, refresh)), path
    requests_seen = str(product.sandbox.requests("identity"))
    assert secret not in requests_seen
    assert refresh not in requests_seen


# -- consent ------------------------------------------------------------------------------------------------------


def test_the_consent_page_names_application_and_permissions(product: Product) -> None:
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    for text in ("Product", "IMAP.AccessAsUser.All", "Read and write access to your mail via IMAP",
                 "Maintain access to data you have given it access to", "Office 365 Exchange Online"):
        assert text in person.text
    assert "Consent on behalf of your organization" not in person.text
    person.press("Accept")
    (exchange,) = [
        one for one in product.sandbox.control("GET", "/tenant")["collections"]["oauth2_permission_grants"].values()
        if one["scope"] == "IMAP.AccessAsUser.All"
    ]
    assert (exchange["consentType"], exchange["clientId"]) == ("Principal", product.principal_id)
    other = product.person().open(product.address()).sign_in(TICKETS, product.password)
    assert other.heading == "Permissions requested"


def test_declined_consent(product: Product) -> None:
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password).press("Cancel")
    assert person.answer["error"] == "access_denied"
    assert person.answer["error_subcode"] == "cancel"
    assert person.answer["error_description"].startswith("AADSTS65004: User declined to consent")
    assert product.sandbox.control("GET", "/tenant")["collections"]["oauth2_permission_grants"] == {}


def test_an_administrator_consents_for_everybody(product: Product) -> None:
    person = product.person().open(product.address()).sign_in(ADMIN, product.password)
    assert "Consent on behalf of your organization" in person.text
    person.press("Accept", everyone="yes")
    other = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    assert "code" in other.answer


def test_nobody_else_consents_for_everybody(product: Product) -> None:
    person = product.person().open(product.address()).sign_in(CONTRACTS, product.password)
    fields = {**person.hidden, "step": "accept", "everyone": "yes"}
    person.session.post(f"{product.url}/{product.tenant_id}/login", data=fields, allow_redirects=False, timeout=30)
    grants = product.sandbox.control("GET", "/tenant")["collections"]["oauth2_permission_grants"].values()
    assert {grant["consentType"] for grant in grants} == {"Principal"}


def test_permissions_for_administrators_only(product: Product) -> None:
    person = product.person().open(product.address(scope="User.Read.All")).sign_in(CONTRACTS, product.password)
    assert (person.heading, person.error[:11]) == ("Need admin approval", "AADSTS90094")
    fields = {**person.hidden, "step": "accept"}
    forced = person.session.post(
        f"{product.url}/{product.tenant_id}/login", data=fields, allow_redirects=False, timeout=30
    )
    assert "AADSTS165000" in forced.text
    other = person.press("Have an admin account").sign_in(ADMIN, product.password)
    assert other.heading == "Permissions requested"
    refusing = product.person().open(product.address(scope="User.Read.All")).sign_in(CONTRACTS, product.password)
    assert refusing.press("Return to").answer["error"] == "access_denied"


def test_granted_permissions_need_no_consent(clean: RunningSandbox) -> None:
    product = Product(clean, scopes={"https://outlook.office365.com": ["IMAP.AccessAsUser.All"]})
    assert "code" in product.person().open(product.address()).sign_in(CONTRACTS, product.password).answer
    default = product.address(scope="offline_access https://outlook.office365.com/.default")
    assert "code" in product.person().open(default).sign_in(CONTRACTS, product.password).answer


def test_the_endpoint_of_version_1_asks_for_what_is_registered(clean: RunningSandbox) -> None:
    product = Product(clean, scopes={"https://outlook.office365.com": ["IMAP.AccessAsUser.All", "SMTP.Send"]})
    person = product.person().open(product.address(version=1, prompt="consent")).sign_in(CONTRACTS, product.password)
    assert "SMTP.Send" in person.text
    answer = body(product.redeem(person.press("Accept").answer["code"], version=1))
    assert answer["resource"] == "https://outlook.office365.com"
    assert answer["expires_in"].isdecimal()
    assert {"refresh_token", "id_token"} <= set(answer)
    bare = Product(clean)
    refused = bare.person().open(bare.address(version=1)).sign_in(CONTRACTS, bare.password)
    assert refused.answer["error_description"].startswith("AADSTS650057")


# -- admin consent ------------------------------------------------------------------------------------------------


def test_admin_consent(clean: RunningSandbox) -> None:
    product = Product(clean, roles={"https://graph.microsoft.com": ["Mail.Send"]},
                      scopes={"https://outlook.office365.com": ["SMTP.Send"]})
    address = f"{product.url}/contoso.example/adminconsent?client_id={product.app_id}&state=x&redirect_uri={REDIRECT}"
    person = product.person().open(address).sign_in(CONTRACTS, product.password)
    assert person.heading == "Need admin approval"
    admin = product.person().open(address).sign_in(ADMIN, product.password)
    assert "review for your organization" in admin.heading
    assert "Mail.Send" in admin.text
    assert "without a signed-in user" in admin.text
    assert admin.press("Accept").answer == {"admin_consent": "True", "tenant": product.tenant_id, "state": "x"}
    declining = product.person().open(address).sign_in(ADMIN, product.password).press("Cancel").answer
    assert declining["error"] == "permission_denied"
    assert "The admin canceled the request" in declining["error_description"]
    named = f"{product.url}/contoso.example/v2.0/adminconsent?client_id={product.app_id}&redirect_uri={REDIRECT}&scope="
    accepted = product.person().open(f"{named}{IMAP_SCOPE}").sign_in(ADMIN, product.password).press("Accept").answer
    assert accepted["scope"] == IMAP_SCOPE
    assert "code" in product.person().open(product.address()).sign_in(CONTRACTS, product.password).answer
