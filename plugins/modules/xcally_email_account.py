#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: xcally_email_account
short_description: Manage an e-mail account of XCALLY Motion with a mailbox of Microsoft 365
description:
  - Makes, changes or removes an e-mail account of the service C(Outlook365) with modern authentication, which signs in
    by a cloud provider, see M(mailops.modern_auth.xcally_cloud_provider).
  - A shared mailbox is opened by a person who has access to it, O(delegate).
  - An option that is left out is left alone.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.api.object
  - mailops.modern_auth.xcally
  - mailops.modern_auth.xcally.object
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
options:
  key:
    description: The account's key, of at most five characters, by which it is found. Two of one key are refused.
    type: str
    required: true
  name:
    description: The account's name. A new account needs it, as it does O(email), O(list) and O(cloud_provider).
    type: str
  email:
    description: The address of the mailbox.
    type: str
  list:
    description: The id of the contact list, as Contact Manager, Lists shows it in the first column.
    type: int
  active:
    description: Whether the account sends and receives.
    type: bool
  username:
    description:
      - The user name. The default is O(email), if that is given. For a shared mailbox it is the mailbox itself.
    type: str
  cloud_provider:
    description: The id of the cloud provider. No other account must have it.
    type: int
  delegate:
    description: The person who opens a shared mailbox, and signs in. V("") stands for none.
    type: str
  description:
    description: Free text.
    type: str
seealso:
  - module: mailops.modern_auth.xcally_email_account_info
  - module: mailops.modern_auth.xcally_cloud_provider
  - module: mailops.modern_auth.exchange_client_access
  - module: mailops.modern_auth.exchange_mailbox_permission
"""

EXAMPLES = r"""
- name: The support mailbox, a shared one
  mailops.modern_auth.xcally_email_account:
    url: https://motion.contoso.example
    authentication:
      username: ansible
      password: "{{ vault_motion_password }}"
    key: SUPP
    name: Support mail
    email: support@contoso.example
    delegate: agent@contoso.example
    list: 4
    active: true
    cloud_provider: "{{ provider.cloud_provider.id }}"

- name: Nobody answers there any more
  mailops.modern_auth.xcally_email_account:
    url: https://motion.contoso.example
    authentication:
      token: "{{ vault_motion_token }}"
    key: SUPP
    active: false
"""

RETURN = r"""
email_account:
  description: The account as Motion's API shows it, or would in check mode; null if there is none.
  returned: success
  type: dict
  sample:
    id: 7
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

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import api_object_module, settle
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    EMAIL_ACCOUNT,
    key,
    target,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._xcally_module import (
    NAMES,
    checked,
    motion_of,
    names_in,
)

# What the account is told as it is.
PLAIN = {
    "name": {}, "email": {}, "list": {"type": "int"}, "active": {"type": "bool"}, "cloud_provider": {"type": "int"},
    "description": {},
}
OPTIONS = {"key": {"required": True, "no_log": False}, "username": {}, "delegate": {}, **PLAIN, **NAMES}


def wanted(params: dict[str, Any]) -> ApiObject:
    """The account as the options describe it.

    :raises InputError: the delegate is the mailbox.
    """
    motion = motion_of(params)
    values = {name: params[name] for name in PLAIN} | {"username": params["username"] or params["email"]}
    given = {name: value for name, value in values.items() if value is not None}
    if params["delegate"] is not None:
        given["delegate"] = params["delegate"] or None
    if params["delegate"] and params["delegate"] == params["email"]:
        raise InputError(
            f"delegate: {params['delegate']} is the mailbox itself.",
            remedy="Name a person who has access to the shared mailbox, or leave it out for a mailbox of its own.",
        )
    return target(
        EMAIL_ACCOUNT, motion, names_in(params, EMAIL_ACCOUNT), {"key": checked(params, "key", key), **given},
        name=f"e-mail account {params['key']} at {motion.url}", timeout=params["timeout"],
    )


def main() -> None:
    """Run the module."""
    module = api_object_module(OPTIONS)
    with reporting(module):
        settle(module, wanted(module.params), "email_account")


if __name__ == "__main__":
    main()
