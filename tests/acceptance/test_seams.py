"""A product, a format, a kind of target, a store, an identity, a token source: each one file more in a collection."""

from __future__ import annotations

import json
import re
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from estates import REPOSITORY, Estate, Footprint, Run
from http_stand_in import Answer, Request, listening
from sandbox_fixture import RunningSandbox
from served_app import server_tls

TOYS = Path(__file__).parent / "toys"
#: Where each toy goes. Nothing else of the collection is touched.
PLACES = {
    "product": "plugins/module_utils/_products/toy.py", "format": "plugins/module_utils/_targets/formats/toy.py",
    "kind": "plugins/module_utils/_targets/kinds/toy.py", "store": "plugins/plugin_utils/_stores/toy.py",
    "identity": "plugins/module_utils/_identity/toy.py", "token_source": "plugins/module_utils/_auth/toy.py",
}
HOSTS = ("toy-1", "toy-2")
#: For this one a person has to sign in.
WAITING = "toy-3"
SENTENCE = "toy-3: authorization required for the toy {} of contracts-test@contoso.example: Say hello to the toy."
FOREIGN = "somebody else's: line\n"


@dataclass
class Service:
    """What gives identities away: the user of the sandbox's relay."""

    user: str
    password: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """Give a token; register, or forget, for whoever has one."""
        if request.path == "/token":
            self.tokens.append(f"token {len(self.tokens)} for {request.query['scope'][0]}")
            return Answer(200, {"access_token": self.tokens[-1]})
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Answer(401, {})
        self.asked.append((request.method, request.path))
        content = {"user": self.user, "secret": self.password, "key_id": "one"}
        return Answer(201, content) if request.method == "POST" else Answer(200, {})


@dataclass(frozen=True)
class Played:
    """Runs of setting up, of verifying and of removing, and what stood then."""

    service: Service
    folder: Path
    predicted: Run
    first: Run
    second: Run
    verified: Run
    signed_in: Run
    report: str
    store: dict[str, dict[str, dict[str, str]]]
    mode: int
    asked: list[tuple[str, str]]
    removed: Run
    tenant: tuple[Footprint, Footprint]


def collection(folder: Path) -> Path:
    """A copy of the collection with the toys in it."""
    place = folder / "ansible_collections" / "mailops" / "modern_auth"
    for name in ("plugins", "roles", "playbooks", "meta"):
        shutil.copytree(REPOSITORY / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(REPOSITORY / "galaxy.yml", place / "galaxy.yml")
    for toy, path in PLACES.items():
        assert not (place / path).exists()
        shutil.copyfile(TOYS / f"{toy}.py", place / path)
    return folder


@pytest.fixture(scope="module")
def played(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("toys")
    estate = Estate(sandbox, folder / "home")
    (estate.home / "tmp").mkdir(parents=True)
    estate.empty()
    env = sandbox.env
    service = Service(env["M365_SANDBOX_RELAY_USER"], env["M365_SANDBOX_RELAY_PASSWORD"])
    store = folder / "store.json"
    authority, trusted = trustme.CA(), folder / "trusted.pem"
    trusted.write_bytes(Path(env["MAILOPS_CA_FILE"]).read_bytes() + authority.cert_pem.bytes())
    with listening(service.answer, server_tls(authority)) as port:
        variables = {
            "mail_product": "toy", "mail_app": {"unique_name": "toys", "name": "Toys"},
            "mail_toy": {"config_file": f"{folder}/{{{{ inventory_hostname }}}}"},
            "mail_send": {
                "transport": "smtp", "host": env["M365_SANDBOX_HOST"], "port": int(env["M365_SANDBOX_RELAY_PORT"]),
                "tls": "none", "from": "contracts-test@contoso.example",
            },
            "mail_entra": {"tenant_id": "toy", "graph_endpoint": f"https://127.0.0.1:{port}"},
            "mail_verify": {"recipient": "probe@contoso.example", "receive": {
                **estate.reader(), "transport": "imap", "host": env["M365_SANDBOX_HOST"],
                "port": int(env["M365_SANDBOX_IMAP_PORT"]), "tls": "implicit",
            }},
            "mail_store_kind": "toy", "mail_store_path": str(store), "groups": ["test"],
        }
        waiting = {**variables, "mail_toy": {**variables["mail_toy"], "sign_in": str(folder / "signed-in")}}
        for host in (*HOSTS, WAITING):
            (folder / host).write_text(FOREIGN)
        arguments = (
            "--limit", ",".join((*HOSTS, WAITING)), "--diff", "-e", f"mail_report_file={folder / 'report.md'}",
            *estate.hosts(toy_1=variables, toy_2=variables, toy_3=waiting),
        )
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(collection(folder / "collections")),
            "AZURE_AUTHORITY_HOST": env["AZURE_AUTHORITY_HOST"], "MAILOPS_CA_FILE": str(trusted),
        }
        before = estate.footprint()
        predicted = estate.set_up(*arguments, "--check", **environment)
        untouched = list(service.asked)
        first = estate.set_up(*arguments, **environment)
        second = estate.set_up(*arguments, **environment)
        report = (folder / "report.md").read_text()
        verified = estate.set_up(*arguments, playbook="verify_mail", **environment)
        (folder / "signed-in").write_text("hello")
        signed_in = estate.set_up(*arguments, **environment)
        held, mode, asked = json.loads(store.read_text()), stat.S_IMODE(store.stat().st_mode), list(service.asked)
        removed = estate.set_up(*arguments, playbook="remove_mail", **environment)
        assert untouched == []
        tenant = (before, estate.footprint())
    return Played(
        service, folder, predicted, first, second, verified, signed_in, report, held, mode, asked, removed, tenant
    )


def test_a_product_of_one_file_is_set_up_and_proven(played: Played) -> None:
    assert played.first.code == 0, played.first.output
    assert played.first.table == {
        host: {
            "environment": "test", "product": "toy", "application": "Toys", "permissions granted": "play",
            "sent through": "smtp (basic)", "received through": "imap (oauth2)", "to do": "restart the product",
            "result": "delivered",
        }
        for host in HOSTS
    } | {
        WAITING: {
            "environment": "test", "product": "toy", "application": "Toys", "permissions granted": "play",
            "to do": "restart the product", "result": "authorization required",
        },
    }
    assert (played.second.code, played.second.changed) == (0, 0), played.second.output
    assert played.second.results == played.first.results


def test_a_kind_of_target_of_one_file_says_who_has_to_sign_in(played: Played) -> None:
    sentence = SENTENCE.format(played.folder / "signed-in")
    for run in (played.first, played.second, played.verified):
        # It is no failure: the others go on, and are delivered.
        assert (run.code, run.failed) == (0, []), run.output
        assert run.results == {**dict.fromkeys(HOSTS, "delivered"), WAITING: "authorization required"}
        assert sentence in re.sub(r"\s+", " ", " ".join(run.report))
    assert f"- {sentence}\n" in played.report
    assert f"| {WAITING} | contracts-test@contoso.example to probe@contoso.example |  | authorization required |" in (
        played.report
    )
    # It is configured all the same, so that nothing but the sign-in is missing.
    assert (played.folder / WAITING).read_text() == (played.folder / HOSTS[0]).read_text()


def test_the_next_run_sees_that_somebody_has_signed_in(played: Played) -> None:
    assert (played.signed_in.code, played.signed_in.changed) == (0, 0), played.signed_in.output
    assert played.signed_in.results == dict.fromkeys((*HOSTS, WAITING), "delivered")
    assert not any("authorization required" in line for line in played.signed_in.report)


def test_a_format_of_one_file_is_written_as_its_reader_reads_it(played: Played) -> None:
    for host in HOSTS:
        assert (played.folder / host).read_text() == (
            f"{FOREIGN}server: 127.0.0.1\nuser: {played.service.user}\nsecret: {played.service.password}\n"
        )
    assert "secret: (hidden)" in played.first.output
    assert played.service.password not in played.first.output


def test_a_store_of_one_file_keeps_the_credential(played: Played) -> None:
    assert played.store["toys"]["current"]["secret_text"] == played.service.password
    assert played.mode == 0o600


def test_a_token_source_of_one_file_is_found_by_its_name(played: Played) -> None:
    # The prediction, three runs and the removal; the last one looks first.
    assert played.service.tokens == [f"token {number} for play" for number in range(6)]


def test_an_identity_of_one_file_is_asked_once(played: Played) -> None:
    assert played.predicted.code == 0, played.predicted.output
    assert played.predicted.results == {**dict.fromkeys(HOSTS, "predicted"), WAITING: "authorization required"}
    assert played.asked == [("POST", "/applications/toys")]
    assert played.removed.code == 0, played.removed.output
    assert played.removed.results == dict.fromkeys((*HOSTS, WAITING), "removed")
    assert played.service.asked[1:] == [("DELETE", "/applications/toys")]
    # The tenant has nothing to do with it.
    before, after = played.tenant
    assert after.objects("applications") == before.objects("applications")
