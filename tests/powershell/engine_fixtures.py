"""What the conformance suite runs on: each engine that this machine has, in front of the toy admin API."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from m365_sandbox.powershell.engine import STAND_IN, Engine, find_engine, session_environment
from served_app import server_tls, serving
from toy_admin_api import ToyAdminApi

HERE = Path(__file__).parent
PFX_PASSWORD = "pä'$(1)\"s"

#: The stand-in is tried everywhere; the real one where there is one.
ENGINES = list(dict.fromkeys((STAND_IN, find_engine())))


@dataclass(frozen=True)
class Place:
    """Where sessions run: a folder with app.pfx, the toy admin API, the authority that vouches for it."""

    folder: Path
    api: ToyAdminApi
    authority: trustme.CA
    ca_path: str

    def environment(self, modules: str = "good") -> dict[str, str]:
        """The variables that the engine is given.

        :param modules: "good", "old" or "none": which ExchangeOnlineManagement is installed.
        """
        known = session_environment(self.api.url, self.api.url, self.ca_path)
        folder = known["PSModulePath"] if modules == "good" else str(self.folder / modules)
        return {**known, "PSModulePath": folder}


def executable(engine: Engine, folder: Path) -> str:
    """The engine as one program, which is what the option ``pwsh_path`` takes."""
    if len(engine.command) == 1:
        return engine.command[0]
    path = folder / "pwsh"
    arguments = json.dumps(list(engine.command))
    start = f"os.execv({engine.command[0]!r}, {arguments} + sys.argv[1:])"
    path.write_text(f"#!{sys.executable}\nimport os, sys\n{start}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    """What runs the session script."""
    found = request.param
    assert isinstance(found, Engine)
    return found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The toy admin API and what clients of it need."""
    folder = tmp_path_factory.mktemp("powershell")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    _write_pfx(authority, folder / "app.pfx")
    old = folder / "old" / "ExchangeOnlineManagement"
    old.mkdir(parents=True)
    (old / "ExchangeOnlineManagement.psd1").write_text("@{\n    ModuleVersion = '2.0.5'\n}\n")
    (folder / "none").mkdir()
    api = ToyAdminApi()
    with serving(api.app(), server_tls(authority)) as served:
        api.url = f"https://127.0.0.1:{served.port}"
        yield Place(folder, api, authority, str(folder / "ca.pem"))


def _write_pfx(authority: trustme.CA, path: Path) -> None:
    issued = authority.issue_cert("app.contoso.example", key_type=trustme.KeyType.RSA)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    certificate = load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    protection = serialization.BestAvailableEncryption(PFX_PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"app", key, certificate, None, protection))


def full(environment: dict[str, str]) -> dict[str, str]:
    """This process's variables with others beside them."""
    return {**os.environ, **environment}
