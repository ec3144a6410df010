#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: integration_server_smtp
short_description: Manage how webMethods Integration Server sends its notifications
description:
  - Changes the server-wide SMTP settings, by which the server tells of errors, through the Administrator API.
  - With O(oauth), which takes Integration Server 10.15, a person signs in, in the server's administrator. Until then
    the module does not fail, and RV(authorization_required) says what to open and to press.
  - Each field is looked up in what the server says of itself before anything is written.
  - An option that is left out is left alone. Services that send by C(pub.client:smtp) may have settings of their own.
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
extends_documentation_fragment:
  - mailops.modern_auth.api
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
options:
  host:
    description: The mail server.
    type: str
  port:
    description: The mail server's port.
    type: int
  tls:
    description: How the connection is encrypted. Microsoft 365 takes V(starttls) alone.
    type: str
    choices: [none, starttls, implicit]
  user:
    description: The mailbox, or whoever signs in to it with O(password).
    type: str
  password:
    description: The user's password.
    type: str
  oauth:
    description:
      - The application to which a person signs in, in place of O(password).
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
          What is asked for, for example V(offline_access https://outlook.office365.com/SMTP.Send).
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
  internal_email:
    description: Who is told of critical log entries.
    type: str
  service_email:
    description: Who is told of services that fail.
    type: str
  charset:
    description: The character set.
    type: str
  trust_store:
    description: The alias of the trust store that holds the mail server's authorities.
    type: str
  token_refresh_interval:
    description: How often the access token is renewed, as the server has it. With OAuth.
    type: int
  secret_fingerprint:
    description:
      - The RV(secret_fingerprint) that the module gave back when it wrote the secrets last, since the server does not
        give them back. The secrets are written if they are others. Nobody can tell them by it.
      - Without it they are written each time, and the module says that it has changed something.
    type: str
notes:
  - The names of the API's fields beside those of OAuth are inferred, from what the vendor's Deployer calls the same
    settings.
seealso:
  - module: mailops.modern_auth.integration_server_email_port
"""

EXAMPLES = r"""
- name: Send the server's notifications through Microsoft 365
  mailops.modern_auth.integration_server_smtp:
    url: https://is.contoso.example:5543
    authentication:
      username: Administrator
      password: "{{ vault_is_password }}"
    host: smtp.office365.com
    port: 587
    tls: starttls
    user: integration@contoso.example
    internal_email: operators@contoso.example
    oauth:
      auth_url: https://login.microsoftonline.com/0f0e0d0c-1111-2222-3333-444455556666/oauth2/v2.0/authorize
      access_token_url: https://login.microsoftonline.com/0f0e0d0c-1111-2222-3333-444455556666/oauth2/v2.0/token
      client_id: "{{ integration_client_id }}"
      client_secret: "{{ vault_integration_client_secret }}"
      scope: offline_access https://outlook.office365.com/SMTP.Send
    secret_fingerprint: "{{ smtp_fingerprint | default(omit) }}"

- name: Send them through the company's relay
  mailops.modern_auth.integration_server_smtp:
    url: https://is.contoso.example:5543
    authentication:
      username: Administrator
      password: "{{ vault_is_password }}"
    host: relay.contoso.example
    port: 587
    tls: starttls
    user: integration
    password: "{{ vault_relay_password }}"
"""

RETURN = r"""
notification:
  description: The settings as the API shows them, without their secrets.
  returned: success
  type: dict
  sample: {smtpServer: smtp.office365.com, smtpPort: 587, transportSecurity: explicit, authType: OAuth}
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
    - what: the notifications of
      where: https://is.contoso.example:5543
      account: integration@contoso.example
      since: null
      do: Open https://is.contoso.example:5543/WmRoot/settings-resources.dsp as an administrator, go to ...
"""

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import access, api_module, settle
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import reporting
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server_options import (
    NOTIFICATION,
    notification,
)


def main() -> None:
    """Run the module."""
    # A fingerprint is no secret.
    options = {**NOTIFICATION, "secret_fingerprint": {"no_log": False}}
    module = api_module(options, mutually_exclusive=[("password", "oauth")])
    with reporting(module):
        settle(module, notification(module.params, access(module.params)), "notification")


if __name__ == "__main__":
    main()
