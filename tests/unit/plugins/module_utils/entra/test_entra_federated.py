"""Which federated credentials can be right, and what is written for them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.federated import check, named, pending
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st

ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:contoso/mail:environment:production"
AUDIENCE = "api://AzureADTokenExchange"


def params(**given: Any) -> dict[str, Any]:
    return {
        "name": "production", "issuer": ISSUER, "subject": SUBJECT, "audiences": None, "description": None,
        "cloud": "global", **given,
    }


def credential(name: str = "production", **given: Any) -> dict[str, Any]:
    return {
        "id": "1", "name": name, "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE], "description": None,
        **given,
    }


@pytest.mark.parametrize("issuer", [
    ISSUER, f"{ISSUER}/", "https://vstoken.dev.azure.com/11111111-2222", "https://127.0.0.1:8443", "https://kc/realms/x",
])
def test_issuers(issuer: str) -> None:
    check(params(issuer=issuer))


@pytest.mark.parametrize("issuer", [
    "", "token.actions.githubusercontent.com", "http://token.actions.githubusercontent.com", f" {ISSUER}", f"{ISSUER} ",
    f"{ISSUER}?x=1", f"{ISSUER}#x", "https://", "https:///path", "https://user@host",
])
def test_what_is_no_issuer(issuer: str) -> None:
    with pytest.raises(InputError, match="issuer: ") as caught:
        check(params(issuer=issuer))
    assert "to the letter" in str(caught.value.remedy)


@given(st.text(alphabet="abcXYZ019-_", min_size=3, max_size=120))
def test_names(name: str) -> None:
    if name[0] in "-_":
        with pytest.raises(InputError, match="name: "):
            check(params(name=name))
    else:
        check(params(name=name))


@pytest.mark.parametrize("name", ["", "ab", "a b c", "käse", "a/b/c", "a" * 121, "abc\n"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InputError, match="name: "):
        check(params(name=name))


@pytest.mark.parametrize(("given", "message"), [
    ({"subject": ""}, "subject: "), ({"subject": " x"}, "subject: "),
    ({"subject": "x" * 601}, "subject: 601 characters"),
    ({"description": "x" * 601}, "description: 601 characters"), ({"audiences": []}, "audiences: 0 were given"),
    ({"audiences": ["a", "b"]}, "audiences: 2 were given"),
])
def test_what_else_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(params(**given))


@pytest.mark.parametrize(("cloud", "audience"), [
    ("global", AUDIENCE), ("custom", AUDIENCE), ("us_government", f"{AUDIENCE}USGov"),
    ("us_government_dod", f"{AUDIENCE}USGov"), ("china", f"{AUDIENCE}China"),
])
def test_a_new_one_has_the_audience_of_its_cloud(cloud: str, audience: str) -> None:
    assert pending([], params(cloud=cloud)) == {"issuer": ISSUER, "subject": SUBJECT, "audiences": [audience]}
    assert pending([], params(audiences=["mine"]))["audiences"] == ["mine"]


@pytest.mark.parametrize("option", ["issuer", "subject"])
def test_a_new_one_needs_issuer_and_subject(option: str) -> None:
    with pytest.raises(InputError, match=f"{option}: "):
        pending([], params(**{option: None}))


def test_only_what_differs_is_written() -> None:
    assert pending([credential()], params()) == {}
    assert pending([credential()], params(issuer=None, subject=None)) == {}
    assert pending([credential()], params(description="")) == {}
    assert pending([credential()], params(subject="other", description="new")) == {
        "subject": "other", "description": "new",
    }
    assert pending([credential(audiences=["mine"])], params()) == {}


def test_a_second_one_for_the_same_tokens_is_refused_by_name() -> None:
    others = [credential("elsewhere", subject="other"), credential("legacy")]
    with pytest.raises(InputError, match='"legacy"') as caught:
        pending(others, params())
    assert "a name cannot be changed" in str(caught.value.remedy)
    with pytest.raises(InputError, match='"elsewhere"'):
        pending([*others, credential("third", subject="3")], params(name="third", subject="other"))


def test_no_more_than_twenty() -> None:
    twenty = [credential(f"name-{number}", subject=str(number)) for number in range(20)]
    with pytest.raises(InputError, match="20 are possible: name-0, name-1, name-10"):
        pending(twenty, params())
    assert pending(twenty, params(name="name-7", subject="7")) == {}
    assert pending(twenty[1:], params())


def test_found_by_name() -> None:
    assert named([credential("other"), credential()], "production") == credential()
    assert named([credential("Production")], "production") is None
