"""Clouds and endpoints."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import CLOUD_NAMES, CLOUDS, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def test_the_global_cloud_is_the_default() -> None:
    cloud = cloud_from({})
    assert cloud == CLOUDS["global"]
    assert cloud.graph_scope == "https://graph.microsoft.com/.default"
    assert cloud.outlook_scope == "https://outlook.office365.com/.default"


@pytest.mark.parametrize("name", CLOUDS)
def test_microsoft_knows_its_own_clouds(name: str) -> None:
    assert cloud_from({"cloud": name}).is_known_to_microsoft


def test_every_cloud_is_a_choice() -> None:
    assert set(CLOUD_NAMES) == {*CLOUDS, "custom"}


@pytest.mark.parametrize("address", ["https://127.0.0.1:8443", "https://127.0.0.1:8443/", "127.0.0.1:8443"])
def test_other_endpoints_keep_the_audiences(address: str) -> None:
    cloud = cloud_from({"cloud": "custom", "authority_host": address, "graph_endpoint": address})
    assert cloud.authority_host == cloud.graph_endpoint == "https://127.0.0.1:8443"
    assert cloud.graph_scope == "https://graph.microsoft.com/.default"
    assert not cloud.is_known_to_microsoft


@pytest.mark.parametrize("options", [
    {"cloud": "custom"},
    {"cloud": "custom", "authority_host": "https://a"},
    {"authority_host": "http://login.contoso.example"},
    {"authority_host": "https://login.contoso.example/tenant"},
    {"graph_endpoint": "https://graph.microsoft.com/v1.0"},
    {"graph_endpoint": "https://"},
])
def test_unusable_endpoints_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"authority_host|graph_endpoint"):
        cloud_from(options)
