"""The README's reference is made from the code, and what it calls absent is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from graph_client import Graph, refusal
from sandbox_fixture import RunningSandbox

SANDBOX = Path(__file__).parents[2] / "sandbox"


def generator() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("reference", SANDBOX / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current() -> None:
    readme = (SANDBOX / "README.md").read_text("utf-8")
    assert generator().current(readme) == readme, "run: python sandbox/reference.py"


def test_it_names_what_every_face_has() -> None:
    text = generator().reference()
    for expected in (
        "| `/{tenant}/oauth2/v2.0/token` |", "| `/users/{user}/sendMail` | POST |", "| `/$batch` | POST |",
        "| `New-ServicePrincipal` | AppId,", "| imap | APPEND,", "| pop3 | CAPA,", "| `/subscriptions` | GET |",
        "| `/tenant/mailboxes/{address}` | PATCH |", "| `users` | userPrincipalName (required), displayName,",
    ):
        assert expected in text


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in generator().ABSENT])
def test_what_is_absent_is_refused(sandbox: RunningSandbox, method: str, path: str) -> None:
    graph = Graph(sandbox, "Mail.ReadWrite", "Mail.Send", "User.Read.All")
    address = path.format(user="probe@contoso.example", folder="inbox", message="x")
    # "delta" stands where an id does.
    refusals = ((400, "BadRequest"), (405, "Request_BadRequest"), (400, "ErrorInvalidIdMalformed"))
    assert refusal(graph.request(method, address))[:2] in refusals
