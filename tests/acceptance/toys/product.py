# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A product whose application is an identity of the kind toy, and whose configuration is a file of the format toy.

Where ``sign_in`` is given, a person signs in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, text
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Application, Part
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.toy import Target

EXTRAS: Table = {"config_file": Key(text, required=True), "sign_in": Key(text)}


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part:
    """It signs in to a relay, with what its identity is given."""
    send = wanted["mail_send"]
    if send.get("transport") != "smtp":
        problems.append("mail_send.transport: the toy only knows smtp")
    credentials = {"username": {"fact": "client_id"}, "password": {"secret": "client_secret"}}
    server = {"host": send.get("host", ""), "port": send.get("port", 25), "tls": send.get("tls", "starttls")}
    sign_in = wanted.get("mail_toy", {}).get("sign_in")
    signed_in = [Target(sign_in, send.get("from", "")).plan()] if sign_in else []
    return Part(
        applications=(
            Application([{"resource": "Toy", "application": ["play"], "delegated": []}], identity="toy"),
        ),
        targets=[
            File(
                wanted.get("mail_toy", {}).get("config_file", ""), "toy",
                {"server": server["host"], "user": credentials["username"], "secret": credentials["password"]},
                create=True,
            ).plan(),
            *signed_in,
        ],
        send={"transport": "smtp", "authentication": "basic", **server, **credentials},
        sender=send.get("from", ""),
        needs=sign_in,
    )
