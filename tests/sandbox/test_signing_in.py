"""The persons that ``make demo-sign-in`` plays in Chromium."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from administrator import Administrator
from sandbox_fixture import RunningSandbox
from xcally_fixture import Motion, motion

__all__ = ["motion"]

SERVERS = Path(__file__).parents[2] / "sandbox" / "servers"
ORDERS = "integration-test@contoso.example"
# Shows an address, and ends when somebody was sent back: by a form that a browser posts.
LISTENER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Landing(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.arrived = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Close this window")
server = HTTPServer(("127.0.0.1", 0), Landing)
print("Open this:", sys.argv[1] + f"&redirect_uri=http://localhost:{server.server_port}", flush=True)
server.handle_request()
sys.exit(b"code=" not in server.arrived)
"""


@pytest.fixture
def administrator(clean: RunningSandbox) -> Administrator:
    """Of a server with a port and notifications that nobody has signed in for."""
    administrator = Administrator(clean, "is-test-1", "--version", "10.15")
    administrator.api.delete("/admin/port/email/orders")
    administrator.register(scopes={}, redirectUris={
        "web": [f"{administrator.url}/WmRoot/security-oauth-get-authcode.dsp", "http://localhost"],
    })
    administrator.add_port("orders", ORDERS)
    oauth = administrator.oauth
    administrator.api.patch("/admin/server/notification", json={
        "smtpServer": "localhost", "userName": ORDERS, "authType": "OAuth", "clientId": oauth.pop("clientID"), **oauth,
    })
    return administrator


def play(
    sandbox: RunningSandbox, folder: Path, host: str, product: str, required: dict[str, str], *command: str,
) -> subprocess.CompletedProcess[str]:
    """Let a report say that somebody has to sign in for objects of a host.

    :param required: what an object is -> where it is.
    """
    entries = [{"what": what, "where": where, "account": ORDERS, "do": "…"} for what, where in required.items()]
    hosts: list[dict[str, Any]] = [
        {"host": "ici-1", "product": "ici", "authorization_required": []},
        {"host": host, "product": product, "authorization_required": entries},
    ]
    report = folder / "report.json"
    report.write_text(json.dumps({"title": "", "hosts": hosts}))
    return subprocess.run(
        [sys.executable, "-m", "signing_in", str(sandbox.directory), str(report), *command],
        cwd=SERVERS, capture_output=True, text=True, check=False, timeout=600,
    )


def at_integration_server(
    administrator: Administrator, folder: Path, *command: str
) -> subprocess.CompletedProcess[str]:
    return play(administrator.sandbox, folder, "is-test-1", "integration_server", {
        "the e-mail port": f"orders at {administrator.url}", "the notifications of": administrator.url,
    }, *command)


def test_everybody_signs_in_and_consents(administrator: Administrator, tmp_path: Path) -> None:
    address = (
        f"{administrator.oauth['authURL']}?client_id={administrator.app_id}&response_type=code&response_mode=form_post"
        f"&login_hint={ORDERS}&scope=https://outlook.office365.com/SMTP.Send"
    )
    done = at_integration_server(administrator, tmp_path, sys.executable, "-c", LISTENER, address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        f"is-test-1: {ORDERS} has signed in for the e-mail port orders at {administrator.url}.",
        f"is-test-1: {ORDERS} has signed in for the notifications of {administrator.url}.",
        f"{ORDERS} has signed in for the verification.",
    ]
    assert administrator.enable("orders").status_code == 201
    assert administrator.api.get("/admin/server/notification").json()["accessTokenExpiryTime"]


def test_somebody_signs_in_to_motion(motion: Motion, tmp_path: Path) -> None:
    names = ("Support", "Support (test)")
    providers = {name: motion.provider(name=name) for name in names}
    where = {"the cloud provider": f"Support (test) at {motion.url}"}
    done = play(motion.sandbox, tmp_path, motion.name, "xcally", where, "true")
    assert done.returncode == 0, done.stdout + done.stderr
    signed_in = {
        name: motion.ask("GET", f"/api/cloudProviders/{provider['id']}")["authenticated"]
        for name, provider in providers.items()
    }
    assert signed_in == {"Support": False, "Support (test)": True}


def test_a_refusal_is_told_in_microsofts_words(administrator: Administrator, tmp_path: Path) -> None:
    administrator.sandbox.control("PATCH", f"/tenant/users/{ORDERS}", {"blockedByConditionalAccess": True})
    refused = at_integration_server(administrator, tmp_path, "true")
    assert (refused.returncode, "AADSTS53003" in refused.stderr) == (1, True), refused.stderr
    assert administrator.sandbox.env["M365_SANDBOX_USER_PASSWORD"] not in refused.stdout + refused.stderr


def test_a_playbook_that_fails(administrator: Administrator, tmp_path: Path) -> None:
    failed = at_integration_server(administrator, tmp_path, "sh", "-c", "echo It failed; exit 2")
    assert (failed.returncode, failed.stderr) == (1, "It failed\n\n")
