#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_deliveries
short_description: Prove that many mails travel, or that they are refused
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Sends mails as products would and waits until they are found in their mailboxes, or sees them refused; all at once,
    each with a time limit of its own. A line now and then tells how far it is.
  - Credentials of O(applications) come from their stores. For each of them a token is asked for anew; a token in a
    cache would vouch for an application that has been deleted or disabled since.
  - A failure that Exchange explains by a right that was changed a moment ago is tried again every half minute, for
    C(patience) seconds.
  - M(mailops.modern_auth.mail_delivery) does the same for one mail.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.once
  - mailops.modern_auth.once.microsoft
attributes:
  check_mode:
    support: full
    details: Says what would be sent, and sends nothing.
  diff_mode:
    support: none
    details: Changes nothing that lasts.
  idempotent:
    support: full
    details: Never reports a change. Each run sends mails of its own.
options:
  deliveries:
    description:
      - The mails, as M(mailops.modern_auth.mail_plan) returns them, or written by hand.
      - Each has the options of M(mailops.modern_auth.mail_delivery), and those below.
      - 'C({"fact": "tenant_id"}) and C({"fact": "client_id"}) stand for those of O(deliveries[].application),
        C({"secret": "client_secret"}) for its secret, and C({"secret": PATH}) for one of the secrets of
        O(deliveries[].host), for example C({"secret": "mail_send.password"}).'
      - With C(application) beside it, a fact or C(client_secret) is that of another one of O(applications).
      - 'C({"variable": PATH, "host": HOST}) stands for the value of any variable of a host.'
      - 'C({"token": SCOPE, "account": ADDRESS}) stands for an access token of a person who has signed in to the
        application with M(mailops.modern_auth.oauth_sign_in). If nobody has, or that is over, the mail is left out, and
        C(authorization_required) of RV(hosts) says what to run.'
      - O(mailops.modern_auth.mail_delivery#module:token_cache) is not looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the mail is called. With the same O(deliveries[].host) there is one of a name.
        type: str
        required: true
      host:
        description:
          - The host of the play that the mail is for. RV(hosts) tells it what became of its mails. Those of a host
            that has failed already are left out.
          - The task itself never fails for a mail with a host, and it does fail for one without.
        type: str
      application:
        description:
          - The name of one of O(applications), with whose credential the mail is sent or looked for where references
            name no other.
        type: str
      patience:
        description:
          - For how many seconds a failure is tried again that may pass by itself. It counts only if O(access) says that
            the rights of an application that takes part were changed, or if none does.
        type: int
        default: 0
      needs:
        description:
          - The C(where) of a sign-in. The mail is left out if a step of the play has found that somebody still has to
            sign in there.
        type: str
      sign_in:
        description:
          - A sign-in of a person to the product, on which the mail depends. If the product repeats a refusal that ends
            when the person signs in again, the mail has not failed; C(authorization_required) says why, and C(do).
        type: dict
        suboptions:
          what:
            description: What it authorizes, with an article.
            type: str
            required: true
          where:
            description: Its address.
            type: str
            required: true
          account:
            description: The account to sign in with.
            type: str
            required: true
          do:
            description: What the person has to do.
            type: str
            required: true
      delegate:
        description:
          - Who signs in there, where the mailbox is somebody else's. If the refusal tells that a right on it may be
            missing, the message says whose, and what grants it.
        type: dict
        suboptions:
          account:
            description: Who signs in.
            type: str
            required: true
          mailbox:
            description: The mailbox.
            type: str
            required: true
      remedy:
        description: Where to look if the mail fails, a sentence that is added to the message.
        type: str
      proves:
        description:
          - With C(expect=refused), what the refusal proves. V(mailbox), that the application's right ends before this
            mailbox; V(permission), that it has no permission for this way at all. M(mailops.modern_auth.mail_report)
            tells them apart.
        type: str
        choices: [mailbox, permission]
        default: mailbox
  applications:
    description:
      - The applications that are named, of which C(name), C(unique_name) and C(store) are used, see
        O(mailops.modern_auth.mail_applications#module:applications).
    type: list
    elements: dict
    default: []
  identity:
    description:
      - What M(mailops.modern_auth.mail_applications) returned as
        RV(mailops.modern_auth.mail_applications#module:applications), of which C(changed) is used.
      - A credential that was just made is given a minute until every replica of the identity platform knows it.
    type: dict
    default: {}
  access:
    description:
      - What M(mailops.modern_auth.mail_accesses) returned as RV(mailops.modern_auth.mail_accesses#module:applications),
        of which C(changed) is used.
    type: dict
    default: {}
  slots:
    description:
      - Which of the credentials in the store is used, by the host and then the application's name; C(current) where
        nothing is said, C(pending) or C(previous).
    type: dict
    default: {}
notes:
  - Where the services are is taken from the environment variables that M(mailops.modern_auth.mail_delivery) names,
    unless the delivery says so itself.
  - If a secret stands in O(deliveries), say C(no_log=true) on the task. A reference to it needs no such thing.
seealso:
  - module: mailops.modern_auth.mail_delivery
  - module: mailops.modern_auth.mail_outcome
"""

EXAMPLES = r"""
- name: Prove that two applications send, and that one of them cannot send as somebody else
  mailops.modern_auth.mail_deliveries:
    applications:
      - unique_name: contracts-mail-prod
        store: &store {kind: ansible_vault, path: credentials.yml}
      - unique_name: tickets-mail-prod
        store: *store
    deliveries:
      - name: contracts
        application: contracts-mail-prod
        send: &contracts
          transport: graph
          mailbox: contracts@contoso.example
          tenant_id: {fact: tenant_id}
          client_id: {fact: client_id}
          client_secret: {secret: client_secret}
        receive: &probe
          transport: graph
          mailbox: probe@contoso.example
          tenant_id: contoso.example
          client_id: "{{ reader_client_id }}"
          client_secret: {variable: reader_client_secret, host: localhost}
      - name: tickets
        application: tickets-mail-prod
        send: &tickets
          transport: smtp
          mailbox: tickets@contoso.example
          tenant_id: {fact: tenant_id}
          client_id: {fact: client_id}
          client_secret: {secret: client_secret}
        receive: *probe
      - name: tickets as the director
        application: tickets-mail-prod
        send:
          transport: smtp
          mailbox: director@contoso.example
          tenant_id: {fact: tenant_id}
          client_id: {fact: client_id}
          client_secret: {secret: client_secret}
        to: probe@contoso.example
        expect: refused
  run_once: true
  delegate_to: localhost

- name: Prove what the inventory asks for
  mailops.modern_auth.mail_deliveries:
    deliveries: "{{ planned.deliveries }}"
    applications: "{{ planned.applications }}"
    access: "{{ access.applications }}"
  run_once: true
  delegate_to: localhost
  register: proof
"""

RETURN = r"""
deliveries:
  description: What became of each mail.
  type: list
  elements: dict
  returned: unless O(deliveries) make no sense
  contains:
    name:
      description: What the mail is called.
      type: str
      returned: always
    host:
      description: The host that it is for, or null.
      type: str
      returned: always
    failed:
      description: Whether it did not go as it should.
      type: bool
      returned: always
    msg:
      description: What happened, or in check mode what would be done.
      type: str
      returned: always
    left_out:
      description: True if somebody has to sign in first, see O(deliveries[].needs). It has not failed then.
      type: bool
      returned: if it was left out
    attempts:
      description: How often it was tried.
      type: int
      returned: unless in check mode, or it could not be tried
    proves:
      description: See O(deliveries[].proves).
      type: str
      returned: always
    delivery:
      description: See RV(mailops.modern_auth.mail_delivery#module:delivery).
      type: dict
      returned: unless in check mode, as far as it came
hosts:
  description:
    - By host, C(failed) and C(msg) of the first of its mails that failed, all of them as C(deliveries), and as
      C(authorization_required) what people have to sign in for before the others can be proven.
  type: dict
  returned: unless O(deliveries) make no sense
failed_deliveries:
  description: The names of those that failed, with C(HOST:) before those of a host.
  type: list
  elements: str
  returned: unless O(deliveries) make no sense
  sample: ["ici-prod-1: contracts@contoso.example to probe@contoso.example"]
"""
