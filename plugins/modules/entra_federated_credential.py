#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_federated_credential
short_description: Manage a federated credential of an application in Microsoft Entra ID
description:
  - Lets an application sign in with tokens of an issuer outside of Microsoft Entra ID, such as a CI system or a
    Kubernetes cluster, so that there is no secret that could expire or leak.
  - A federated credential is known by its name, which never changes. All others of the application are left alone.
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.entra
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.application
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
  - mailops.modern_auth.attributes.entra_group
options:
  name:
    description: The name of the federated credential, of 3 to 120 letters, digits, dashes and underscores.
    type: str
    required: true
  issuer:
    description:
      - The issuer, to the letter as its tokens have it as C(iss). A slash at the end makes a difference.
      - A new federated credential needs it.
    type: str
  subject:
    description:
      - Whose tokens are taken, to the letter as they have it as C(sub). Case makes a difference, and there are no
        wildcards.
      - A new federated credential needs it.
      - Whether it is right shows only when a token is exchanged.
    type: str
  audiences:
    description:
      - What the tokens have as C(aud). Exactly one.
      - The default of a new federated credential is what Microsoft recommends in the O(cloud), in the global one
        C(api://AzureADTokenExchange).
    type: list
    elements: str
  description:
    description: What people should know about it. An empty text removes it.
    type: str
  state:
    description:
      - V(present) creates or changes the federated credential. What is left out stays as it is.
      - V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An application has at most 20 federated credentials, each with an issuer and subject of its own.
  - A new one takes effect after a minute or so. M(mailops.modern_auth.entra_token_info) waits for it.
  - The caller needs the Microsoft Graph application permission C(Application.ReadWrite.OwnedBy) for applications that
    it owns, or C(Application.ReadWrite.All) for all.
seealso:
  - module: mailops.modern_auth.entra_application_certificate
  - module: mailops.modern_auth.entra_token_info
"""

EXAMPLES = r"""
- name: Let the production environment of a GitHub repository sign in as the application that rotates secrets
  mailops.modern_auth.entra_federated_credential:
    unique_name: mail-operations
    name: github-production
    issuer: https://token.actions.githubusercontent.com
    subject: repo:contoso/mail-operations:environment:production
    description: Nightly rotation

- name: In that job, once its token lies in a file
  mailops.modern_auth.entra_token_info:
    auth_source: workload_identity
    client_id: "{{ mail_operations_app_id }}"
    federated_token_file: "{{ job_token_file }}"
    wait: 120

- name: Trust the old repository no longer
  mailops.modern_auth.entra_federated_credential:
    unique_name: mail-operations
    name: github-legacy
    state: absent
"""

RETURN = r"""
federated_credential:
  description: The federated credential, as it is or would be; null if it is absent.
  returned: success
  type: dict
  contains:
    object_id:
      description: Its id; null where check mode would create it.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
      sample: github-production
    issuer:
      description: The issuer.
      type: str
      returned: always
      sample: https://token.actions.githubusercontent.com
    subject:
      description: Whose tokens are taken.
      type: str
      returned: always
      sample: repo:contoso/mail-operations:environment:production
    audiences:
      description: The audience of the tokens.
      type: list
      elements: str
      returned: always
      sample: [api://AzureADTokenExchange]
    description:
      description: What people should know about it.
      type: str
      returned: always
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import addressed, federated_credential
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting

STATES = {"present": federated_credential.present, "absent": federated_credential.absent}


async def settle(params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Do what the options say."""
    async with signed_in(params) as graph:
        return await STATES[params["state"]](graph, params, check_mode)


def main() -> None:
    """Run the module."""
    module = graph_module(federated_credential.OPTIONS, **addressed.RULES)
    with reporting(module):
        module.exit_json(**asyncio.run(settle(module.params, module.check_mode)))


if __name__ == "__main__":
    main()
