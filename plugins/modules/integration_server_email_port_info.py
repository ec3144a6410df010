#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: integration_server_email_port_info
short_description: Read the e-mail ports of webMethods Integration Server
description:
  - Reads one e-mail port, or all of them, through the Administrator API. The server gives no secrets back.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
options:
  alias:
    description: The port's name. Without it, all ports are read.
    type: str
seealso:
  - module: mailops.modern_auth.integration_server_email_port
"""

EXAMPLES = r"""
- name: Which e-mail ports are there, and which of them are enabled?
  mailops.modern_auth.integration_server_email_port_info:
    url: https://is.contoso.example:5543
    authentication:
      username: Administrator
      password: "{{ vault_is_password }}"
    ca_path: /etc/ssl/contoso.pem
  register: read

- name: Name those that are not
  ansible.builtin.debug:
    msg: "{{ read.ports | rejectattr('enabled') | map(attribute='alias') }}"
"""

RETURN = r"""
ports:
  description: The ports as the API shows them. Of an alias that does not exist there is none.
  returned: success
  type: list
  elements: dict
  sample: [{alias: orders, enabled: true, type: IMAP, host: outlook.office365.com, user: orders@contoso.example}]
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import api, api_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server import (
    PORTS,
    SECRETS,
    alias,
    server_url,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api_states import visible


def ports(params: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """What is there.

    :raises ModernAuthError: it cannot be read.
    """
    url = f"{server_url(params['url'])}{PORTS}"
    if params["alias"] is None:
        # Without being asked to, the server gives names and addresses alone.
        found = api(params).rows(f"{url}?expand=true", {"rows": "emailPorts", "id": "alias", "by": {}})
    else:
        _url, port = api(params).read(f"{url}/{alias(params['alias'])}", None)
        found = [] if port is None else [port]
    return [visible(port, SECRETS) for port in found]


def main() -> None:
    """Run the module."""
    module = api_module({"alias": {}})
    with reporting(module):
        module.exit_json(changed=False, ports=ports(module.params))


if __name__ == "__main__":
    main()
