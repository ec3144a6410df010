# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator says of the caller and the reader, and how they sign in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import CALLER, READER, parties
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.trusts import Trust
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Table

SPEC = Path(__file__).parents[5] / "roles/mail_bootstrap/meta/argument_specs.yml"
ENTERPRISE_SERVER = "https://git.contoso.example/_services/token"
MACHINE = "00000000-1111-2222-3333-444444444444"


@pytest.mark.parametrize(("given", "trusted"), [
    ({}, None),
    (
        {"github": {"repository": "contoso/mail", "environment": "production"}},
        Trust("github", "https://token.actions.githubusercontent.com", "repo:contoso/mail:environment:production"),
    ),
    (
        {"github": {"repository": "contoso@1/mail@2", "branch": "main", "issuer": ENTERPRISE_SERVER}},
        Trust("github", ENTERPRISE_SERVER, "repo:contoso@1/mail@2:ref:refs/heads/main"),
    ),
    (
        {"gitlab": {"project": "contoso/mail", "branch": "main"}},
        Trust("gitlab", "https://gitlab.com", "project_path:contoso/mail:ref_type:branch:ref:main"),
    ),
    (
        {"azure_devops": {"issuer": "https://login.microsoftonline.com/t/v2.0", "subject": "/eid1/c/pub/t/x"}},
        Trust("azure-devops", "https://login.microsoftonline.com/t/v2.0", "/eid1/c/pub/t/x"),
    ),
    (
        {"awx": {
            "url": "https://aap.contoso.example/", "organization": "Mail", "job_template": "Night", "audience": "x",
        }},
        Trust(
            "awx", "https://aap.contoso.example/o",
            "workload_type:aap_controller_automation_job:organization:Mail:job_template:Night", "x",
        ),
    ),
    (
        {"federated": {"issuer": "https://i.example", "subject": "s"}}, Trust("federated", "https://i.example", "s"),
    ),
])
def test_whose_tokens_are_taken(given: dict[str, Any], trusted: Trust | None) -> None:
    caller, reader = parties(given, {})
    assert caller.trust == reader.trust == trusted
    assert caller.managed_identity is None


def test_a_managed_identity_is_the_callers_alone() -> None:
    caller, reader = parties({"managed_identity": MACHINE}, {"unique_name": "reader"})
    assert (caller.managed_identity, reader.managed_identity) == (MACHINE, None)
    assert (caller.has_certificate, reader.has_certificate) == (False, True)
    assert reader.certificate_path == "~/.mailops/reader.pem"
    assert reader.certificate_file == Path.home() / ".mailops/reader.pem"


def test_the_reader_may_have_a_credential_of_its_own() -> None:
    given = {"federated": {"issuer": "https://i.example", "subject": "s"}}
    assert [one.has_certificate for one in parties(given, {"certificate_path": "r.pem"})] == [False, True]
    caller, reader = parties(given, {"secret_path": "~/r.json"})
    assert (caller.secret_file, reader.secret_file, reader.trust) == (None, Path.home() / "r.json", None)


@pytest.mark.parametrize(("caller", "reader", "said"), [
    ({"gitub": {}}, {}, "mail_caller.gitub: unknown; did you mean github?"),
    ({}, {"github": {}}, "mail_reader.github: unknown"),
    ({"github": {"repository": "x/y"}}, {}, "mail_caller.github.environment: is required, or mail_caller.github.b"),
    (
        {"github": {"repository": "x/y", "branch": "b", "environment": "e"}}, {},
        "mail_caller.github.environment: is required, or mail_caller.github.branch, and not both",
    ),
    ({"gitlab": {"project": "x"}}, {}, "mail_caller.gitlab.branch: is required"),
    (
        {"managed_identity": MACHINE, "federated": {"issuer": "i", "subject": "s"}}, {},
        "mail_caller.managed_identity: excludes mail_caller.federated",
    ),
    ({"secret_path": "s", "certificate_path": "c"}, {}, "mail_caller.certificate_path: excludes mail_caller.secret"),
    ({}, {"secret_path": "s", "certificate_path": "c"}, "mail_reader.secret_path: excludes"),
    ({"managed_identity": "the machine"}, {}, "mail_caller.managed_identity: 'the machine' is no GUID"),
])
def test_what_makes_no_sense_is_refused_with_its_place(caller: Any, reader: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parties(caller, reader)
    assert said in refused.value.message


def test_the_roles_options_are_the_tables() -> None:
    options = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    for name, table in (("mail_caller", CALLER), ("mail_reader", READER)):
        assert documented(options[name]["options"]) == known(table)


def documented(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (option.get("required", False), documented(option["options"]) if "options" in option else None)
        for name, option in options.items()
    }


def known(table: Table) -> dict[str, Any]:
    return {name: (key.required, None if key.keys is None else known(key.keys)) for name, key in table.items()}
