# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A credentials report as metrics, read by Prometheus' own parser."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.metrics import metrics
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._prometheus import seconds
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    APP_ID,
    VALUE,
    application,
    credential,
    report_of,
    slot,
    stamp,
    world,
)
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

CURRENT = {"application": "Contracts mail", "environment": "prod", "app_id": APP_ID, "kind": "secret"}


def read(text: str) -> dict[str, Metric]:
    return {one.name: one for one in text_string_to_metric_families(text)}


def test_every_credential_has_its_end_and_the_current_one_its_replacement() -> None:
    told = metrics(report_of(
        {"current": slot("c", 40), "previous": slot("p", 9, remove_after=stamp(3))}, credential("c", 40),
        credential("p", 9), credential("forever", 0, None) | {"end": None, "days_left": None, "status": "ok"},
    ))
    families = read(told)
    ends = {one.labels["key_id"]: one.value for one in families["mailops_credential_expiry_timestamp_seconds"].samples}
    assert ends == {"c": seconds(stamp(40)), "p": seconds(stamp(9))}
    [replaced] = families["mailops_credential_replacement_timestamp_seconds"].samples
    assert replaced.labels == {**CURRENT, "key_id": "c", "slot": "current", "origin": "store"}
    assert replaced.value == seconds(stamp(10))
    assert [one.value for one in families["mailops_application_state"].samples] == [0]
    assert [one.value for one in families["mailops_credentials_report_timestamp_seconds"].samples] == [
        seconds(stamp(0)),
    ]
    assert {one.type for one in families.values()} == {"gauge"}
    assert VALUE not in told


def test_what_is_unused_and_who_has_to_sign_in() -> None:
    sign_ins = [asdict(SignIn("the port", where, "a@x.example", do)) for where, do in (("x", "Click."), ("y", None))]
    unused = {"unique_name": "old", "environment": "test", "told": "It is."}
    families = read(metrics(report(**{**world({}, application()), "sign_ins": {"is-1": sign_ins}, "unused": [unused]})))
    assert [(one.labels["where"], one.value) for one in families["mailops_sign_in_required"].samples] == [
        ("x", 1), ("y", 0),
    ]
    [sample] = families["mailops_application_unused"].samples
    assert (sample.labels, sample.value) == ({"application": "old", "environment": "test"}, 1)


@given(st.text(min_size=1))
@example('\\n"}\n\\')
def test_a_label_is_whatever_the_name_is(name: str) -> None:
    [sample] = read(metrics(report(**world({}, name=name))))["mailops_application_state"].samples
    assert sample.labels["application"] == name


def test_nothing_was_asked_for() -> None:
    assert metrics({"moment": None, "applications": [], "sign_ins": [], "unused": []}) == ""
