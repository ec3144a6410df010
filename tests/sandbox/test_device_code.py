"""The device code flow, from both sides."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import requests
from person_fixture import CONTRACTS, GRAPH, IMAP_SCOPE, OUTLOOK, Product, body, claims, refused
from sandbox_fixture import RunningSandbox

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TICKETS = "tickets@contoso.example"


@pytest.fixture
def product(clean: RunningSandbox) -> Product:
    return Product(clean, public=True, redirectUris={}, secret=False)


def start(product: Product, *, path: str = "oauth2/v2.0", **form: str) -> requests.Response:
    return requests.post(
        f"{product.url}/{product.tenant_id}/{path}/devicecode", verify=product.sandbox.ca, timeout=30,
        data={"client_id": product.app_id, "scope": IMAP_SCOPE, **form},
    )


def poll(product: Product, flow: dict[str, Any], **form: Any) -> requests.Response:
    return product.token(**{
        "grant_type": GRANT, "client_secret": None, "device_code": flow["device_code"], **form,
    })


def later(product: Product, seconds: float) -> None:
    product.sandbox.control("PUT", "/clock", {"offset_seconds": seconds})


def test_a_person_lets_a_device_in(product: Product) -> None:
    flow = body(start(product))
    assert (flow["expires_in"], flow["interval"]) == (900, 5)
    assert re.fullmatch(r"[A-Z0-9]{9}", flow["user_code"])
    assert flow["user_code"] in flow["message"]
    assert flow["verification_uri"] in flow["message"]
    refused(poll(product, flow), 70016, "authorization_pending")
    person = product.person().open(flow["verification_uri"])
    assert person.press("Next", user_code="WRONGCODE").error.startswith("AADSTS70018")
    person.press("Next", user_code=f" {flow['user_code'].lower()} ").sign_in(CONTRACTS, product.password)
    assert person.heading == "Are you trying to sign in to Product?"
    later(product, 6)
    refused(poll(product, flow), 70016, "authorization_pending")
    person.press("Continue").press("Accept")
    assert "You have signed in to the Product application on your device" in person.text
    answer = body(poll(product, flow))
    token = claims(answer["access_token"])
    assert (token["aud"], token["scp"], token["upn"], token["appidacr"]) == (
        OUTLOOK, "IMAP.AccessAsUser.All", CONTRACTS, "0",
    )
    assert body(product.refresh(answer["refresh_token"], client_secret=None))["access_token"]
    refused(poll(product, flow), 70000, "bad_verification_code")
    again = product.person().open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    assert again.error.startswith("AADSTS70018")


def test_asking_too_often(product: Product) -> None:
    flow = body(start(product))
    refused(poll(product, flow), 70016, "authorization_pending")
    refused(poll(product, flow), 70016, "slow_down")
    later(product, 5)
    refused(poll(product, flow), 70016, "authorization_pending")


@pytest.mark.parametrize("label", ["Cancel", "Continue"])
def test_the_person_says_no(product: Product, label: str) -> None:
    flow = body(start(product))
    person = product.person().open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    person.sign_in(CONTRACTS, product.password).press(label)
    if label == "Continue":
        person.press("Cancel")
    assert person.heading == "You cancelled the sign-in"
    refused(poll(product, flow), 65004, "authorization_declined")


def test_nobody_comes_in_time(product: Product) -> None:
    flow = body(start(product))
    later(product, timedelta(minutes=16).total_seconds())
    refused(poll(product, flow), 70020, "expired_token")
    person = product.person().open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    assert person.error.startswith("AADSTS70018")


def test_whoever_is_signed_in_is_asked_which_account(product: Product) -> None:
    web = Product(product.sandbox)
    person = web.person()
    web.code(person)
    flow = body(start(product, scope="openid User.Read"))
    person.open(flow["verification_uri"]).press("Next", user_code=flow["user_code"])
    assert person.heading == "Pick an account"
    person.press("Use another").sign_in(TICKETS, product.password).press("Continue").press("Accept")
    answer = body(poll(product, flow))
    assert claims(answer["id_token"])["oid"] == claims(answer["access_token"])["oid"]
    assert (claims(answer["access_token"])["upn"], claims(answer["access_token"])["aud"]) == (TICKETS, GRAPH)
    assert "refresh_token" not in answer


def test_what_a_device_must_not_ask(product: Product) -> None:
    refused(start(product, client_id=""), 900144, "invalid_request")
    refused(start(product, client_id=product.tenant_id), 700016, "unauthorized_client")
    refused(start(product, scope=""), 900144, "invalid_request")
    refused(start(product, scope="https://nowhere.example/x"), 500011, "invalid_resource")
    refused(start(product, scope=f"{IMAP_SCOPE} {GRAPH}/Mail.Read"), 28000, "invalid_request")
    flow = body(start(product))
    refused(poll(product, flow, client_secret="secret"), 700025, "invalid_client", status=401)
    refused(poll(product, flow, device_code="made up"), 70000, "bad_verification_code")
    refused(poll(product, flow, device_code=None), 900144, "invalid_request")
    refused(poll(Product(product.sandbox, public=True), flow), 70000, "bad_verification_code")


def test_a_confidential_client_needs_its_secret(clean: RunningSandbox) -> None:
    product = Product(clean)
    flow = body(start(product))
    text = refused(poll(product, flow), 7000218, "invalid_client", status=401)
    assert "'client_assertion' or 'client_secret'" in text
    refused(poll(product, flow, client_secret=product.secret), 70016, "authorization_pending")


def test_version_1(clean: RunningSandbox) -> None:
    product = Product(clean, public=True, scopes={OUTLOOK: ["POP.AccessAsUser.All"]})
    flow = body(start(product, path="oauth2", resource=OUTLOOK))
    assert (flow["expires_in"], flow["interval"]) == ("900", "5")
    person = product.person().open(flow["verification_url"]).press("Next", user_code=flow["user_code"])
    person.sign_in(CONTRACTS, product.password).press("Continue")
    answer = body(product.token(
        version=1, grant_type="device_code", code=flow["device_code"], resource=OUTLOOK, client_secret=None,
    ))
    assert claims(answer["access_token"])["scp"] == "POP.AccessAsUser.All"
