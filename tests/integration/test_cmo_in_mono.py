# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Mono reads of each combination what CMO's vendor says, whatever the same file was told before."""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import make
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_keys import read
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import web_config
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.products.cmo_combinations import (
    WEB_CONFIG,
    allowed,
    value_of,
)
from mono import Mono

FOREIGN = {"ASPNET:MAXJSONDESERIALIZERMEMBERS": "2000"}
BEFORE = b"""<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <appSettings>
    <add key="mail.sending.smtp.password" value="old" />
    <add key="Mail.NewAction.EmailClient.Password" value="older" />
    <add key="aspnet:MaxJsonDeserializerMembers" value="2000" />
  </appSettings>
</configuration>
"""


def test_from_each_combination_to_the_next_nothing_stays_behind(mono: Mono) -> None:
    content, left = BEFORE, {"Mail.NewAction.EmailClient.Password": "older"}
    for combination in allowed():
        [settings] = [
            target["settings"] for target in make(combination.variables())["targets"] if target["path"] == WEB_CONFIG
        ]
        filled = fill(settings, value_of)
        content = web_config.render(content, filled)
        # What may be MAPI's is left as it was.
        stands = {key: value for key, value in {**left, **filled}.items() if value is not None}
        left = {key: value for key, value in stands.items() if key.endswith((".Server", ".Login", ".Password"))}
        found = mono.read(content)
        assert found == {**FOREIGN, **{key.upper(): value for key, value in stands.items()}}, combination
        assert read(found) == combination.effective(), combination
        assert web_config.render(content, filled) == content
