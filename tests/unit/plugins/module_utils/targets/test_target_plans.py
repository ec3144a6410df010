# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Plans of targets that somebody has written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds import (
    api_object,
    file,
    key_file,
    token_cache,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.plans import target

URL = "https://api.example/mail"
LISTED = {"rows": None, "id": "id", "by": {"name": "A"}}
SIGN_IN = {"what": "the port", "account": "a@contoso.example", "do": "Click.", "field": "enabled"}
TARGETS = [
    api_object.ApiObject(URL, {"a": {"b": 1}}),
    api_object.ApiObject(
        URL, {}, "name", ["a"], "PUT", listed=LISTED, activate={"url": URL, "field": "on"},
        sign_in={**SIGN_IN, "since_field": "at"}, described_at={"url": URL, "format": "apidoc", "object": "/api"},
        remarks=[{"field": "a", "pattern": "x", "words": "It is x."}],
    ),
    file.File("/etc/mail", "environment", {"A": "b"}),
    token_cache.TokenCache(r"C:\cmo.dat", "a@contoso.example", "tool.exe"),
]


@pytest.mark.parametrize("one", TARGETS)
def test_a_target_is_what_its_plan_says(one: Any) -> None:
    plan = one.plan()
    kind = {"api_object": api_object, "file": file, "token_cache": token_cache}[plan["kind"]]
    assert target(kind, plan, "targets[0]") == one


@pytest.mark.parametrize(("kind", "plan", "words"), [
    (api_object, {"url": URL}, "targets[3].settings: is required."),
    (api_object, {"url": URL, "settings": {}, "sign_inn": 1}, "targets[3].sign_inn: is no option; did you mean sign_"),
    (api_object, {"url": URL, "settings": {}, "update": "POST"}, "targets[3].update: 'POST' is not one of PATCH, PUT."),
    (api_object, {"url": URL, "settings": {}, "listed": {**LISTED, "row": 1}}, "targets[3].listed.row: is no option"),
    (
        api_object, {"url": URL, "settings": {}, "listed": {"rows": None, "id": "id"}},
        "targets[3].listed.by: is required.",
    ),
    (api_object, {"url": URL, "settings": {}, "sign_in": "me"}, "targets[3].sign_in: is no dictionary."),
    (
        api_object, {"url": URL, "settings": {}, "sign_in": {**SIGN_IN, "since": "at"}},
        "targets[3].sign_in.since: is no option; did you mean since_field?",
    ),
    (api_object, {"url": URL, "settings": {}, "remarks": {"field": "a"}}, "targets[3].remarks: is no list."),
    (
        api_object, {"url": URL, "settings": {}, "remarks": [{"field": "a", "pattern": "x"}]},
        "targets[3].remarks[0].words: is required.",
    ),
    (file, {"path": "/a", "settings": {}}, "targets[3].format: is required."),
    (key_file, {"paht": "/a"}, "targets[3].paht: is no option; did you mean path?"),
])
def test_options_that_are_wrong_or_missing(kind: Any, plan: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refused:
        target(kind, plan, "targets[3]")
    assert refused.value.message.startswith(words)
