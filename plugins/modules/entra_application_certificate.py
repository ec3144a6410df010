#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_application_certificate
short_description: Manage a certificate of an application in Microsoft Entra ID
description:
  - Registers a certificate with which an application signs in, and makes the key pair for it when the one in O(path) is
    missing or has little time left. Or registers a certificate that somebody else made, given in O(source_path).
  - For the application of a product that can sign in with a certificate, and for the caller's own.
  - "Certificates that it registers carry a display name that says so (C(mailops.modern_auth: NAME)), and those are the
    only ones that it removes. All others stay as they are."
  - It never removes a certificate that works. Removing the old one after a rotation is a task of its own, with
    O(state=absent).
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
    description:
      - What the certificate is for; part of its display name. Certificates of different names do not touch each other.
    type: str
    default: mail
  path:
    description:
      - The file in which the private key and its certificate lie, both in PEM form, as O(certificate_path) takes it.
        Its mode is 0600, and the private key never leaves it.
      - The task says on which machine that is. On the controller it is with C(delegate_to=localhost).
      - A new key pair is written to C(PATH.new), registered, and then moved to O(path). If that is broken off, the file
        still holds the key pair that is in use, and the next run goes on with C(PATH.new).
      - The key pair that was in use before is kept as C(PATH.previous), until it is removed with O(state=absent).
      - A file that holds anything else is not overwritten.
    type: path
  source_path:
    description:
      - A file with a certificate to register in place of making one, in PEM form or as a PKCS#12 archive
        (C(.pfx), C(.p12)). A private key in it is not used.
    type: path
  source_password:
    description: The password of O(source_path) in the form PKCS#12.
    type: str
  key_id:
    description:
      - The id of the certificate in use, as your store remembers it. Without it, it is the one in O(path) or
        O(source_path).
      - With O(state=present) and more than O(renew_within) left of this certificate, nothing changes.
      - With O(state=absent) it is the certificate to remove.
    type: str
  known_key_ids:
    description:
      - The ids of all certificates whose private key is in some store of yours, beside O(key_id), O(path) and
        C(PATH.previous). An empty list says that there are none.
      - Managed certificates of this O(name) that are none of these were left behind by somebody who lost the private
        key. They are removed when a new one is registered.
      - Without this option nothing counts as left behind. If then the certificate in use is not known either although
        there are managed ones of this name, the task fails, since every further run would add another one.
    type: list
    elements: str
  lifetime:
    description:
      - How long a new certificate is valid, as a number and C(h), C(d) or C(w) for hours, days or weeks.
      - If the app management policy of the application, or the tenant's default one, allows less, the certificate gets
        what is allowed, with a warning. One from O(source_path) that is valid for longer is refused.
    type: str
    default: 180d
  renew_within:
    description:
      - Make a new key pair when the certificate in use has no more than this left. Written like O(lifetime).
      - With O(source_path) there is a warning instead.
    type: str
    default: 30d
  state:
    description:
      - V(present) makes or registers a certificate if one is due.
      - V(absent) removes the managed certificate O(key_id), and the files of O(path) that hold it.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - cryptography >= 42
notes:
  - What has expired is judged by the tenant's clock, not by that of the machine.
  - Microsoft Graph keeps all certificates of an application in one property and lets nobody make a change depend on
    what was read before. Do not run two tasks for the same application at the same time.
  - A new certificate may be refused for a minute. Before the old one is given up,
    M(mailops.modern_auth.entra_token_info) tells that it works.
  - The caller needs the Microsoft Graph application permission C(Application.ReadWrite.OwnedBy) for applications that
    it owns, or C(Application.ReadWrite.All) for all. To look after its own certificate, it has to own itself.
  - With C(Policy.Read.All) and C(Application.Read.All) as well it can read the app management policy, which it does
    when a certificate is to be registered. Without, it goes on, and Microsoft Graph refuses what the policy does not
    allow.
seealso:
  - module: mailops.modern_auth.entra_application_secret
  - module: mailops.modern_auth.entra_federated_credential
  - module: mailops.modern_auth.entra_token_info
  - module: community.crypto.openssl_pkcs12
    description: Turns the file into a PKCS#12 archive for products that want one.
"""

EXAMPLES = r"""
- name: A certificate for the caller itself, renewed when it has less than 30 days left
  mailops.modern_auth.entra_application_certificate:
    app_id: "{{ caller_app_id }}"
    name: caller
    path: /etc/mailops/caller.pem
  delegate_to: localhost
  register: renewed

- name: Wait until it signs in everywhere
  mailops.modern_auth.entra_token_info:
    auth_source: client_certificate
    client_id: "{{ caller_app_id }}"
    certificate_path: /etc/mailops/caller.pem
    wait: 180
  delegate_to: localhost
  when: renewed is changed

- name: Remove the previous one when nobody uses it any more
  mailops.modern_auth.entra_application_certificate:
    app_id: "{{ caller_app_id }}"
    path: /etc/mailops/caller.pem
    key_id: "{{ store.previous_key_id }}"
    state: absent
  delegate_to: localhost

- name: Register the certificate that the company's authority issued
  mailops.modern_auth.entra_application_certificate:
    unique_name: contracts-mail-prod
    source_path: files/contracts-mail.crt
"""

RETURN = r"""
certificate:
  description: The certificate in use from now on, with null values where check mode would make it; null if absent.
  returned: success
  type: dict
  contains:
    key_id:
      description: Its id.
      type: str
      returned: always
      sample: 0f4b8a3e-5f1c-5f57-8d4f-6f1f6d9f4f7b
    display_name:
      description: What the portal shows.
      type: str
      returned: always
      sample: "mailops.modern_auth: mail (9f3c01ab)"
    start_date_time:
      description: From when it is valid.
      type: str
      returned: always
      sample: "2026-01-01T00:00:00Z"
    end_date_time:
      description: Until when it is valid.
      type: str
      returned: always
      sample: "2026-06-30T00:00:00Z"
    thumbprint:
      description: The SHA-1 thumbprint in hexadecimal digits, as portals and Windows show it.
      type: str
      returned: always
      sample: BB5D1064437D8720A5C53078185E6A361A78B10A
    x5t:
      description: The same as a client assertion names it (C(x5t)), base64url.
      type: str
      returned: always
    x5t_s256:
      description: The SHA-256 thumbprint as a client assertion names it (C(x5t#S256)), base64url.
      type: str
      returned: always
previous_key_id:
  description: The id of the certificate that was in use in O(path) before, and is in C(PATH.previous) now.
  returned: when a key pair took the place of another one
  type: str
removed:
  description: Ids of the certificates that were removed, or would be.
  returned: success
  type: list
  elements: str
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    addressed,
    application_certificate,
    key_pairs,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_module import graph_module, signed_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting

STATES = {"present": application_certificate.present, "absent": application_certificate.absent}


async def settle(params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Do what the options say."""
    async with signed_in(params) as graph:
        return await STATES[params["state"]](graph, params, check_mode)


def main() -> None:
    """Run the module."""
    module = graph_module(
        application_certificate.OPTIONS,
        missing=key_pairs.MISSING,
        required_one_of=addressed.RULES["required_one_of"],
        mutually_exclusive=[*addressed.RULES["mutually_exclusive"], ("path", "source_path")],
        required_if=[("state", "absent", ["key_id"])],
    )
    with reporting(module):
        result = asyncio.run(settle(module.params, module.check_mode))
        for warning in result.pop("warnings", []):
            module.warn(warning)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
