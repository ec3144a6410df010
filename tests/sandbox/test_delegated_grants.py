"""Authorization codes and refresh tokens at the token endpoint: what they are good for, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from person_fixture import CONTRACTS, IMAP_SCOPE, OUTLOOK, REDIRECT, Product, body, claims, refused
from sandbox_fixture import RunningSandbox, run_cli


@pytest.fixture
def product(clean: RunningSandbox) -> Product:
    return Product(clean, scopes={OUTLOOK: ["IMAP.AccessAsUser.All", "SMTP.Send"]})


def later(product: Product, **time: float) -> None:
    product.sandbox.control("PUT", "/clock", {"offset_seconds": timedelta(**time).total_seconds()})


def settings(product: Product, **changes: Any) -> None:
    product.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", changes)


# -- what comes out ----------------------------------------------------------------------------------------------


def test_a_code_gives_an_access_token_a_refresh_token_and_an_id_token(product: Product) -> None:
    answer = body(product.redeem(product.code(nonce="n-1"), client_info="1"))
    assert set(answer) == {
        "token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token", "id_token",
        "client_info",
    }
    assert answer["scope"].split() == [
        "openid", "profile", f"{OUTLOOK}/IMAP.AccessAsUser.All", f"{OUTLOOK}/SMTP.Send",
    ]
    access, identity = claims(answer["access_token"]), claims(answer["id_token"])
    user = product.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {})
    assert (access["aud"], access["scp"]) == (OUTLOOK, "IMAP.AccessAsUser.All SMTP.Send")
    assert (access["oid"], access["upn"], access["idtyp"], access["appidacr"]) == (user["id"], CONTRACTS, "user", "1")
    assert "roles" not in access
    assert (identity["aud"], identity["nonce"], identity["preferred_username"]) == (product.app_id, "n-1", CONTRACTS)
    assert (identity["iss"], identity["ver"]) == (f"https://login.microsoftonline.com/{product.tenant_id}/v2.0", "2.0")
    assert identity["sub"] != access["sub"]


def test_without_the_sign_in_scopes_there_is_only_an_access_token(product: Product) -> None:
    answer = body(product.redeem(product.code(scope=f"{OUTLOOK}/IMAP.AccessAsUser.All")))
    assert not {"refresh_token", "id_token", "client_info"} & set(answer)


def test_graph_scopes_come_back_as_they_were_written(clean: RunningSandbox) -> None:
    product = Product(clean, scopes={"https://graph.microsoft.com": ["Mail.Read", "User.Read"]})
    short = body(product.redeem(product.code(scope="offline_access mail.read")))
    assert short["scope"].split() == ["Mail.Read", "User.Read", "mail.read"]
    full = body(product.refresh(short["refresh_token"], scope="https://graph.microsoft.com/Mail.Read"))
    assert full["scope"].split() == ["https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com/User.Read"]
    default = body(product.refresh(short["refresh_token"], scope="https://graph.microsoft.com/.default"))
    assert default["scope"].split()[-1] == "https://graph.microsoft.com/.default"
    assert claims(default["access_token"])["aud"] == "https://graph.microsoft.com"


def test_only_the_profile(clean: RunningSandbox) -> None:
    product = Product(clean)
    answer = body(product.redeem(product.code(scope="openid profile email")))
    token, identity = claims(answer["access_token"]), claims(answer["id_token"])
    assert (token["aud"], token["scp"]) == ("https://graph.microsoft.com", "email openid profile")
    assert identity["email"] == CONTRACTS


def test_a_refresh_token_is_good_for_every_resource_that_is_consented_to(clean: RunningSandbox) -> None:
    product = Product(clean, scopes={OUTLOOK: ["IMAP.AccessAsUser.All"], "https://graph.microsoft.com": ["Mail.Read"]})
    token = product.tokens()["refresh_token"]
    answer = body(product.refresh(token, scope="https://graph.microsoft.com/Mail.Read"))
    assert claims(answer["access_token"])["aud"] == "https://graph.microsoft.com"
    assert claims(body(product.refresh(token))["access_token"])["aud"] == OUTLOOK
    refused(product.refresh(token, scope="https://graph.microsoft.com/Mail.Send"), 65001, "invalid_grant")


def test_two_resources_are_one_too_many(clean: RunningSandbox) -> None:
    product = Product(clean, scopes={OUTLOOK: ["IMAP.AccessAsUser.All"], "https://graph.microsoft.com": ["Mail.Read"]})
    both = f"offline_access {OUTLOOK}/IMAP.AccessAsUser.All https://graph.microsoft.com/Mail.Read"
    code = product.code(scope=both)
    refused(product.redeem(code), 28000, "invalid_request")
    assert body(product.redeem(code, scope="https://graph.microsoft.com/Mail.Read"))["refresh_token"]


def test_an_id_token_is_signed_with_the_published_key(product: Product) -> None:
    answer = product.tokens()
    keys = jwt.PyJWKClient(f"{product.url}/common/discovery/v2.0/keys", ssl_context=product.sandbox.tls)
    key = keys.get_signing_key_from_jwt(answer["id_token"])
    assert jwt.decode(answer["id_token"], key, algorithms=["RS256"], audience=product.app_id)["ver"] == "2.0"


# -- codes --------------------------------------------------------------------------------------------------------


def test_a_code_is_good_once(product: Product) -> None:
    code = product.code()
    body(product.redeem(code))
    text = refused(product.redeem(code), 54005, "invalid_grant")
    assert "OAuth2 Authorization code was already redeemed" in text


def test_a_code_is_good_for_ten_minutes(product: Product) -> None:
    code, other = product.code(), product.code()
    later(product, minutes=9)
    body(product.redeem(code))
    later(product, minutes=11)
    refused(product.redeem(other), 70008, "invalid_grant")


def test_a_code_outlives_a_restart(product: Product) -> None:
    code = product.code()
    for command in ("stop", "start"):
        assert run_cli(command, product.sandbox.directory).returncode == 0
    body(product.redeem(code))


def test_a_code_is_good_for_its_redirect_uri_and_its_client(product: Product) -> None:
    code = product.code()
    text = refused(product.redeem(code, redirect_uri=f"{REDIRECT}/"), 500112, "invalid_client")
    assert f"'{REDIRECT}/' does not match the reply address '{REDIRECT}'" in text
    refused(product.redeem(code, redirect_uri=None), 900144, "invalid_request")
    refused(Product(product.sandbox).redeem(code), 70000, "invalid_grant")
    refused(product.redeem("1.made-up"), 70000, "invalid_grant")
    refused(product.redeem(""), 900144, "invalid_request")
    body(product.redeem(code))


def test_a_confidential_client_shows_its_secret(product: Product) -> None:
    code = product.code()
    refused(product.redeem(code, client_secret=None), 7000218, "invalid_client", status=401)
    refused(product.redeem(code, client_secret="wrong"), 7000215, "invalid_client", status=401)
    refused(product.redeem(code, client_id=product.tenant_id), 700016, "unauthorized_client")
    token = body(product.redeem(code))["refresh_token"]
    refused(product.refresh(token, client_secret=None), 7000218, "invalid_client", status=401)


def test_pkce(product: Product) -> None:
    for challenge in (product.challenge, {"code_challenge": product.verifier, "code_challenge_method": "plain"},
                      {"code_challenge": product.verifier}):
        code = product.code(**challenge)
        for wrong in (None, "w" * 43):
            refused(product.redeem(code, code_verifier=wrong), 501481, "invalid_grant")
        body(product.redeem(code, code_verifier=product.verifier))
    refused(product.redeem(product.code(), code_verifier=product.verifier), 501481, "invalid_grant")


def test_a_public_client_must_not_show_a_secret(clean: RunningSandbox) -> None:
    product = Product(clean, redirectUris={"publicClient": [REDIRECT]}, scopes={OUTLOOK: ["IMAP.AccessAsUser.All"]})
    code = product.code(**product.challenge)
    refused(product.redeem(code, code_verifier=product.verifier), 700025, "invalid_client", status=401)
    answer = body(product.redeem(code, code_verifier=product.verifier, client_secret=None))
    assert claims(answer["access_token"])["appidacr"] == "0"
    assert body(product.refresh(answer["refresh_token"], client_secret=None))["access_token"]


def test_a_page_of_its_own(clean: RunningSandbox) -> None:
    product = Product(clean, redirectUris={"spa": [REDIRECT]}, scopes={OUTLOOK: ["IMAP.AccessAsUser.All"]})
    assert "AADSTS9002325" in product.person().open(product.address()).answer["error_description"]
    code = product.code(**product.challenge)
    refused(product.redeem(code, code_verifier=product.verifier, client_secret=None), 9002327, "invalid_request")


# -- refresh tokens -----------------------------------------------------------------------------------------------


def test_refresh_tokens_rotate_and_the_old_one_stays_good(product: Product) -> None:
    first = product.tokens()["refresh_token"]
    second = body(product.refresh(first))["refresh_token"]
    assert second != first
    assert body(product.refresh(first))["refresh_token"] not in (first, second)
    refused(Product(product.sandbox).refresh(first), 70000, "invalid_grant")
    refused(product.refresh(f"{first[:-8]}AAAAAAAA"), 70000, "invalid_grant")
    refused(product.refresh(product.code()), 70000, "invalid_grant")
    refused(product.refresh("", refresh_token=None), 900144, "invalid_request")


def test_a_refresh_token_dies_after_ninety_days_without_use(product: Product) -> None:
    first = product.tokens()["refresh_token"]
    later(product, days=89)
    second = body(product.refresh(first))["refresh_token"]
    later(product, days=91)
    text = refused(product.refresh(first), 700082, "invalid_grant")
    assert "was inactive for 90.00:00:00" in text
    later(product, days=178)
    body(product.refresh(second))


@pytest.mark.parametrize("how", ["password", "revoke"])
def test_a_changed_password_and_a_revocation_end_refresh_tokens(product: Product, how: str) -> None:
    first, code = product.tokens()["refresh_token"], product.code()
    if how == "password":
        settings(product, password="another one")
        product.password = "another one"
    else:
        product.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")
    text = refused(product.refresh(first), 50173, "invalid_grant")
    assert "TokensValidFrom" in text
    refused(product.redeem(code), 50173, "invalid_grant")
    body(product.refresh(product.tokens()["refresh_token"]))


def test_the_frequency_of_sign_ins(product: Product) -> None:
    first = product.tokens()["refresh_token"]
    settings(product, signInFrequencySeconds=3600)
    second = body(product.refresh(first))["refresh_token"]
    later(product, seconds=3700)
    answer = product.refresh(second)
    assert "the maximum allowed lifetime for this request is 3600" in refused(answer, 70043, "invalid_grant")
    assert answer.json()["suberror"] == "token_expired"
    settings(product, signInFrequencySeconds=None)
    body(product.refresh(second))


@pytest.mark.parametrize(("change", "code"), [
    ({"multiFactorCode": "1"}, 50076), ({"blockedByConditionalAccess": True}, 53003),
    ({"accountEnabled": False}, 50057),
])
def test_what_the_tenant_asks_of_the_person_later(product: Product, change: dict[str, Any], code: int) -> None:
    token = product.tokens()["refresh_token"]
    settings(product, **change)
    refused(product.refresh(token), code, "invalid_grant")


def test_a_withdrawn_consent_and_a_disabled_application(clean: RunningSandbox) -> None:
    product = Product(clean)
    token = product.tokens()["refresh_token"]
    body(product.refresh(token, scope=IMAP_SCOPE))
    answer = product.refresh(token, scope=f"{OUTLOOK}/POP.AccessAsUser.All")
    assert product.app_id in refused(answer, 65001, "invalid_grant")
    assert answer.json()["suberror"] == "consent_required"
    refused(product.refresh(token, scope=f"{OUTLOOK}/POP.Everything"), 650053, "invalid_client")
    refused(product.refresh(token, scope="https://nowhere.example/x"), 500011, "invalid_resource")


def test_a_refresh_token_of_version_1(product: Product) -> None:
    code = product.code(version=1)
    token = body(product.redeem(code, version=1))["refresh_token"]
    answer = body(product.refresh(token, version=1))
    assert (answer["resource"], answer["scope"]) == (OUTLOOK, "IMAP.AccessAsUser.All SMTP.Send")
    assert claims(answer["id_token"])["upn"] == CONTRACTS


def test_refresh_tokens_do_not_outlive_a_reset(product: Product) -> None:
    token = product.tokens()["refresh_token"]
    product.sandbox.control("POST", "/reset")
    refused(product.refresh(token), 700016, "unauthorized_client")
