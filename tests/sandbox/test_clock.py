"""The tenant's clock: whatever the service judges or writes follows it, on every face."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import jwt
import msal
import pytest
import requests
from graph_client import ALL, GRAPH, Graph, body, refusal
from mail_client import PROBE, imap, mail_app, messages_in
from sandbox_fixture import ControlRefused, RunningSandbox, run_cli

DAY = 86400


def turn(sandbox: RunningSandbox, days: float) -> datetime:
    """Turn the clock; gives back the moment that it shows then."""
    shown = sandbox.control("PUT", "/clock", {"offset_seconds": days * DAY})
    assert shown["offset_seconds"] == days * DAY
    return datetime.fromisoformat(shown["moment"])


def near(moment: datetime, expected: datetime) -> bool:
    """Within the minute that a slow machine may take."""
    return abs(moment - expected) < timedelta(seconds=60)


def msal_answer(sandbox: RunningSandbox, client_id: str, credential: Any) -> dict[str, Any]:
    """What msal gets, with an empty cache."""
    env = sandbox.env
    http = requests.Session()
    http.verify, http.trust_env = sandbox.ca, False
    client = msal.ConfidentialClientApplication(
        client_id, client_credential=credential, instance_discovery=False, http_client=http,
        authority=f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}",
    )
    answer: dict[str, Any] = client.acquire_token_for_client([f"{GRAPH}/.default"])
    return answer


def test_it_shows_the_machines_time_until_it_is_turned(clean: RunningSandbox) -> None:
    shown = clean.control("GET", "/clock")
    assert shown["offset_seconds"] == 0
    assert near(datetime.fromisoformat(shown["moment"]), datetime.now(UTC))


def test_it_is_set_to_a_moment(clean: RunningSandbox) -> None:
    wanted = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
    clean.control("PUT", "/clock", {"moment": "2031-02-03T05:05:00+01:00"})
    assert near(datetime.fromisoformat(clean.control("GET", "/clock")["moment"]), wanted)


@pytest.mark.parametrize(("wanted", "words"), [
    ({}, "either offset_seconds or moment"),
    ({"offset_seconds": 1, "moment": "2031-02-03T04:05:00Z"}, "either offset_seconds or moment"),
    ({"offset_seconds": "1"}, "offset_seconds must be an integer or a number"),
    ({"offset_seconds": 1e12}, "18250 days either way"),
    ({"offset_seconds": float("nan")}, "the body must be JSON"),
    ({"moment": "2031-02-03T04:05:00"}, "moment needs a time zone"),
    ({"moment": "tomorrow"}, "Invalid isoformat string"),
])
def test_a_turn_that_makes_no_sense_is_refused(clean: RunningSandbox, wanted: Any, words: str) -> None:
    with pytest.raises(ControlRefused) as caught:
        clean.control("PUT", "/clock", wanted)
    assert (caught.value.status, words in caught.value.body["error"]) == (400, True)
    assert clean.control("GET", "/clock")["offset_seconds"] == 0


def test_a_secret_is_judged_by_it_in_both_directions(clean: RunningSandbox) -> None:
    made = clean.control("POST", "/tenant/applications", {"displayName": "Dated", "secret": True})
    turn(clean, 729)
    assert "access_token" in msal_answer(clean, made["appId"], made["secret"])
    turn(clean, 731)
    assert msal_answer(clean, made["appId"], made["secret"])["error_codes"] == [7000222]
    turn(clean, -1)
    assert msal_answer(clean, made["appId"], made["secret"])["error_codes"] == [7000215]
    turn(clean, 0)
    assert "access_token" in msal_answer(clean, made["appId"], made["secret"])


def test_tokens_live_by_it(clean: RunningSandbox) -> None:
    moment = turn(clean, 400)
    with Graph(clean, *ALL) as graph:
        assert graph.get("/organization").status_code == 200
        claims = jwt.decode(graph.headers["authorization"].split()[1], options={"verify_signature": False})
        assert near(datetime.fromtimestamp(claims["iat"] + 300, UTC), moment)
        assert claims["nbf"] == claims["iat"]
        for days in (401, 399):
            turn(clean, days)
            assert refusal(graph.get("/organization")) == (
                401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
            )


def test_what_graph_writes_is_dated_by_it(clean: RunningSandbox) -> None:
    moment = turn(clean, 1000)
    with Graph(clean, *ALL) as graph:
        application = graph.application()
        secret = body(graph.post(f"/applications/{application['id']}/addPassword", json={}))
        error = graph.get("/applications/none").json()["error"]
    assert near(datetime.fromisoformat(application["createdDateTime"]), moment)
    assert near(datetime.fromisoformat(secret["startDateTime"]), moment)
    assert near(datetime.fromisoformat(secret["endDateTime"]), moment + timedelta(days=730))
    assert near(datetime.fromisoformat(error["innerError"]["date"]).replace(tzinfo=UTC), moment)


def test_mail_is_dated_by_it(clean: RunningSandbox) -> None:
    moment = turn(clean, 700)
    with Graph(clean, "Mail.Send", "Mail.Read") as graph:
        sent = graph.post(f"/users/{PROBE}/sendMail", json={"message": {
            "subject": "Dated", "body": {"contentType": "Text", "content": "x"},
            "toRecipients": [{"emailAddress": {"address": PROBE}}],
        }})
        assert sent.status_code == 202
        [shown] = graph.values(f"/users/{PROBE}/mailFolders/inbox/messages")
    assert near(datetime.fromisoformat(shown["receivedDateTime"]), moment)
    assert near(datetime.fromisoformat(shown["sentDateTime"]), moment)
    with imap(clean, mail_app(clean, PROBE), PROBE) as client:
        [received] = messages_in(client)
    parsed = message_from_bytes(received)
    hops = [field.rpartition(";")[2] for field in parsed.get_all("Received")]
    assert [near(parsedate_to_datetime(date), moment) for date in (parsed["Date"], *hops)] == [True, True, True]


@pytest.mark.parametrize("face", ["AZURE_AUTHORITY_HOST", "MAILOPS_GRAPH_ENDPOINT", "MAILOPS_EXCHANGE_ENDPOINT"])
def test_every_answer_of_microsofts_faces_carries_its_date_once(clean: RunningSandbox, face: str) -> None:
    with httpx.Client(base_url=clean.env[face], verify=clean.tls, trust_env=False) as client:
        for days in (500, 0, -500):
            moment = turn(clean, days)
            dates = client.get("/v1.0/organization").headers.get_list("date")
            assert [near(parsedate_to_datetime(date), moment) for date in dates] == [True]


def test_a_fault_is_dated_by_it_too(clean: RunningSandbox) -> None:
    moment = turn(clean, 500)
    clean.control("POST", "/faults", {"face": "graph", "kind": "throttle", "retry_after": "1"})
    with Graph(clean, *ALL) as graph:
        answer = graph.get("/organization")
    assert answer.status_code == 429
    assert near(parsedate_to_datetime(answer.headers["date"]), moment)
    assert near(datetime.fromisoformat(answer.json()["error"]["innerError"]["date"]).replace(tzinfo=UTC), moment)


def test_the_sandbox_itself_and_the_windows_host_keep_the_machines_date(clean: RunningSandbox) -> None:
    turn(clean, 500)
    for url in (clean.env["M365_SANDBOX_CONTROL_URL"], f"https://127.0.0.1:{clean.env['M365_SANDBOX_WINRM_PORT']}"):
        answer = httpx.get(f"{url}/clock", verify=clean.tls, trust_env=False)
        assert near(parsedate_to_datetime(answer.headers["date"]), datetime.now(UTC))


def test_replication_lag_keeps_the_machines_clock(clean: RunningSandbox) -> None:
    clean.control("POST", "/faults", {"face": "graph", "kind": "replication_lag", "seconds": 30, "methods": ["GET"]})
    with Graph(clean, *ALL) as graph:
        application = graph.application()
        turn(clean, 0.01)
        assert graph.get(f"/applications/{application['id']}").status_code == 404


def test_it_survives_a_restart_and_ends_with_a_reset(clean: RunningSandbox) -> None:
    moment = turn(clean, 300)
    assert run_cli("stop", clean.directory).returncode == 0
    assert run_cli("start", clean.directory).returncode == 0
    assert near(datetime.fromisoformat(clean.control("GET", "/clock")["moment"]), moment)
    with Graph(clean, *ALL) as graph:
        assert near(datetime.fromisoformat(graph.application()["createdDateTime"]), moment)
    clean.control("POST", "/reset")
    assert clean.control("GET", "/clock")["offset_seconds"] == 0
    assert json.loads((clean.directory / "state.json").read_text())["clock"] == {"offset_seconds": 0}


def test_the_command_shows_and_turns_it(clean: RunningSandbox) -> None:
    assert "(+0 s from the machine's clock)" in run_cli("clock", clean.directory).stdout
    assert "(+86400 s from" in run_cli("clock", clean.directory, "--offset", "86400").stdout
    shown = run_cli("clock", clean.directory, "--moment", "2031-02-03T04:05:00Z").stdout
    assert shown.startswith("2031-02-03T04:05:0")
    refused = run_cli("clock", clean.directory, "--moment", "soon")
    assert (refused.returncode, "Invalid isoformat string" in refused.stderr) == (1, True)


def test_the_seeded_secrets_outlive_years(clean: RunningSandbox) -> None:
    turn(clean, 5 * 365)
    env = clean.env
    for name in ("AZURE_CLIENT", "M365_SANDBOX_READER_CLIENT"):
        assert "access_token" in msal_answer(clean, env[f"{name}_ID"], env[f"{name}_SECRET"])
