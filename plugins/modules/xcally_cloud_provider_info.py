#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: xcally_cloud_provider_info
short_description: Look up cloud providers of XCALLY Motion
description:
  - Reads one cloud provider, or all of them, for example to see whether somebody has signed in.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.xcally
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
options:
  name:
    description: The cloud provider's name. Without it all are read.
    type: str
seealso:
  - module: mailops.modern_auth.xcally_cloud_provider
"""

EXAMPLES = r"""
- name: Has somebody signed in?
  mailops.modern_auth.xcally_cloud_provider_info:
    url: https://motion.contoso.example
    authentication:
      username: ansible
      password: "{{ vault_motion_password }}"
    name: Support mail
  register: found

- name: It has to be so before the mail is switched over
  ansible.builtin.assert:
    that: found.cloud_providers[0].authenticated
"""

RETURN = r"""
cloud_providers:
  description: The cloud providers as Motion's API shows them, without secrets; empty if there is none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 4
      name: Support mail
      service: Microsoft Azure
      type: Outlook365
      applicationId: 11111111-2222-3333-4444-555555555555
      tenantId: 66666666-7777-8888-9999-000000000000
      redirectUri: https://motion.contoso.example/api/cloudProviders/oauth2/microsoft/callback
      authenticated: true
      authenticatedAt: "2026-11-28T21:00:00.000Z"
"""

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import api_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import CLOUD_PROVIDER
from ansible_collections.mailops.modern_auth.plugins.module_utils._xcally_module import LOOKED_FOR, found


def main() -> None:
    """Run the module."""
    module = api_module({"name": {}, **LOOKED_FOR})
    with reporting(module):
        module.exit_json(changed=False, cloud_providers=found(module.params, CLOUD_PROVIDER))


if __name__ == "__main__":
    main()
