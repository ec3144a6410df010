#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: xcally_cloud_provider
short_description: Manage a cloud provider of XCALLY Motion for a mailbox of Microsoft 365
description:
  - Makes, changes or removes a cloud provider of the service C(Microsoft Azure) and the type C(Outlook365). It is the
    application of Entra ID as which an e-mail account of Motion signs in, see
    M(mailops.modern_auth.xcally_email_account).
  - Each e-mail account needs a cloud provider with an application of its own.
  - A person signs in for it once, with the button C(Authenticate) on Motion's page. Until then
    RV(authorization_required) says who has to do what. That is no failure.
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
  name:
    description: The cloud provider's name, by which it is found. Two of one name are refused.
    type: str
    required: true
  application_id:
    description: The application (client) id. Required with O(state=present).
    type: str
  tenant_id:
    description: The tenant's id. Required with O(state=present).
    type: str
  client_secret:
    description: The value of the application's client secret. Motion never gives it back.
    type: str
  redirect_uri:
    description:
      - Where Microsoft sends the person back who has signed in. The default is O(url) with the vendor's path
        C(/api/cloudProviders/oauth2/microsoft/callback), with which it has to end.
      - The application has to have it among the redirect URIs of web applications.
    type: str
  account:
    description: The account of Microsoft 365 that signs in. Required with O(state=present).
    type: str
seealso:
  - module: mailops.modern_auth.xcally_cloud_provider_info
  - module: mailops.modern_auth.xcally_email_account
  - module: mailops.modern_auth.entra_application
  - module: mailops.modern_auth.entra_application_secret
"""

EXAMPLES = r"""
- name: The application of the support mailbox
  mailops.modern_auth.xcally_cloud_provider:
    url: https://motion.contoso.example
    authentication:
      username: ansible
      password: "{{ vault_motion_password }}"
    name: Support mail
    application_id: "{{ support.application.app_id }}"
    tenant_id: "{{ tenant_id }}"
    client_secret: "{{ vault_support_secret }}"
    secret_fingerprint: "{{ support_fingerprint | default(omit) }}"
    account: agent@contoso.example
  register: provider

- name: Who has to sign in?
  ansible.builtin.debug:
    msg: "{{ provider.authorization_required | default([]) | map(attribute='do') }}"

- name: A version of Motion that calls two fields otherwise
  mailops.modern_auth.xcally_cloud_provider:
    url: https://motion.contoso.example
    authentication:
      token: "{{ vault_motion_token }}"
    name: Support mail
    application_id: "{{ support.application.app_id }}"
    tenant_id: "{{ tenant_id }}"
    account: agent@contoso.example
    fields:
      application_id: clientId
      tenant_id: directoryId

- name: It is not needed any more
  mailops.modern_auth.xcally_cloud_provider:
    url: https://motion.contoso.example
    authentication:
      token: "{{ vault_motion_token }}"
    name: Support mail
    state: absent
"""

RETURN = r"""
cloud_provider:
  description: >-
    The cloud provider as Motion's API shows it, or would in check mode, without the secret; null if there is none.
  returned: success
  type: dict
  sample:
    id: 4
    name: Support mail
    service: Microsoft Azure
    type: Outlook365
    applicationId: 11111111-2222-3333-4444-555555555555
    tenantId: 66666666-7777-8888-9999-000000000000
    redirectUri: https://motion.contoso.example/api/cloudProviders/oauth2/microsoft/callback
    authenticated: false
    authenticatedAt: null
secret_fingerprint:
  description: By this the next run tells that the secret is another one; see O(secret_fingerprint).
  returned: with O(state=present)
  type: str
sign_ins:
  description: Whether a person has signed in for it, and when; the same keys as RV(authorization_required).
  returned: with O(state=present)
  type: list
  elements: dict
authorization_required:
  description: Who has to sign in.
  returned: when nobody has
  type: list
  elements: dict
  contains:
    what:
      description: What it is for.
      type: str
      returned: always
    where:
      description: Its name.
      type: str
      returned: always
    account:
      description: The account to sign in with.
      type: str
      returned: always
    do:
      description: What to open and to press.
      type: str
      returned: always
    since:
      description: When it was done; null as long as it was not.
      type: str
      returned: always
"""

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import api_object_module, settle
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import client_secret
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    CALLBACK,
    CLOUD_PROVIDER,
    asked,
    redirect_uri,
    shows,
    target,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._xcally_module import (
    NAMES,
    checked,
    motion_of,
    names_in,
)

OPTIONS = {
    "name": {"required": True},
    "application_id": {},
    "tenant_id": {},
    "client_secret": {"no_log": True},
    "redirect_uri": {},
    "account": {},
    **NAMES,
}


def wanted(params: dict[str, Any]) -> ApiObject:
    """The cloud provider as the options describe it."""
    motion, names = motion_of(params), names_in(params, CLOUD_PROVIDER)
    given = {name: params[name] for name in ("name", "application_id", "tenant_id")} | {
        "client_secret": checked(params, "client_secret", client_secret),
        "redirect_uri": checked(params, "redirect_uri", redirect_uri) or f"{motion.url}{CALLBACK}",
    }
    return target(
        CLOUD_PROVIDER, motion, names, {name: value for name, value in given.items() if value is not None},
        name=f"{params['name']} at {motion.url}", timeout=params["timeout"],
        sign_in={**asked(motion, params["name"], params["account"]), **shows(names)},
    )


def main() -> None:
    """Run the module."""
    module = api_object_module(
        OPTIONS, required_if=[("state", "present", ["application_id", "tenant_id", "account"])]
    )
    with reporting(module):
        settle(module, wanted(module.params), "cloud_provider")


if __name__ == "__main__":
    main()
