# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: oauth_sign_in
short_description: Have a person sign in once, so that mails can be proven in their name
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Some products use a mailbox in the name of a person who has signed in. What they can do, nobody but that person can
    try. With this sign-in M(mailops.modern_auth.mail_deliveries) sends and reads in the person's name.
  - It is a sign-in of this collection's own, beside that of the product, which stays where the product keeps it.
  - Whoever has signed in is not asked again. The refresh token is tried, and a new one is kept now and then, so that it
    does not end. Where that is refused, for example since the password was changed, the person is asked to sign in.
  - What to open, the code to enter and the account to use are shown while the task runs.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
    details: Tries whether somebody has signed in, and asks nobody.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  account:
    description:
      - The name by which the person signs in, as a rule their e-mail address. If somebody else does, nothing is kept.
    type: str
    required: true
  scopes:
    description:
      - What tokens are asked for. The person signs in for the first; the others need the consent of an administrator.
      - By default what the application has of Exchange Online, C(https://outlook.office365.com/.default) or what it is
        in O(cloud).
    type: list
    elements: str
  unique_name:
    description: The name of the application in O(store), from which its client id, tenant and secret are taken.
    type: str
  tenant_id:
    description: The tenant in which the person signs in.
    type: str
  client_id:
    description: The application that the person signs in to, if not O(unique_name) says it.
    type: str
  client_secret:
    description: Its secret, if it has one. An application without allows public client flows.
    type: str
  store:
    description:
      - Where the sign-in is kept, and what O(unique_name) is looked up in, as
        O(mailops.modern_auth.mail_applications#module:applications[].store).
      - It has an entry of its own there, which is called after the application, with C(sign-ins/) before the name.
    type: dict
  keep_in:
    description:
      - V(keyring) is the keyring of the desktop, by msal-extensions; V(store) is O(store); V(auto) is the keyring where
        there is one, and the store elsewhere.
      - A keyring is of use on one machine, to one user.
    type: str
    choices: [auto, keyring, store]
    default: auto
  flow:
    description:
      - V(device_code) shows an address and a code, with which the person signs in on any device. The application must
        allow public client flows, and has no secret.
      - V(authorization_code), with PKCE, shows an address for a browser on this machine, which comes back to it by
        C(http://localhost). That must be among the application's redirect URIs, under C(web) if it has a secret and
        under C(public_client) if not. From elsewhere, for example by C(ssh -L), forward O(port).
      - V(auto) is V(authorization_code) for an application with a secret, and V(device_code) for one without.
    type: str
    choices: [auto, device_code, authorization_code]
    default: auto
  port:
    description: Where the browser comes back to, with V(authorization_code); 0 is any that is free.
    type: int
    default: 0
  wait:
    description: For how many seconds the person may take.
    type: int
    default: 900
  interactive:
    description:
      - With V(auto), the task fails at once if somebody would have to sign in and Ansible was started at no terminal.
      - V(always) shows what to do in any case, for example where somebody watches the output of a job. V(never) fails.
    type: str
    choices: [auto, always, never]
    default: auto
  cloud:
    description: See O(mailops.modern_auth.mail_delivery#module:cloud), for all options about where the services are.
    type: str
    choices: [global, us_government, us_government_dod, china, custom]
  authority_host:
    description: See O(mailops.modern_auth.mail_delivery#module:authority_host).
    type: str
  graph_endpoint:
    description: See O(mailops.modern_auth.mail_delivery#module:graph_endpoint).
    type: str
  ca_path:
    description: See O(mailops.modern_auth.mail_delivery#module:ca_path).
    type: path
  timeout:
    description: See O(mailops.modern_auth.mail_delivery#module:timeout), for an answer of the identity platform.
    type: int
notes:
  - It runs on the machine that runs Ansible. Say C(run_once=true) for a play with several hosts.
  - The playbook C(mailops.modern_auth.sign_in_mail) does this for all hosts whose mail cannot be proven otherwise.
  - No token is part of a result or a message. Anybody who may open the store may use the sign-in.
seealso:
  - module: mailops.modern_auth.mail_deliveries
requirements:
  - msal >= 1.35
  - msal-extensions >= 1.2, and PyGObject with libsecret on Linux, for a keyring
"""

EXAMPLES = r"""
- name: Sign in to an application of the store's, whose mail is to be proven
  mailops.modern_auth.oauth_sign_in:
    unique_name: integration-mail-prod
    account: integration-prod@contoso.example
    store: {kind: ansible_vault, path: credentials.yml}
  run_once: true

- name: Sign in on any device, to an application without a secret
  mailops.modern_auth.oauth_sign_in:
    tenant_id: contoso.example
    client_id: 22222222-3333-4444-5555-666666666666
    account: probe@contoso.example
    scopes: [https://graph.microsoft.com/.default]
    store: {kind: ansible_vault, path: credentials.yml}
    flow: device_code
  run_once: true
"""

RETURN = r"""
account:
  description: Who has signed in, or has to.
  type: str
  returned: success
since:
  description: When they did, in UTC; null if they have not.
  type: str
  returned: success
  sample: "2026-11-28T21:00:00Z"
"""
