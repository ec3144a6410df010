# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who has to sign in so that a run's mails can be proven: whoever's token a check refers to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import ENDPOINT_OPTIONS
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import references


def sign_ins_of(
    deliveries: Sequence[Mapping[str, Any]], applications: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each sign-in once, as options of the module oauth_sign_in, and the hosts that it is for.

    :param deliveries, applications: those of the run, see estate.py.
    """
    by_name = {one["name"]: one for one in applications}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for check in deliveries:
        for one in references(check):
            name = one.application or check["application"]
            if one.kind != "token" or name not in by_name:
                continue
            sign_in = found.setdefault((str(name), str(one.account)), {
                "unique_name": by_name[name]["unique_name"], "account": one.account, "scopes": [],
                "store": by_name[name]["store"], "hosts": [],
                **{option: check[option] for option in ENDPOINT_OPTIONS if option in check},
            })
            sign_in["scopes"] += [one.name] if one.name not in sign_in["scopes"] else []
            sign_in["hosts"] += [check["host"]] if check["host"] not in sign_in["hosts"] else []
    return list(found.values())
