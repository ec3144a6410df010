# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An identity that a service gives away to whoever has a token: a POST registers, and answers with the credential."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Keeper, registered
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import Run
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

Ask = Callable[[str, str], dict[str, Any]]


@asynccontextmanager
async def client(options: Mapping[str, Any]) -> AsyncIterator[Ask]:
    """What asks the service, with a token of the source that is called toy."""
    context = ssl.create_default_context(cafile=options["ca_path"])
    token = token_source({**options, "auth_source": "toy", "authority_host": options["graph_endpoint"]}).token("play")

    def ask(method: str, name: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{options['graph_endpoint']}/applications/{name}", b"", {"Authorization": f"Bearer {token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            content: dict[str, Any] = json.loads(answer.read() or b"{}")
        return content

    yield ask


async def present(
    ask: Ask, wanted: Mapping[str, Any], keeper: Keeper, run: Run, *, check_mode: bool
) -> Verdict:
    """Register once, and keep what comes back."""
    entry, revision = keeper.read()
    told = {"granted": ["play"], "diff": []}
    if "current" in entry:
        return done("It is there.", client_id=entry["client_id"], **told)
    if check_mode:
        return done("It would be registered.", changed=True, client_id=None, **told)
    made = await asyncio.to_thread(ask, "POST", wanted["unique_name"])
    secret = {"key_id": made["key_id"], "secret_text": made["secret"], "end_date_time": "2099-01-01T00:00:00Z"}
    ids = {"tenant_id": "toy", "client_id": made["user"], "object_id": made["key_id"]}
    keeper.write(registered(entry, ids, secret), revision)
    return done("It is registered.", changed=True, client_id=made["user"], **told)


async def absent(ask: Ask, wanted: Mapping[str, Any], keeper: Keeper, *, check_mode: bool) -> Verdict:
    """Give it back."""
    entry, revision = keeper.read()
    if entry and not check_mode:
        await asyncio.to_thread(ask, "DELETE", wanted["unique_name"])
        keeper.write({}, revision)
    return done("It is gone.", changed=bool(entry), client_id=entry.get("client_id"), diff=[])
