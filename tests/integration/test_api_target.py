# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_targets with an object behind a REST API; judged by what the API was asked for and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_stand_in import Api, serving
from playbook_runner import play
from targets_world import APPLICATION, SECRET, World

PASSWORD = "smtp~pass-word"
VARIABLES = {"mail_send": {"password": PASSWORD}, "mail_api": {"password": "api~pass-word"}}
FOREIGN = {"theme": "dark", "limits": {"size": 10}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Api, Path]]:
    with serving(tmp_path, {**FOREIGN, "server": "old.example", "tls": {"mode": "none", "check": True}}) as api:
        yield api


def target(api: Api, trusted: Path | None, **more: Any) -> dict[str, Any]:
    settings = {"server": "smtp.example", "tls": {"mode": "starttls"}, "password": {"secret": "mail_send.password"}}
    return {
        "kind": "api_object", "url": api.url, "settings": settings, "secret_fields": ["password"],
        "authentication": {"username": "admin", "password": {"secret": "mail_api.password"}},
        **({"ca_path": str(trusted)} if trusted else {}), **more,
    }


def test_four_runs_and_a_rotated_secret(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    hosts = {"server": {"targets": [target(api, trusted)]}}
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.configure(hosts, "--diff", "-vvv", *arguments, variables=VARIABLES)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert done.last()["targets"] == [{"name": api.url, "changed": changed}]
        assert not any(secret in done.output for secret in (PASSWORD, "api~pass-word"))
        if changed:
            assert "(secret, new)" in done.output
            assert '"server": "smtp.example"' in done.output
    assert api.changes() == [
        ("PATCH", {"server": "smtp.example", "tls": {"mode": "starttls"}, "password": PASSWORD}),
    ]
    assert api.settings == {
        **FOREIGN, "server": "smtp.example", "tls": {"mode": "starttls", "check": True}, "password": PASSWORD,
    }

    rotated = {**VARIABLES, "mail_send": {"password": "another~pass-word"}}
    assert world.configure(hosts, variables=rotated).last()["changed"] is True
    assert api.settings["password"] == "another~pass-word"
    assert api.changes()[-1] == ("PATCH", {"password": "another~pass-word"})
    assert world.configure(hosts, variables=rotated).last()["changed"] is False
    assert list(world.stored()["fingerprints"]["server"]) == [api.url]
    assert "another" not in str(world.stored())


def test_a_missing_object_is_made_where_that_is_allowed(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    api.settings = None
    refused = world.configure({"server": {"targets": [target(api, trusted)]}}, "--check", variables=VARIABLES)
    assert "there is no such object. Check the address, or set create_url." in refused.last()["msg"]
    hosts = {"server": {"targets": [target(api, trusted, create_url=api.url.replace("/mail", "/collection"))]}}
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is True
    assert api.settings == {"server": "smtp.example", "tls": {"mode": "starttls"}, "password": PASSWORD}
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is False


def test_put_sends_the_whole_object(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    done = world.configure({"server": {"targets": [target(api, trusted, update="PUT")]}}, variables=VARIABLES)
    assert done.code == 0, done.output
    assert api.settings == {
        **FOREIGN, "server": "smtp.example", "tls": {"mode": "starttls", "check": True}, "password": PASSWORD,
    }


def test_what_cannot_be_done_is_found_in_the_preflight(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    wrong = {**VARIABLES, "mail_api": {"password": "wrong~pass-word"}}
    for plan, variables, words in (
        (target(api, None), VARIABLES, "CERTIFICATE_VERIFY_FAILED"),
        (target(api, trusted), wrong, "was answered with 401"),
        (target(api, trusted, url="https://127.0.0.1:9/x", timeout=2), VARIABLES, "got no answer"),
        (target(api, trusted, url=api.url.replace("https", "http")), VARIABLES, "is no address that starts with https"),
        (target(api, trusted), {**VARIABLES, "mail_send": {}}, "mail_send.password: is not set"),
        (target(api, trusted), {**VARIABLES, "mail_send": {"password": 1234}}, "mail_send.password: is no text"),
    ):
        done = world.configure({"server": {"targets": [plan]}}, "--check", variables=variables)
        assert done.code == 2
        assert words in done.last()["msg"]
        assert "~pass-word" not in done.output
    assert all(method == "GET" for method, _body in api.log)


def test_a_refused_change_is_told_without_the_secrets_that_the_answer_repeats(
    world: World, served: tuple[Api, Path]
) -> None:
    api, trusted = served
    plan = target(api, trusted)
    plan["settings"]["server"] = "refused"
    done = world.configure({"server": {"targets": [plan]}}, variables=VARIABLES)
    assert "was answered with 422" in done.last()["msg"]
    assert "no such server" in done.last()["msg"]
    assert PASSWORD not in done.output


def test_what_is_found_may_deserve_a_warning(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    remarks = [{"field": "server", "pattern": "^old", "words": "its server is an old one."}]
    hosts = {"server": {"targets": [target(api, trusted, remarks=remarks)]}}
    for is_old in (True, False):
        said = " ".join(world.configure(hosts, variables=VARIABLES).output.split())
        assert (f"{api.url}: its server is an old one." in said) is is_old, said


def provider(api: Api, trusted: Path, name: str, **more: Any) -> dict[str, Any]:
    return {
        **target(api, trusted), "url": f"{api.root}/providers", "name": f"provider {name}", "update": "PUT",
        "listed": {"rows": "rows", "id": "id", "by": {"name": name}},
        "settings": {"tenant": "t-1", "clientSecret": {"secret": "client_secret"}}, "secret_fields": ["clientSecret"],
        **more,
    }


def test_a_row_of_a_list_and_an_object_that_refers_to_it(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    api.providers = [{"id": number, "name": f"other {number}"} for number in (1, 2, 3, 4, 5)]
    of_provider = {"object": "provider A", "field": "id"}
    mail = target(api, trusted, settings={"server": "smtp.example", "provider": of_provider})
    hosts = {"server": {"targets": [provider(api, trusted, "A"), mail]}}
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.configure(hosts, "--diff", "-vvv", *arguments, variables=VARIABLES)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert SECRET not in done.output
        if arguments and changed:
            assert "(known once provider A is made)" in done.output
    made = {"name": "A", "tenant": "t-1", "clientSecret": SECRET}
    assert api.changes() == [("POST", made), ("PATCH", {"server": "smtp.example", "provider": 6})]
    assert api.providers[5] == {"id": 6, **made}

    world.keep("key-2", "another~secret")
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is True
    assert api.changes()[-1] == ("PUT", {"id": 6, **made, "clientSecret": "another~secret"})
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is False


def test_a_list_with_two_that_match_is_left_alone(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    api.providers = [{"id": 7, "name": "A"}, {"id": 8, "name": "B"}, {"id": 9, "name": "A"}]
    done = world.configure({"server": {"targets": [provider(api, trusted, "A")]}}, variables=VARIABLES)
    assert f"{api.root}/providers has 2 rows with name 'A': 7, 9." in done.last()["msg"]
    assert api.changes() == []


def waiting(api: Api, trusted: Path) -> dict[str, Any]:
    return target(
        api, trusted, name="the port", activate={"url": f"{api.url}/enable", "field": "enabled"},
        sign_in={
            "what": "the port", "account": "a@contoso.example", "do": "Open https://is.example and sign in.",
            "field": "enabled", "since_field": "usedAt",
        },
    )


def test_an_object_waits_for_its_person(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    hosts = {"server": {"targets": [waiting(api, trusted)]}}
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.configure(hosts, *arguments, variables=VARIABLES).last()
        assert done["changed"] is changed
        [required] = done["authorization_required"]
        assert required["account"] == "a@contoso.example"
        assert required["do"].startswith("Open https://is.example and sign in.")
        assert ("There is no refresh token yet." in required["do"]) is (not arguments)
    assert "enabled" not in api.settings

    api.signed_in = True
    done = world.configure(hosts, "--diff", variables=VARIABLES)
    assert done.last()["changed"] is True
    assert '"enabled": true' in done.output
    assert api.settings["enabled"] is True
    api.settings["usedAt"] = "2026-11-28T22:00:00.000+01:00"
    done = world.configure(hosts, variables=VARIABLES).last()
    assert done["changed"] is False
    assert "authorization_required" not in done
    [sign_in] = done["sign_ins"]
    assert (sign_in["where"], sign_in["since"], sign_in["do"]) == ("the port", "2026-11-28T21:00:00Z", None)


def test_without_a_person_a_refused_activation_is_a_failure(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    plan = {name: value for name, value in waiting(api, trusted).items() if name != "sign_in"}
    done = world.configure({"server": {"targets": [plan]}}, variables=VARIABLES)
    assert done.code == 2
    assert "There is no refresh token yet." in done.last()["msg"]


def test_fields_that_the_server_does_not_know_are_refused(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    plan = target(
        api, trusted, described_at={"url": f"{api.root}/description", "format": "openapi", "object": "Mail"},
        undescribed_remedy="Install Core Fix 7.",
    )
    hosts = {"server": {"targets": [plan]}}
    for described, words in (
        (None, "cannot be read (404)"),
        (["server", "tls"], "the server does not know password, by its description of itself at"),
    ):
        api.described = described
        done = world.configure(hosts, variables=VARIABLES)
        assert words in done.last()["msg"]
    assert "Install Core Fix 7." in done.last()["remedy"]
    assert api.changes() == []
    api.described = ["server", "tls", "password"]
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is True
    # Where nothing has to be written nobody wants to know.
    api.described = None
    assert world.configure(hosts, variables=VARIABLES).last()["changed"] is False


def test_what_changes_behind_the_api_restarts_nothing(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    file = world.home() / "environment"
    restarted = world.folder / "restarted"
    targets = [target(api, trusted), {"kind": "file", "path": str(file), "format": "environment", "create": True,
                                      "settings": {"LEVEL": "DEBUG"}}]
    command = ["touch", str(restarted)]
    hosts = {"server": {"targets": targets[:1], "restart_command": command}}
    done = world.configure(hosts, variables=VARIABLES)
    assert (done.last()["changed"], done.last()["restart"]) == (True, "none"), done.output
    assert not restarted.exists()
    done = world.configure({"server": {"targets": targets, "restart_command": command}}, variables=VARIABLES)
    assert (done.last()["changed"], done.last()["restart"]) == (True, "done"), done.output
    assert restarted.exists()


def test_for_a_report_nothing_is_looked_at_but_where_people_sign_in(world: World, served: tuple[Api, Path]) -> None:
    api, trusted = served
    api.settings.update({"enabled": True, "usedAt": "2026-11-28T21:00:00Z"})
    mail = waiting(api, trusted)
    mail["settings"]["provider"] = {"object": "provider A", "field": "id"}
    file = {"kind": "file", "format": "environment", "path": "/nowhere", "settings": {}}
    plan = {
        "targets": [file, provider(api, trusted, "A"), mail], "applications": [APPLICATION], "store": world.store,
        "encryption": {}, "loads": [], "restart_command": [], "backup": False,
    }
    look = {"name": "mailops.modern_auth.mail_provider", "tasks_from": "sign_ins", "rolespec_validate": False}
    hosts = {
        "server": {"__mail_plan": {"hosts": {"server": plan}}, **VARIABLES},
        "other": {"__mail_plan": {"hosts": {"other": {**plan, "targets": [file]}}}},
    }
    done = play(world.folder, [{"ansible.builtin.import_role": look}], hosts=hosts)
    assert done.code == 0, done.output
    [sign_in] = done.last()["sign_ins"]
    assert (sign_in["where"], sign_in["since"], sign_in["do"]) == ("the port", "2026-11-28T21:00:00Z", None)
    assert "other" not in done.results
    assert api.changes() == []
