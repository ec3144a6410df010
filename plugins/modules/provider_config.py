#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_config
short_description: Write a product's mail settings into a configuration file
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Makes a product's own configuration file on its server say how the product sends its mail.
  - Only the values that are the mail settings are replaced; every other byte of the file stays as it is. The file is
    replaced as a whole, so that the product never reads half of it, and is read back.
  - A file whose settings mean the same already is left alone, however they are written.
  - Nothing but the file itself is written on the server, and the file's content is neither on a command line nor in
    Ansible's folders for temporary files. The connection has to hand on standard input, as C(ssh) does.
  - A link is followed only if root or the user who writes laid it, or if its owner owns the file as well.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff says whether a secret changes, never what it is.
  platform:
    platforms: posix, windows
    support: partial
    details:
      - On Windows it uses modules of the collection ansible.windows, 1.11.0 or later. That path has not been tried on a
        Windows host.
options:
  format:
    description:
      - How settings stand in the file.
      - V(ici_keys) is a JSON file of configuration keys, one of them C(Platform.Email.ProviderConfiguration). V(ici) is
        its former name.
      - V(commonjs) is a JavaScript file that exports its settings, C(module.exports = { ... }). What computes them at a
        place that matters, for example with C(...defaults), is refused, and the message names the place.
      - V(environment) is a file of environment variables, C(NAME=value) on each line. A value is quoted so that shells,
        systemd and dotenv take it for the same.
      - V(web_config) is ASP.NET's C(web.config), whose C(appSettings) are set. It needs lxml. What .NET would take from
        elsewhere (C(configSource), C(file), an encrypted section, a configuration builder) is refused with its place.
    type: str
    choices: [commonjs, environment, ici_keys, web_config, ici]
    required: true
  path:
    description: The file on the server. It must exist, unless O(create) makes it.
    type: str
    required: true
  settings:
    description:
      - The settings, as in RV(mailops.modern_auth.mail_plan#module:hosts).
      - With O(format=environment), the variables by their names.
      - 'With O(format=commonjs), nested dictionaries. C({"environment": NAME}) stands for C(process.env.NAME), a list
        of it and of texts for all of that in one text, and null for a key that must not be there.'
      - With O(format=web_config), texts by the keys, and null for a key that must not be there, in whatever case.
      - 'C({"fact": NAME}) and C({"secret": NAME}) stand for values of O(facts) and O(secrets).'
    type: dict
    required: true
  facts:
    description: Values that the settings refer to and that are no secret.
    type: dict
    default: {}
  secrets:
    description: Secret values that the settings refer to.
    type: dict
    default: {}
  create:
    description:
      - With O(format=ici_keys), add the whole key to the file if it is missing, with its neighbours' formatting.
      - With O(format=environment), make the file if it is missing.
    type: bool
    default: false
  backup:
    description:
      - Keep a copy of the file as it was, beside it.
      - The copy holds whatever secrets the file held.
    type: bool
    default: false
  mode:
    description:
      - The file's permissions in octal, for example V("0600"). It has them before a secret is written into it.
      - Without this option they stay as they are. So do O(owner) and O(group). A file that is made has V("0600").
      - Windows has none, so that it is refused there, as O(group) is.
    type: raw
  owner:
    description: Who owns the file. On Windows, an account that may read it, for example C(IIS AppPool\CMO).
    type: str
  group:
    description: The group of the file.
    type: str
notes:
  - If O(secrets) are given in the clear, say C(no_log=true) on the task. M(mailops.modern_auth.mail_targets) takes them
    from the store itself, so that none is an argument.
requirements:
  - python >= 3.11, on the controller
  - lxml >= 5.0 (O(format=web_config)), on the controller
seealso:
  - module: mailops.modern_auth.mail_targets
"""

EXAMPLES = r"""
- name: Let ICI send through Graph
  mailops.modern_auth.provider_config:
    format: ici_keys
    path: /srv/ici/ConfigurationKeys.json
    settings:
      provider: GRAPH
      configuration:
        TenantId: {fact: tenant_id}
        ClientId: {fact: client_id}
        ClientSecret: {secret: client_secret}
        EmailId: contracts@contoso.example
        Name: Contracts
    facts:
      tenant_id: 11111111-2222-3333-4444-555555555555
      client_id: 66666666-7777-8888-9999-000000000000
    secrets:
      client_secret: "{{ vaulted_client_secret }}"
    backup: true
  no_log: true

- name: Let Team assistant read the mailbox's address from its environment
  mailops.modern_auth.provider_config:
    format: commonjs
    path: /srv/tas/local.js
    settings: {mail: {smtp: {auth: {user: {environment: TAS_SMTP_AUTH_USER}}}}}

- name: Put it there
  mailops.modern_auth.provider_config:
    format: environment
    path: /srv/tas/environment
    settings: {TAS_SMTP_AUTH_USER: tickets@contoso.example}
    create: true
    mode: "0600"
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
  sample: /srv/ici/ConfigurationKeys.json
backup_file:
  description: The copy of the file as it was.
  type: str
  returned: changed and O(backup=true)
  sample: /srv/ici/ConfigurationKeys.json.4021.2026-02-03@10:00:00~
"""
