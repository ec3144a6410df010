#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_settings_info
short_description: Tell what a product is configured with for mail, whoever has configured it
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the mail settings of the host's product where the product keeps them, in its files over Ansible's connection
    or by its API, and gives them in one form for all products. Settings of old, with passwords or for Exchange Web
    Services, are read as well as those that this collection writes.
  - It takes from the host's variables C(mail_product), and from the one that is called as the product is, for example
    C(mail_ici), where the settings are. No other variable is needed.
  - A file that is missing or not understood, and an API that does not answer, are told in RV(problems) and fail
    nothing.
  - Of secrets is told no more than whether one is there.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
    details: It changes nothing.
  diff_mode:
    support: none
    details: It changes nothing.
  idempotent:
    support: full
options: {}
seealso:
  - module: mailops.modern_auth.mail_assessment
requirements:
  - httpx, for products with an API
  - lxml, for CMO
"""

EXAMPLES = r"""
- name: Read what ICI is configured with
  mailops.modern_auth.mail_settings_info:
  vars:
    mail_product: ici
    mail_ici:
      config_file: /opt/ici/ConfigurationKeys.json
  register: found

- name: Show how it signs in
  ansible.builtin.debug:
    msg: "{{ found.uses | map(attribute='authentication') }}"
"""

RETURN = r"""
product:
  description: The product.
  returned: success
  type: str
uses:
  description: The ways that mail takes. What a product does not say is null.
  returned: success
  type: list
  elements: dict
  contains:
    use:
      description: V(send) or V(receive).
      type: str
      returned: always
    purpose:
      description: Which one it is, where a product has several; or empty.
      type: str
      returned: always
    place:
      description: The file, or the address of the object.
      type: str
      returned: always
    key:
      description: Which setting in it.
      type: str
      returned: always
    transport:
      description: One of V(graph), V(smtp), V(imap), V(pop3), V(mapi) and V(ews).
      type: str
      returned: always
    authentication:
      description: One of V(none), V(basic), V(oauth2) and V(google_service_account).
      type: str
      returned: always
    host:
      description: The mail server.
      type: str
      returned: always
    port:
      description: Its port.
      type: int
      returned: always
    tls:
      description: How the connection begins.
      type: str
      returned: always
    user:
      description: Who signs in.
      type: str
      returned: always
    mailbox:
      description: What is opened, or sent from.
      type: str
      returned: always
    secret:
      description: V(set) or V(empty); null where none is needed, or nobody can tell.
      type: str
      returned: always
    client_id:
      description: The application, with OAuth.
      type: str
      returned: always
    tenant_id:
      description: Its tenant.
      type: str
      returned: always
    scopes:
      description: What it asks for.
      type: list
      elements: str
      returned: always
    remarks:
      description: What else a person should know.
      type: list
      elements: str
      returned: always
problems:
  description: What could not be read, a sentence each, with its place.
  returned: success
  type: list
  elements: str
msg:
  description: How many settings were read.
  returned: always
  type: str
"""
