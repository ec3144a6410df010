#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_config
short_description: Write a product's mail settings into its configuration file
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Makes a product's own configuration file on its server say how the product sends its mail.
  - Only the value that holds the mail settings is replaced; every other byte of the file stays as it is. The file is
    replaced as a whole, so that the product never reads half of it, and is read back.
  - A file whose settings mean the same already is left alone, however they are written.
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
      - On Windows it uses M(ansible.windows.slurp) and M(ansible.windows.win_copy) of the collection ansible.windows.
        That path has not been tried on a Windows host.
options:
  product:
    description: The product whose file it is.
    type: str
    choices: [ici]
    required: true
  path:
    description:
      - The file on the server. It must exist.
      - For V(ici), a JSON file of configuration keys, one of them C(Platform.Email.ProviderConfiguration).
    type: str
    required: true
  settings:
    description:
      - The settings, as C(provider.settings) of the plan that P(mailops.modern_auth.mail_plan#filter) makes.
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
    description: Add the whole setting to the file if it is missing, with its neighbours' formatting.
    type: bool
    default: false
  backup:
    description:
      - Keep a copy of the file as it was, beside it.
      - The copy holds whatever secrets the file held.
    type: bool
    default: false
seealso:
  - plugin: mailops.modern_auth.mail_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Let ICI send through Graph
  mailops.modern_auth.provider_config:
    product: ici
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
