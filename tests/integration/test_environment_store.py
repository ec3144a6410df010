# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store that only reads environment variables, as a product on its server gets its credentials from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import Outcome
from targets_world import KEYS, World, ici, ici_reads

SECRET = "s3cret-of-the-pipeline"
PREFIX = "MAILOPS_CONTRACTS_MAIL_TEST"


def configure(world: World, *arguments: str, environment: dict[str, str], **more: Any) -> Outcome:
    options = {
        **ici(world.home(), **more), "store": {"kind": "environment", "tenant_id": "t"},
        "applications": [{"unique_name": "contracts-mail.test", "name": "contracts"}],
    }
    return world.configure({"server": options}, "-vvv", "--diff", *arguments, environment=environment)


def test_the_product_gets_what_the_variables_of_its_application_say(tmp_path: Path) -> None:
    world = World(tmp_path)
    given = {f"{PREFIX}_CLIENT_ID": "c", f"{PREFIX}_CLIENT_SECRET": SECRET}
    for changed in (True, False):
        done = configure(world, environment=given)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert SECRET not in done.output
    read = ici_reads(world.home())
    assert {name: read[name] for name in ("TenantId", "ClientId", "ClientSecret")} == {
        "TenantId": "t", "ClientId": "c", "ClientSecret": SECRET,
    }


@pytest.mark.parametrize(("given", "more", "words"), [
    (
        {f"{PREFIX}_CLIENT_ID": "c"}, {},
        f"lacks {PREFIX}_CLIENT_SECRET. Set what the application 'contracts-mail.test'",
    ),
    # What the product's own tool has made would have to be kept.
    (
        {f"{PREFIX}_CLIENT_ID": "c", f"{PREFIX}_CLIENT_SECRET": SECRET},
        {"secret": "encrypted_client_secret", "encryption": {"command": [sys.executable, "-c", "print('made')"]}},
        "Let mail_store_kind be ansible_vault, hashi_vault or azure_keyvault",
    ),
])
def test_what_it_refuses(tmp_path: Path, given: dict[str, str], more: dict[str, Any], words: str) -> None:
    world = World(tmp_path)
    done = configure(world, environment=given, **more)
    assert done.code == 2
    assert words in done.last()["msg"]
    assert SECRET not in done.output
    assert (world.home() / "ConfigurationKeys.json").read_bytes() == KEYS
