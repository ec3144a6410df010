#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: xcally_email_account_info
short_description: Look up e-mail accounts of XCALLY Motion
description:
  - Reads one e-mail account, or all of them.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.xcally
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
options:
  key:
    description: The account's key. Without it all are read.
    type: str
seealso:
  - module: mailops.modern_auth.xcally_email_account
"""

EXAMPLES = r"""
- name: Which accounts are there?
  mailops.modern_auth.xcally_email_account_info:
    url: https://motion.contoso.example
    authentication:
      username: ansible
      password: "{{ vault_motion_password }}"
  register: found

- name: Those that share a cloud provider
  ansible.builtin.debug:
    msg: "{{ found.email_accounts | groupby('CloudProviderId') | selectattr('1.1', 'defined') }}"
"""

RETURN = r"""
email_accounts:
  description: The accounts as Motion's API shows them; empty if there is none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 7
      key: SUPP
      name: Support mail
      email: support@contoso.example
      user: support@contoso.example
      modernAuthentication: true
      modernAuthenticationEmail: agent@contoso.example
      service: Outlook365
      ListId: 4
      CloudProviderId: 4
      active: true
"""

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import api_module
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import EMAIL_ACCOUNT
from ansible_collections.mailops.modern_auth.plugins.module_utils._xcally_module import LOOKED_FOR, found


def main() -> None:
    """Run the module."""
    module = api_module({"key": {"no_log": False}, **LOOKED_FOR})
    with reporting(module):
        module.exit_json(changed=False, email_accounts=found(module.params, EMAIL_ACCOUNT))


if __name__ == "__main__":
    main()
