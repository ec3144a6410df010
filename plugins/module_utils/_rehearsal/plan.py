# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A plan whose services are those of a sandbox, and whose servers are looked at only. Pure.

What a product is configured with stays as it is, so that the differences are those that the servers would see. Who
signs in, and where, is the sandbox's, so that nothing of the tenant is asked for or used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import ENDPOINTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import GOOGLE_SERVICE_ACCOUNT, KEY
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import CREDENTIAL_OPTIONS
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import references

#: The variables of a host by which secrets of the sandbox, and of its stand-in of the product, are referred to.
SANDBOX, SERVER = "__mail_rehearsal_sandbox", "__mail_rehearsal_server"
#: Seconds in which a sandbox knows everywhere what it was told.
PATIENCE = 60
#: Where a kind of target says where its object is. What the object shall be, and its name, are the inventory's.
_PLACES = ("url", "create_url", "activate", "described_at")
#: What stands for the command by which a text was encrypted by hand.
_BY_HAND = ["encrypted by hand"]


@dataclass(frozen=True)
class Scene:
    """Where a rehearsal takes place.

    :param folder: on the controller; it holds everything.
    :param sandbox: the environment variables that point clients to the sandbox, as ``m365-sandbox env`` tells them.
    :param servers: the stand-ins of products with an API, by host: ``url`` and ``username``.
    :param addresses: where those products are in the inventory, by host.
    """

    folder: str
    sandbox: Mapping[str, str]
    servers: Mapping[str, Mapping[str, str]]
    addresses: Mapping[str, str]

    @property
    def store(self) -> dict[str, Any]:
        """The store that keeps the credentials of all applications."""
        return {
            "kind": "ansible_vault", "path": f"{self.folder}/credentials.yml",
            "password_file": f"{self.folder}/vault-password",
        }

    @property
    def endpoints(self) -> dict[str, Any]:
        """Where the services are."""
        return {
            "cloud": "global", "authority_host": self.sandbox["AZURE_AUTHORITY_HOST"],
            "graph_endpoint": self.sandbox["MAILOPS_GRAPH_ENDPOINT"], "ca_path": self.sandbox["MAILOPS_CA_FILE"],
        }

    def port(self, face: str) -> int:
        """The port of a face of the sandbox."""
        return int(self.sandbox[f"M365_SANDBOX_{face.upper()}_PORT"])


def rehearsed(plan: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """The plan of the rehearsal.

    :param plan: as _plan/estate.py draws it.
    """
    able = {host: about for host, about in plan["hosts"].items() if not about["failed"]}
    return {
        **plan,
        "hosts": {**plan["hosts"], **{host: _host(host, about, scene) for host, about in able.items()}},
        "applications": [_application(one, scene) for one in plan["applications"]],
        "deliveries": [_delivery(one, scene) for one in plan["deliveries"] if one["host"] in able],
    }


def _host(host: str, about: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    encryption = about["encryption"]
    return {
        **about, "targets": [_target(host, one, scene) for one in about["targets"]], "store": scene.store,
        "encryption": encryption and {"command": encryption.get("command", _BY_HAND)},
        "loads": [], "restart_command": [], "backup": False,
        "overlay": f"{scene.folder}/servers/{quote(host, safe='')}.json",
    }


def _target(host: str, target: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    if target["kind"] == "key_file":
        account = _account(target, scene)
        return {**_without(target, *KEY), **_without(account, "token_uri")}
    if host not in scene.servers or "authentication" not in target:
        return dict(target)
    places = {name: _moved(target[name], host, scene) for name in _PLACES if name in target}
    return {**target, **places, **_sign_in(host, {"secret": f"{SERVER}.password"}, scene)}


def _application(application: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    host = application["hosts"][0]
    return {
        **application, "store": scene.store,
        # An object id is the tenant's own, and says nothing here.
        "owners": [one for one in application.get("owners", []) if "@" in one],
        "entra": {
            **scene.endpoints, **_caller(host, "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", scene),
            "token_cache": f"{scene.folder}/tokens",
        },
        "exchange_connection": {
            "transport": "rest", "exchange_endpoint": scene.sandbox["MAILOPS_EXCHANGE_ENDPOINT"],
            "organization": scene.sandbox["MAILOPS_EXCHANGE_ORGANIZATION"],
        },
        **({"account": _account(application["account"], scene)} if application["identity"] == GOOGLE else {}),
    }


def _delivery(check: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    sides = {name: _side(check["host"], check[name], scene) for name in ("send", "receive") if name in check}
    return {**_without(check, *ENDPOINTS), **scene.endpoints, **sides, "patience": min(check["patience"], PATIENCE)}


def _side(host: str, side: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """One end of a mail's way."""
    transport, authentication = side["transport"], side.get("authentication", "oauth2")
    if transport == "web":
        return {**side, "web": _web(host, side["web"], scene)}
    if authentication == GOOGLE_SERVICE_ACCOUNT:
        implicit = "s" if transport == "smtp" and side.get("tls") == "implicit" else ""
        port = scene.port(f"gmail_{transport}{implicit}")
        return {**side, "google": _account(side["google"], scene), "host": "localhost", "port": port}
    if transport == "smtp" and authentication != "oauth2":
        return _relay(host, side, scene)
    if not any(one.kind in ("fact", "token") for one in references(side)):
        # Not the product, but the reader of the mailbox in which the mail has to arrive.
        kept = _without(side, *CREDENTIAL_OPTIONS, "username", "password")
        reader = _caller(host, "M365_SANDBOX_READER_CLIENT_ID", "M365_SANDBOX_READER_CLIENT_SECRET", scene)
        side = {**kept, "authentication": "oauth2", **reader}
    return dict(side) if transport == "graph" else {
        **({} if transport == "smtp" else {"tls": "implicit"}), **side,
        "host": scene.sandbox["M365_SANDBOX_HOST"], "port": scene.port(transport),
    }


def _relay(host: str, side: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """The company's own relay, which takes mail from anybody, or from whoever has its password."""
    known = {
        "username": scene.sandbox["M365_SANDBOX_RELAY_USER"],
        "password": {"variable": f"{SANDBOX}.M365_SANDBOX_RELAY_PASSWORD", "host": host},
    } if side.get("authentication") == "basic" else {}
    place = {"host": scene.sandbox["M365_SANDBOX_HOST"], "port": scene.port("relay"), "tls": "none"}
    return {**side, **known, **place}


def _web(host: str, web: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    password = {"variable": f"{SERVER}.password", "host": host}
    places = {name: _moved(web[name], host, scene) for name in ("url", "listed") if name in web}
    return {**web, **places, **_sign_in(host, password, scene)}


def _moved(value: Any, host: str, scene: Scene) -> Any:
    """A copy in which addresses of the product are those of its stand-in."""
    if isinstance(value, Mapping):
        return {name: _moved(one, host, scene) for name, one in value.items()}
    if isinstance(value, str) and value.startswith(scene.addresses[host]):
        return scene.servers[host]["url"] + value.removeprefix(scene.addresses[host])
    return value


def _sign_in(host: str, password: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """How an administrator signs in to the stand-in of the product."""
    return {
        "authentication": {"username": scene.servers[host]["username"], "password": password},
        "ca_path": scene.sandbox["MAILOPS_CA_FILE"],
    }


def _caller(host: str, client_id: str, client_secret: str, scene: Scene) -> dict[str, Any]:
    """How an application of the sandbox's own signs in."""
    return {
        "auth_source": "client_secret", "tenant_id": scene.sandbox["AZURE_TENANT_ID"],
        "client_id": scene.sandbox[client_id],
        "client_secret": {"variable": f"{SANDBOX}.{client_secret}", "host": host},
    }


def _account(given: Mapping[str, Any], scene: Scene) -> dict[str, str]:
    """The sandbox's service account, with a key in the form of the given one."""
    form = "P12" if str(given.get("key_file", "")).lower().endswith((".p12", ".pfx")) else "KEY"
    return {
        "key_file": scene.sandbox[f"M365_SANDBOX_GOOGLE_{form}_FILE"],
        "service_account": scene.sandbox["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"],
        "token_uri": scene.sandbox["MAILOPS_GOOGLE_TOKEN_URI"],
    }


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: one for name, one in value.items() if name not in names}
