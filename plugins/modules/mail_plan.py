#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_plan
short_description: Work out what the mail settings of many hosts need
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the C(mail_*) variables of each host, checks them, and works out what has to be configured, which applications
    that needs, which rights those need, and which mails prove it. It changes nothing and asks no service.
  - P(mailops.modern_auth.mail_plan#role) documents the variables.
  - Each host's problems are listed with the paths of the variables, and so is what is wrong between hosts that share an
    application. The task itself does not fail; M(mailops.modern_auth.mail_outcome) fails the host.
  - A host without any C(mail_*) variable is left out, and so is C(localhost) without C(mail_product).
  - What connection options would take from the environment is taken here, so that product, application and proof
    never differ.
  - What it returns holds no secrets but references to them, so that it may be shown and cached.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.info
  - mailops.modern_auth.once
options:
  hosts:
    description: The hosts to plan for. The default is the hosts of the play's batch.
    type: list
    elements: str
  inventory:
    description:
      - All hosts among which those are looked for that share an application. The default is the whole inventory.
    type: list
    elements: str
  proofs:
    description: Whether mails are planned that prove it. If not, C(mail_verify) is not looked at.
    type: bool
    default: true
  reader:
    description:
      - Options that C(mail_verify.receive) is given beside its own, for an inventory that does not say yet who reads
        the mailbox of the proof.
    type: dict
    default: {}
  secrets:
    description:
      - Whether secrets are read, so that it is known whether they are there and make sense. Where they are not, nothing
        is asked for them, such as a vault or an environment variable, as far as they stand in the variables by their
        own names.
    type: bool
    default: true
    version_added: 0.4.0
  unused:
    description:
      - Unique names of applications that the stores of the hosts hold and no host uses any more. The work is about
        these alone then, so that they can be removed. The stores are asked for them.
    type: list
    elements: str
    default: []
seealso:
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Plan
  mailops.modern_auth.mail_plan:
  run_once: true
  delegate_to: localhost
  register: planned

- name: Fail the hosts whose settings have problems
  mailops.modern_auth.mail_outcome:
    outcome: "{{ planned.hosts[inventory_hostname] | default({}) }}"

- name: Show which application sends from which mailbox
  ansible.builtin.debug:
    msg: "{{ item.unique_name }}: {{ item.permissions }}"
  loop: "{{ planned.applications }}"
  run_once: true
"""

RETURN = r"""
hosts:
  description: By host, C(failed) and C(msg) with all problems, and what is planned for it.
  type: dict
  returned: always
  contains:
    failed:
      description: Whether its settings have problems.
      type: bool
      returned: always
    msg:
      description: The problems, one a line.
      type: str
      returned: always
    product:
      description: Its product.
      type: str
      returned: always
    environment:
      description: Its environment.
      type: str
      returned: always
    applications:
      description:
        - Those that its product signs in as, what was given of each and what it needs. Their C(name) is the one among
          RV(applications).
      type: list
      elements: dict
      returned: always
    targets:
      description: What has to be configured, the option O(mailops.modern_auth.mail_targets#module:targets). The options
        C(encryption), C(loads), C(restart_command) and C(backup) of that module stand beside it.
      type: list
      elements: dict
      returned: always
    store:
      description: Where its application's credential is, the option O(mailops.modern_auth.mail_targets#module:store).
      type: dict
      returned: always
    mailboxes:
      description: The mailboxes that its application uses. C(foreign) and C(reader) are those of the proof, and
        C(reads) says how the latter is read.
      type: list
      elements: str
      returned: always
applications:
  description: The applications of all hosts without problems, the option
    O(mailops.modern_auth.mail_applications#module:applications).
  type: list
  elements: dict
  returned: always
  sample:
    - name: 11111111-2222-3333-4444-555555555555/contracts-mail-prod
      unique_name: contracts-mail-prod
      display_name: Contracts mail
      environment: prod
      permissions: [{resource: Microsoft Graph, application: [Mail.Send], delegated: []}]
      exclusive: false
      exchange: null
      secret: {lifetime: 180d, renew_within: 30d}
      entra:
        tenant_id: 11111111-2222-3333-4444-555555555555
        client_id: 22222222-3333-4444-5555-666666666666
        client_secret: {variable: mail_entra.client_secret, host: ici-prod-1}
      store: {kind: ansible_vault, path: /etc/mail/.credentials/prod.yml}
      hosts: [ici-prod-1, ici-prod-2]
deliveries:
  description: The mails that prove it, the option O(mailops.modern_auth.mail_deliveries#module:deliveries).
  type: list
  elements: dict
  returned: always
sign_ins:
  description:
    - The sign-ins of people without which not every mail can be proven, each with options of
      M(mailops.modern_auth.oauth_sign_in) and the C(hosts) that it is for.
  type: list
  elements: dict
  returned: always
stores:
  description:
    - Each store once, with how it and its applications are reached, and as C(applications) the unique names that the
      inventory uses. M(mailops.modern_auth.mail_report) names what a store holds besides.
  type: list
  elements: dict
  returned: always
left_out:
  description: The hosts that nothing is planned for.
  type: list
  elements: str
  returned: always
"""
