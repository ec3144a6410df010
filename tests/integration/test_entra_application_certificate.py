"""entra_application_certificate against the sandbox, judged by the tenant's state, the files, and who gets a token."""

from __future__ import annotations

import base64
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import key_pairs
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from module_runner import Modules, without_ids
from sandbox_fixture import RunningSandbox

MODULE = "entra_application_certificate"
OWNER = "mailops.modern_auth: "


class Client:
    """An application in the tenant that can sign in, its certificates there, and a folder for key pairs."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules = modules
        self.folder = folder
        self.path = folder / "client.pem"
        made = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")
        self.app_id: str = made["application"]["app_id"]
        modules.ok("entra_admin_consent", app_id=self.app_id)

    def run(self, **arguments: Any) -> dict[str, Any]:
        if "source_path" not in arguments:
            arguments = {"path": str(self.path), **arguments}
        return self.modules.run(MODULE, app_id=self.app_id, **arguments)

    def certificate(self, **arguments: Any) -> dict[str, Any]:
        result = self.run(**arguments)
        assert not result.get("failed"), result
        return result

    def refused(self, **arguments: Any) -> dict[str, Any]:
        result = self.run(**arguments)
        assert result["failed"], result
        return result

    def credentials(self) -> dict[str, dict[str, Any]]:
        """The certificates in the tenant, by key id."""
        (application,) = self.modules.objects("applications", appId=self.app_id)
        return {one["keyId"]: one for one in application["keyCredentials"]}

    def signs_in(self, path: Path) -> bool:
        """Whether the key pair in the file gets a token."""
        proof = self.modules.run(
            "entra_token_info", auth_source="client_certificate", client_id=self.app_id, certificate_path=str(path)
        )
        assert proof.get("code") in (None, "AADSTS700027"), proof
        return not proof.get("failed")

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    def given(self, **validity: Any) -> key_pairs.KeyPair:
        """A key pair that somebody else made."""
        return key_pairs.make("given", datetime.now(UTC), timedelta(**validity))

    def patched(self, credentials: list[dict[str, Any]]) -> None:
        """Change the application's certificates as somebody else would."""
        (application,) = self.modules.objects("applications", appId=self.app_id)
        environment = self.modules.sandbox.env
        token = self.modules.sandbox.control("POST", "/tenant/tokens", {
            "appId": environment["AZURE_CLIENT_ID"], "resource": "https://graph.microsoft.com",
        })["access_token"]
        requests.patch(
            f"{environment['MAILOPS_GRAPH_ENDPOINT']}/v1.0/applications/{application['id']}", timeout=30,
            headers={"Authorization": f"Bearer {token}"}, json={"keyCredentials": credentials},
            verify=self.modules.sandbox.ca, proxies={"https": ""},
        ).raise_for_status()


@pytest.fixture
def client(clean: RunningSandbox, tmp_path: Path) -> Client:
    return Client(Modules(clean), tmp_path)


def test_makes_one_and_keeps_it(client: Client) -> None:
    predicted, done = client.modules.four_runs(MODULE, app_id=client.app_id, path=str(client.path))
    assert predicted["certificate"]["key_id"] is None
    (credential,) = client.credentials().values()
    made = done["certificate"]
    assert made["key_id"] == credential["keyId"]
    assert credential["displayName"].startswith(f"{OWNER}mail (")
    assert made["thumbprint"] == credential["customKeyIdentifier"]
    assert datetime.fromisoformat(made["end_date_time"]) - datetime.fromisoformat(made["start_date_time"]) == (
        timedelta(days=180)
    )
    assert client.files() == {"client.pem"}
    assert stat.S_IMODE(client.path.stat().st_mode) == 0o600
    assert client.signs_in(client.path)
    assert "PRIVATE" not in str(done)


def test_a_check_run_writes_no_file(client: Client) -> None:
    client.certificate(check=True)
    assert client.files() == set()
    client.certificate()
    pair = client.path.read_bytes()
    assert client.certificate(check=True, lifetime="190d", renew_within="185d")["changed"] is True
    assert client.files() == {"client.pem"}
    assert client.path.read_bytes() == pair


def test_renews_when_due_and_keeps_the_old_one_until_it_is_removed(client: Client) -> None:
    old = client.certificate(lifetime="5d", renew_within="1d")["certificate"]
    assert client.certificate(lifetime="5d", renew_within="4d")["changed"] is False
    new = client.certificate()
    assert new["changed"] is True
    assert new["removed"] == []
    assert new["previous_key_id"] == old["key_id"]
    assert set(client.credentials()) == {old["key_id"], new["certificate"]["key_id"]}
    previous = client.folder / "client.pem.previous"
    assert client.signs_in(client.path)
    assert client.signs_in(previous)
    predicted = client.certificate(state="absent", key_id=old["key_id"], check=True)
    assert predicted["removed"] == [old["key_id"]]
    assert client.signs_in(previous)
    kept = shutil.copy(previous, client.folder / "kept.pem")
    done = client.certificate(state="absent", key_id=old["key_id"])
    assert without_ids(done["diff"]) == without_ids(predicted["diff"])
    assert list(client.credentials()) == [new["certificate"]["key_id"]]
    assert client.files() == {"client.pem", "kept.pem"}
    assert not client.signs_in(Path(kept))
    assert client.signs_in(client.path)
    assert client.certificate(state="absent", key_id=old["key_id"])["changed"] is False


def test_finishes_what_was_killed_after_entra_accepted_it(client: Client) -> None:
    old = client.certificate(lifetime="5d", renew_within="1d")["certificate"]
    new = client.certificate()["certificate"]
    # As a run leaves it that is killed between the PATCH and the change of the files.
    client.path.rename(client.folder / "client.pem.new")
    (client.folder / "client.pem.previous").rename(client.path)
    before = client.credentials()
    client.modules.count("graph")
    assert client.certificate(check=True)["changed"] is True
    finished = client.certificate()
    assert client.modules.count("graph") == 2
    assert finished["certificate"] == new
    assert finished["previous_key_id"] == old["key_id"]
    assert client.credentials() == before
    assert client.files() == {"client.pem", "client.pem.previous"}
    assert client.certificate()["changed"] is False
    assert client.signs_in(client.path)


def test_goes_on_with_what_was_killed_before_entra_heard_of_it(client: Client) -> None:
    client.certificate(lifetime="5d", renew_within="1d")
    pair = client.given(days=100)
    (client.folder / "client.pem.new").write_bytes(pair.pem)
    done = client.certificate()
    assert done["certificate"]["key_id"] == pair.certificate.key_id
    assert client.path.read_bytes() == pair.pem
    assert client.signs_in(client.path)


@pytest.mark.parametrize("content", [b"half of a pair", None])
def test_does_not_go_on_with_what_will_not_do(client: Client, content: bytes | None) -> None:
    too_long = client.given(days=1000)
    (client.folder / "client.pem.new").write_bytes(content or too_long.pem)
    assert client.certificate()["certificate"]["key_id"] != too_long.certificate.key_id
    assert client.files() == {"client.pem"}
    assert client.signs_in(client.path)


def test_a_lost_file_needs_a_word_from_the_caller(client: Client) -> None:
    lost = client.certificate()["certificate"]["key_id"]
    other = client.certificate(name="archive", path=str(client.folder / "other.pem"))["certificate"]["key_id"]
    client.path.unlink()
    refused = client.refused()
    assert lost in refused["msg"]
    assert "known_key_ids" in refused["remedy"]
    assert client.certificate(key_id=lost)["changed"] is False
    predicted = client.certificate(known_key_ids=[], check=True)
    assert predicted["removed"] == [lost]
    healed = client.certificate(known_key_ids=[])
    assert healed["removed"] == [lost]
    assert set(client.credentials()) == {other, healed["certificate"]["key_id"]}


def test_the_file_before_counts_as_known(client: Client) -> None:
    old = client.certificate(lifetime="5d", renew_within="1d")["certificate"]["key_id"]
    new = client.certificate(known_key_ids=[])
    assert new["removed"] == []
    assert set(client.credentials()) == {old, new["certificate"]["key_id"]}


def test_those_of_others_stay_byte_for_byte(client: Client) -> None:
    foreign = {
        "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=by hand",
        "key": base64.b64encode(client.given(days=30).certificate.der).decode(),
        "customKeyIdentifier": "BB5D1064437D8720A5C53078185E6A361A78B10A",
    }
    client.patched([foreign])
    ((key_id, by_hand),) = client.credentials().items()
    old = client.certificate(lifetime="5d", renew_within="1d")["certificate"]["key_id"]
    client.certificate(known_key_ids=[])
    client.certificate(state="absent", key_id=old)
    assert client.credentials()[key_id] == by_hand
    assert len(client.credentials()) == 2
    refused = client.refused(state="absent", key_id=key_id)
    assert "The certificate" in refused["msg"]
    assert "did not make it" in refused["msg"]


def test_registers_one_that_somebody_else_made(client: Client) -> None:
    pair = client.given(days=100)
    source = client.folder / "given.pem"
    source.write_bytes(pair.pem)
    _, done = client.modules.four_runs(MODULE, app_id=client.app_id, source_path=str(source))
    assert done["certificate"]["key_id"] == pair.certificate.key_id
    assert client.files() == {"given.pem"}
    assert client.signs_in(source)
    late = client.certificate(source_path=str(source), lifetime="180d", renew_within="120d")
    assert late["changed"] is False
    assert "ends at" in str(late["warnings"])


def test_registers_one_from_an_archive(client: Client) -> None:
    pair = client.given(days=100)
    source = client.folder / "given.pfx"
    key: Any = load_pem_private_key(pair.pem, None)
    source.write_bytes(pkcs12.serialize_key_and_certificates(
        b"given", key, load_pem_x509_certificate(pair.pem), None, BestAvailableEncryption(b"correct horse")
    ))
    done = client.certificate(source_path=str(source), source_password="correct horse")
    assert done["certificate"]["key_id"] == pair.certificate.key_id
    assert "correct horse" not in str(done)
    refused = client.refused(source_path=str(source), source_password="wrong")
    assert refused["msg"].startswith("source_path: no certificate can be read")


def test_one_that_has_expired_is_refused(client: Client) -> None:
    source = client.folder / "given.pem"
    source.write_bytes(key_pairs.make("given", datetime.now(UTC) - timedelta(days=10), timedelta(days=5)).pem)
    assert "has expired, at " in client.refused(source_path=str(source))["msg"]
    assert client.credentials() == {}


def test_nothing_else_is_overwritten(client: Client) -> None:
    client.path.write_text("precious", "utf-8")
    assert "does not hold a private key and its certificate" in client.refused()["msg"]
    assert client.path.read_text("utf-8") == "precious"
    assert client.credentials() == {}


def test_a_folder_that_cannot_be_written_leaves_entra_alone(client: Client) -> None:
    refused = client.refused(path=str(client.folder / "nowhere" / "client.pem"))
    assert "cannot be written" in refused["msg"]
    assert client.credentials() == {}


@pytest.mark.parametrize("kind", ["unavailable", "disconnect"])
def test_a_lost_answer_does_no_harm(client: Client, kind: str) -> None:
    client.modules.sandbox.control(
        "POST", "/faults", {"face": "graph", "kind": kind, "when": "after", "methods": ["PATCH"], "count": 2}
    )
    made = client.certificate()
    assert list(client.credentials()) == [made["certificate"]["key_id"]]
    assert client.signs_in(client.path)


def test_an_application_looks_after_its_own_certificate(client: Client) -> None:
    modules = client.modules
    client.certificate(lifetime="5d", renew_within="1d")
    modules.ok("entra_admin_consent", app_id=client.app_id, permissions=[
        {"resource": "Microsoft Graph", "application": ["Application.ReadWrite.OwnedBy"]},
    ])
    (principal,) = modules.objects("service_principals", appId=client.app_id)
    modules.ok("entra_application", app_id=client.app_id, owners=[principal["id"]])
    own = {
        "auth_source": "client_certificate", "client_id": client.app_id, "certificate_path": str(client.path),
    }
    assert client.certificate(**own)["changed"] is True
    assert client.certificate(**own)["changed"] is False
    assert len(client.credentials()) == 2


def test_requests_of_each_run(client: Client) -> None:
    client.modules.count("graph")
    old = client.certificate(lifetime="5d", renew_within="1d")["certificate"]["key_id"]
    assert client.modules.count("graph") == 4  # read, both policies, PATCH, a read that shows the certificate
    client.certificate(lifetime="5d", renew_within="1d")
    assert client.modules.count("graph") == 1
    client.certificate()
    assert client.modules.count("graph") == 4
    client.certificate(state="absent", key_id=old)
    assert client.modules.count("graph") == 3  # read, PATCH, a read that shows that it is gone


@pytest.mark.parametrize(("arguments", "message"), [
    ({"name": "m" * 59}, "name: 59 characters are too many"),
    ({"lifetime": "30d"}, "renew_within has to be shorter than lifetime"),
    ({"path": None}, "path: state present needs it, or source_path"),
    ({"source_path": "x", "path": "y"}, "parameters are mutually exclusive: path|source_path"),
    ({"state": "absent"}, "state is absent but all of the following are missing: key_id"),
])
def test_bad_input_is_refused(client: Client, arguments: dict[str, Any], message: str) -> None:
    assert client.refused(**arguments)["msg"].startswith(message)
    assert client.credentials() == {}
