"""Servers with five applications between them, before and after their first set-up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from farm import Site
from m365_sandbox.products import ici

HOSTS = {
    "ici-15": "contracts-mail-6", "ici-16": "contracts-mail-6", "ici-17": "contracts-mail-7",
    "ici-18": "contracts-mail-8", "ici-19": "contracts-mail-9", "ici-20": "contracts-mail-10",
}


class Young(Site):
    """Six servers, of which two share an application."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ",".join(HOSTS), list(HOSTS))
        self._seeded = self._ids()

    def _ids(self) -> dict[str, set[str]]:
        return {name: {one["id"] for one in self.objects(name)} for name in ("applications", "service_principals")}

    def slow_down(self, seconds: float) -> None:
        """Let each answer take that long, until the faults are cleared."""
        for face in ("identity", "graph"):
            self.sandbox.control("POST", "/faults", {"face": face, "kind": "latency", "seconds": seconds})

    def made(self) -> str:
        """How far a set-up has come in the tenant, in words."""
        made = [one for one in self.objects("applications") if one["id"] not in self._seeded["applications"]]
        return f"{len(made)} applications, {sum(len(one['passwordCredentials']) for one in made)} secrets"

    def faults(self) -> list[str]:
        """What is not as it has to be after a set-up that came to its end: in the tenant, the store and the files."""
        try:
            entries = self.entries()
        except subprocess.CalledProcessError as error:
            return [f"the store cannot be read: {error.stderr}"]
        found = []
        for name, there in self._ids().items():
            made = len(there - self._seeded[name])
            if made != len(set(HOSTS.values())):
                found.append(f"{made} {name}")
        if entries.keys() != set(HOSTS.values()):
            found.append(f"the store has {sorted(entries)}")
        for application in self.objects("applications"):
            if application["id"] not in self._seeded["applications"]:
                found += self._about(application["uniqueName"], application["passwordCredentials"], entries)
        for path in self.files():
            secret = entries.get(HOSTS[path.parent.name], {}).get("current", {}).get("secret_text")
            if secret is None or ici.read(path).client_secret != secret:
                found.append(f"{path.parent.name} does not have its application's secret")
        return found + self.refusals() + self._undelivered(one["client_id"] for one in entries.values())

    @staticmethod
    def _about(name: str, there: list[dict[str, str]], entries: dict[str, dict[str, object]]) -> list[str]:
        entry = entries.get(name, {})
        current = entry.get("current")
        known = {current["key_id"]} if isinstance(current, dict) else set()
        found = []
        if {one["keyId"] for one in there} != known:
            found.append(f"{name} has {len(there)} secret(s), the store knows {len(known)}")
        if "lock" in entry:
            found.append(f"{name} is locked")
        return found

    def _undelivered(self, client_ids: Iterable[str]) -> list[str]:
        """The applications that have not sent since the requests were forgotten."""
        sent = {
            one["app_id"] for one in self.sandbox.requests("graph")
            if one["path"].endswith("/sendMail") and one["status"] == 202
        }
        return [f"{client_id} has sent nothing" for client_id in client_ids if client_id not in sent]
