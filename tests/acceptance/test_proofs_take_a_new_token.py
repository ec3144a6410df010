"""A proof never rests on a token of a cache: an application that can no longer sign in, or send, proves nothing."""

from __future__ import annotations

from typing import Any

import httpx
from estates import Estate

HOSTS = ("own-deleted", "own-purged", "own-robbed", "own-disabled", "own-bare")


def settings(host: str) -> dict[str, Any]:
    """A host of ICI whose application is its own."""
    return {"groups": ["ici_test"], "mail_app": {"unique_name": host, "name": host}}


def break_all(graph: httpx.Client, applications: dict[str, dict[str, Any]], principals: dict[str, str]) -> None:
    """Each in another way, as an administrator of the tenant would."""
    for host in ("own-deleted", "own-purged"):
        graph.delete(f"/applications/{applications[host]['id']}")
    graph.delete(f"/directory/deletedItems/{applications['own-purged']['id']}")
    robbed = principals["own-robbed"]
    [grant] = graph.get(f"/servicePrincipals/{robbed}/appRoleAssignments").json()["value"]
    graph.delete(f"/servicePrincipals/{robbed}/appRoleAssignments/{grant['id']}")
    graph.patch(f"/servicePrincipals/{principals['own-disabled']}", json={"accountEnabled": False})
    [secret] = applications["own-bare"]["passwordCredentials"]
    graph.post(f"/applications/{applications['own-bare']['id']}/removePassword", json={"keyId": secret["keyId"]})


def test_five_of_five_are_refused_though_there_is_a_token_cache(estate: Estate) -> None:
    estate.deliver(*HOSTS)
    further = ("--limit", ",".join(HOSTS), *estate.hosts(**{host.replace("-", "_"): settings(host) for host in HOSTS}))
    done = estate.set_up(*further)
    assert done.results == dict.fromkeys(HOSTS, "delivered"), done.output
    # The inventory sets mail_entra.token_cache.
    assert list((estate.directory / "tokens").iterdir()) != []
    now = estate.footprint()
    applications = {host: now.applications(host)[0] for host in HOSTS}
    ids = {one["appId"]: one["id"] for one in now.objects("service_principals")}
    principals = {host: ids[application["appId"]] for host, application in applications.items()}
    sent = estate.sent_mails()
    with estate.administrator() as graph:
        break_all(graph, applications, principals)
    refused = estate.set_up(*further, playbook="verify_mail")
    assert refused.results == dict.fromkeys(HOSTS, "FAILED at delivery"), refused.output
    assert (refused.code, refused.failed) == (2, sorted(HOSTS))
    assert estate.sent_mails() == sent
    said = " ".join(refused.output.split())
    for code in ("AADSTS700016", "AADSTS7000215"):
        assert code in said
