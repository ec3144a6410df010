"""What a PATCH of an application's certificates says, and what is read of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import certificates, key_pairs
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import Identity
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import (
    CERTIFICATE,
    Registration,
    is_managed,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request

NOW = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)
PAIR = key_pairs.make("mail", NOW, timedelta(days=180))
#: As Graph shows what other people registered; members that this collection does not know stay as well.
FOREIGN: dict[str, Any] = {
    "customKeyIdentifier": "BB5D1064437D8720A5C53078185E6A361A78B10A", "displayName": "CN=by hand",
    "endDateTime": "2027-01-01T00:00:00.1234567Z", "key": None, "keyId": "F0000000-0000-4000-8000-000000000001",
    "startDateTime": "2026-01-01T00:00:00Z", "type": "X509CertAndPassword", "usage": "Sign", "hasExtendedValue": None,
}


def registration(*credentials: dict[str, Any]) -> Registration:
    return Registration(CERTIFICATE, "/applications/1", '"Mail"', credentials, NOW)


class Tenant:
    """Takes a PATCH and answers with a status; shows what it took."""

    def __init__(self, status: int = 204, body: dict[str, Any] | None = None) -> None:
        self.answer = (status, {}, body or {})
        self.credentials: list[dict[str, Any]] = []

    async def send(self, request: Request) -> Answer:
        if request.method == "PATCH":
            assert isinstance(request.body, dict)
            self.credentials = request.body["keyCredentials"]
            return Answer(request, *self.answer)
        return Answer(request, 200, {}, {"id": "1", "displayName": "Mail", "keyCredentials": self.credentials})

    async def wait_until(self, attempt: Any, done: Any, patience: float = 0) -> Any:
        result = await attempt()
        return result if done(result) else await attempt()


def run(tenant: Tenant, coroutine_of: Any) -> None:
    asyncio.run(coroutine_of(cast(GraphClient, tenant)))


def test_what_is_registered_is_managed_and_always_the_same() -> None:
    credential = certificates.credential_of(PAIR.certificate, "mail")
    assert is_managed(credential, "mail")
    assert credential == certificates.credential_of(PAIR.certificate, "mail")
    assert certificates.registered(registration(FOREIGN, credential), PAIR.certificate) == credential
    assert certificates.registered(registration(FOREIGN), PAIR.certificate) is None
    assert certificates.registered(registration(credential), None) is None
    assert certificates.shown(credential) == {
        "key_id": PAIR.certificate.key_id, "display_name": credential["displayName"],
        "start_date_time": "2026-11-22T04:55:00Z", "end_date_time": "2027-05-21T04:55:00Z",
        **PAIR.certificate.thumbprints,
    }


def test_names_that_graph_would_cut_are_refused() -> None:
    certificates.must_fit("m" * 58)
    assert len(certificates.credential_of(PAIR.certificate, "m" * 58)["displayName"]) == 90
    with pytest.raises(InputError, match=r"name: 59 characters .* 58 are possible"):
        certificates.must_fit("m" * 59)


def test_others_stay_as_they_were_read() -> None:
    tenant = Tenant()
    stale = {**certificates.credential_of(PAIR.certificate, "mail"), "keyId": "0000"}
    seen = registration(FOREIGN, stale)
    credential = certificates.credential_of(PAIR.certificate, "mail")
    run(tenant, lambda graph: certificates.register(graph, seen, credential, [stale]))
    assert tenant.credentials == [FOREIGN, credential]
    run(tenant, lambda graph: certificates.register(graph, registration(*tenant.credentials), credential, []))
    assert tenant.credentials == [FOREIGN, credential]
    run(tenant, lambda graph: certificates.remove(graph, registration(*tenant.credentials), credential))
    assert tenant.credentials == [FOREIGN]


class Replica(Tenant):
    """Shows nothing at first, and then what the tenant has."""

    def __init__(self, *credentials: dict[str, Any]) -> None:
        super().__init__()
        self.shows: list[list[dict[str, Any]]] = [[], list(credentials)]

    async def send(self, request: Request) -> Answer:
        self.credentials = self.shows.pop(0)
        return await super().send(request)


def test_what_a_replica_does_not_know_yet_is_waited_for() -> None:
    replica = cast(GraphClient, Replica(FOREIGN))
    identity = Identity(app_id="1")
    seen = asyncio.run(certificates.complete(replica, identity, registration(), [FOREIGN["keyId"].lower()]))
    assert list(seen.credentials) == [FOREIGN]
    for known in (None, [], [FOREIGN["keyId"]]):
        assert asyncio.run(certificates.complete(replica, identity, seen, known)) is seen


def test_a_change_that_no_replica_shows_is_an_error() -> None:
    with pytest.raises(GraphError, match="does not show the certificate"):
        run(Tenant(), lambda graph: certificates.settled(graph, registration(), "k", is_there=True))


def test_a_refusal_by_a_policy_is_explained() -> None:
    body = {"error": {
        "code": "CredentialInvalidLifetimeAsPerAppPolicy",
        "message": "Credential lifetime exceeds the max value allowed as per assigned policy '1'.",
    }}
    credential = certificates.credential_of(PAIR.certificate, "mail")
    with pytest.raises(GraphError, match="Could not add a certificate") as caught:
        run(Tenant(400, body), lambda graph: certificates.register(graph, registration(), credential, []))
    assert "lifetime that the policy allows" in str(caught.value.remedy)
