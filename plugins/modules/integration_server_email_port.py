#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: integration_server_email_port
short_description: Manage an e-mail port of webMethods Integration Server
description:
  - Makes, changes or removes an e-mail port through the Administrator API. Such a port reads a mailbox and runs
    services with what it finds.
  - A port is made disabled and then enabled. With O(oauth) that takes the sign-in of a person, in the server's
    administrator; until then the module does not fail, and RV(authorization_required) says what to open and to press.
  - OAuth needs Integration Server 10.7 or later, 10.5 with Core Fix 7, or 10.3 with Core Fix 14. Each field is looked
    up in what the server says of itself before anything is written.
  - An option that is left out is left alone.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.api.object
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
options:
  alias:
    description: The port's name, 1 to 255 letters, digits, C(_), C(.) and C(-).
    type: str
    required: true
  transport:
    description: How the mailbox is read. A new port reads by V(imap).
    type: str
    choices: [imap, pop3]
  host:
    description: The mail server. Required for a new port.
    type: str
  port:
    description: The mail server's port.
    type: int
  tls:
    description: How the connection is encrypted. A new port's is not.
    type: str
    choices: [none, starttls, implicit]
  user:
    description: The mailbox, or whoever signs in to it with O(password). Required for a new port.
    type: str
  password:
    description: The user's password.
    type: str
  oauth:
    description:
      - The application to which a person signs in, in place of O(password). With imap alone.
    type: dict
    suboptions:
      auth_url:
        description: >-
          Where the person signs in. For Microsoft 365 it is
          C(https://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize).
        type: str
        required: true
      access_token_url:
        description: Where tokens are. For Microsoft 365 it is C(https://login.microsoftonline.com/TENANT/oauth2/v2.0/token).
        type: str
        required: true
      client_id:
        description: The application's id.
        type: str
        required: true
      client_secret:
        description: The application's secret.
        type: str
        required: true
      scope:
        description: >-
          What is asked for, for example V(offline_access https://outlook.office365.com/IMAP.AccessAsUser.All).
          Without C(offline_access) the server cannot keep the sign-in.
        type: str
        required: true
      redirect_url:
        description: >-
          Where the person is sent back to; it has to be among the application's redirect URIs. The default is
          C(/WmRoot/security-oauth-get-authcode.dsp) at O(url).
        type: str
      account:
        description: Who signs in. The default is O(user).
        type: str
  package:
    description: The package to which the port belongs. Where that is disabled, so is the port. Required for a new port.
    type: str
  interval:
    description: How many seconds pass from one look into the mailbox to the next, 1 to 9999. Required for a new port.
    type: int
  run_as_user:
    description: As which user services run. Goes with O(authenticate_with_message=false), and is required there.
    type: str
  authenticate_with_message:
    description: Whether each mail has to name a user and a password. It does for a new port.
    type: bool
  global_service:
    description: The service that is run with every mail, whatever it names.
    type: str
  default_service:
    description: The service that is run with a mail that names none.
    type: str
  reply:
    description: Whether the service's output is sent back.
    type: bool
  reply_on_error:
    description: Whether errors are sent back.
    type: bool
  multithreaded:
    description: Whether several mails are handled at a time. With imap alone.
    type: bool
  threads:
    description: How many, 0 to 99. With O(multithreaded) alone.
    type: int
  include_headers:
    description: Whether services are given the mail's headers.
    type: bool
  logout:
    description: Whether the session ends after each look. With pop3 alone.
    type: bool
  remove:
    description: Whether mails that were handled are deleted. With pop3 they always are.
    type: bool
  delete_invalid:
    description: Whether mails that could not be handled are deleted. With pop3 they always are.
    type: bool
  invoke_per_part:
    description: Whether the service is run for each part of a mail.
    type: bool
  url_encoded_body:
    description: Whether the mail's body is URL encoded, as it has to be with O(authenticate_with_message).
    type: bool
seealso:
  - module: mailops.modern_auth.integration_server_email_port_info
  - module: mailops.modern_auth.integration_server_smtp
  - module: mailops.modern_auth.entra_application
"""

EXAMPLES = r"""
- name: Read the mailbox of the orders with the sign-in of a person
  mailops.modern_auth.integration_server_email_port:
    url: https://is.contoso.example:5543
    authentication:
      username: Administrator
      password: "{{ vault_is_password }}"
    ca_path: /etc/ssl/contoso.pem
    alias: orders
    package: Orders
    interval: 60
    host: outlook.office365.com
    port: 993
    tls: implicit
    user: orders@contoso.example
    default_service: orders.inbox:receive
    oauth:
      auth_url: https://login.microsoftonline.com/0f0e0d0c-1111-2222-3333-444455556666/oauth2/v2.0/authorize
      access_token_url: https://login.microsoftonline.com/0f0e0d0c-1111-2222-3333-444455556666/oauth2/v2.0/token
      client_id: "{{ orders_client_id }}"
      client_secret: "{{ vault_orders_client_secret }}"
      scope: offline_access https://outlook.office365.com/IMAP.AccessAsUser.All
    secret_fingerprint: "{{ orders_fingerprint | default(omit) }}"
  register: orders

- name: Say what a person has to do
  ansible.builtin.debug:
    msg: "{{ item.do }}"
  loop: "{{ orders.authorization_required | default([]) }}"

- name: Remove a port
  mailops.modern_auth.integration_server_email_port:
    url: https://is.contoso.example:5543
    authentication:
      username: Administrator
      password: "{{ vault_is_password }}"
    alias: orders
    state: absent
"""

RETURN = r"""
port:
  description: The port as the API shows it, without its secrets; null if it is absent.
  returned: success
  type: dict
  sample: {alias: orders, enabled: true, type: IMAP, host: outlook.office365.com, user: orders@contoso.example}
secret_fingerprint:
  description: >-
    Of the secrets that were written last. Give it back the next time, see O(secret_fingerprint). Nobody can tell them
    by it.
  returned: if secrets were given
  type: str
  sample: 6f2c...:9a41...
sign_ins:
  description: >-
    The sign-in that it takes; C(what) it is for, C(where) that is, the C(account) to sign in with, C(since) when it was
    done if that is known, and what to C(do).
  returned: with O(oauth)
  type: list
  elements: dict
authorization_required:
  description: >-
    The same, if nobody has signed in; C(do) is what to open, and what to press there.
  returned: if nobody has signed in
  type: list
  elements: dict
  sample:
    - what: the e-mail port
      where: orders at https://is.contoso.example:5543
      account: orders@contoso.example
      since: null
      do: Open https://is.contoso.example:5543/WmRoot/security-ports.dsp as an administrator, go to ...
"""

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import access, api_object_module, settle
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server_options import (
    EMAIL_PORT,
    email_port,
)


def main() -> None:
    """Run the module."""
    module = api_object_module(EMAIL_PORT, mutually_exclusive=[("password", "oauth")])
    with reporting(module):
        settle(module, email_port(module.params, access(module.params)), "port")


if __name__ == "__main__":
    main()
