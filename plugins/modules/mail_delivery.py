#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proves that a mail travels, or that it is refused."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_delivery
short_description: Prove that a mail travels, or that it is refused
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Sends one mail as an application would, by Microsoft Graph or by SMTP, and waits until it is found in a mailbox, by
    Microsoft Graph, IMAP or POP3. Then it deletes the mail.
  - A product that only people can sign in to is made to send the mail itself, by its own REST API, with
    O(send.transport=web), and may be asked what it received with O(receive.transport=web). With O(expect=taken) the
    mail is put into the product's mailbox, and the product has to take it out.
  - Or the other way round, with O(expect=refused), succeeds if the sending service refuses the mail; or, without
    O(send), if the receiving service does not open the mailbox.
  - The mail is known by a Message-ID of its own. Since some services replace the Message-ID, Exchange Online's
    submission among them, the subject ends with a random token as well, by which the mail is found, too.
  - The mailbox is opened before anything is sent, so that no mail is left behind that could not be found or deleted.
  - Microsoft Graph is given the whole message in MIME form, since its JSON form has no place for a Message-ID. In that
    form a copy is always kept in Sent Items.
  - A mail that may have been taken is not sent again. Only if Microsoft Graph answered with an error of the server's,
    the mail is looked for, and sent again if it does not appear within a quarter of the time; a second copy is deleted
    as well. With O(expect=refused) it is sent again at once.
  - A proof gets its token anew. O(token_cache) is taken, so that it can be set for all modules alike, but a token in it
    would vouch for an application that has been deleted or disabled since, and is not looked at.
extends_documentation_fragment:
  - mailops.modern_auth.endpoints
  - mailops.modern_auth.attributes
attributes:
  check_mode:
    support: full
    details: Checks that the options fit together and that files can be read, and sends nothing.
  diff_mode:
    support: none
    details: Changes nothing that lasts.
  idempotent:
    support: full
    details: Never reports a change. Each run sends a mail of its own.
options:
  send:
    description: How the mail is sent. With O(expect=refused) and O(receive) it may be left out.
    type: dict
    suboptions:
      transport:
        description: The service to send by; V(web) is the REST API of the product, see O(send.web).
        type: str
        choices: [graph, smtp, web]
        required: true
      authentication:
        description:
          - How to sign in. V(basic) means AUTH PLAIN or LOGIN, whatever the server offers; V(none) sends without a
            sign-in, by a relay that allows that.
          - O(send.transport=graph) takes V(oauth2) alone.
        type: str
        choices: [oauth2, basic, none, google_service_account]
        default: oauth2
      host:
        description:
          - The SMTP server, a name or an address without a port. The default is the submission service of O(cloud),
            C(smtp.office365.com) in the global one.
          - Needed with O(send.authentication=none).
        type: str
      port:
        description:
          - The server's port. The default is V(465) with O(send.tls=implicit), otherwise V(587), or V(25) with
            O(send.authentication=none).
        type: int
      tls:
        description:
          - How the connection is encrypted, with the meaning of MailKit's SecureSocketOptions. Certificates and host
            names are always verified, and an upgrade that was offered and fails is a failure with each of them.
          - V(implicit) starts TLS with the first byte; V(starttls) upgrades the connection and fails if the server
            does not offer that; V(starttls_optional) upgrades it if the server offers that; V(none) does not encrypt.
          - V(auto) is V(implicit) on the protocol's own port for that, 465 for SMTP, 993 for IMAP and 995 for POP3, and
            V(starttls_optional) on every other.
          - An access token is never sent without TLS.
          - The default is V(implicit) on port 465, otherwise V(starttls).
        type: str
        choices: [none, auto, implicit, starttls, starttls_optional]
      mailbox:
        description:
          - The sending mailbox. With O(send.authentication=oauth2) it is the mailbox that the application opens, and
            needed.
          - With O(send.transport=graph) it may also be the object ID of a user.
        type: str
      messages_per_session:
        description:
          - How many mails to send in one session, as an application does that keeps its sessions open. All have to
            arrive, and all are deleted.
          - It is a failure, which tells the number, if the server takes fewer.
          - With O(expect=refused) one mail is sent. O(send.transport=graph) has no sessions.
          - The default is one mail. At most 100.
        type: int
        version_added: 0.3.0
      username: &username
        description: The user name for authentication V(basic).
        type: str
      password: &password
        description: The password for authentication V(basic).
        type: str
      auth_source: &auth_source
        description:
          - Where the access token comes from, for authentication V(oauth2).
          - With V(auto) the first credential that is given counts.
        type: str
        choices: [auto, client_secret, client_certificate, managed_identity, azure_cli, workload_identity, access_token]
        default: auto
      tenant_id: &tenant_id
        description: The tenant of the application that signs in, its ID or one of its domains.
        type: str
      client_id: &client_id
        description: The application (client) ID of the application that signs in.
        type: str
      client_secret: &client_secret
        description: The value of the application's client secret, not the secret's ID.
        type: str
      certificate_path: &certificate_path
        description: A file with the application's certificate and private key, in PEM form or as PKCS#12.
        type: path
      certificate_password: &certificate_password
        description: The password of the certificate's file.
        type: str
      federated_token_file: &federated_token_file
        description: A file with a token of another identity provider that the application trusts.
        type: path
      access_token: &access_token
        description: A ready access token for the service.
        type: str
      managed_identity_client_id: &managed_identity_client_id
        description: The client ID of a user-assigned managed identity.
        type: str
      google: &google
        description:
          - The service account of Google that signs in for the mailbox with C(google_service_account).
          - The mailbox's domain has to have delegated the scope V(https://mail.google.com/) to it.
        type: dict
        suboptions:
          key_file:
            description: The file with the account's key as Google hands it out, JSON or P12. Or give C(key).
            type: path
          key:
            description: The content of such a file, of a P12 file in base64.
            type: str
          key_password:
            description: The password of a P12 file. The default is V(notasecret), which Google gives all of them.
            type: str
          service_account:
            description: The account's address. Required with a P12 file, which does not say it.
            type: str
          token_uri:
            description: The token endpoint. The default is the one that the JSON file names, else Google's.
            type: str
      web:
        description:
          - What a product is asked, so that it sends the mail itself. Needed with O(send.transport=web), which takes
            O(send.mailbox) beside it and nothing else.
          - The product makes a mail of its own, so that the mail is known by the token in its subject alone.
          - A refusal is told in the product's own words, with the remedy for the mail service's or the identity
            platform's refusal that it repeats.
        type: dict
        version_added: 0.3.0
        suboptions:
          url: &web_url
            description:
              - The address, by https. C({id}) in it stands for the id that C(listed) finds.
            type: str
            required: true
          method:
            description: The method of the request.
            type: str
            choices: [POST, PUT]
            default: POST
          body:
            description:
              - The JSON object that is sent.
              - 'C({"mail": NAME}) in it stands for what the mail has, its C(sender), its C(recipient), its C(subject),
                its C(text) or its C(message_id).'
            type: dict
            required: true
          accepted:
            description:
              - What has to be in the answer for the mail to be sent, beside a status of success; regular expressions by
                the fields' names, with dots for a field in an object. A field that is missing counts as empty.
            type: dict
            default: {}
          listed: &web_listed
            description: Where the C({id}) in the address is, for an object whose id nobody but the product knows.
            type: dict
            suboptions:
              url:
                description: The address of the list, by https.
                type: str
                required: true
              rows:
                description: The field of the answer that is the list; without it, the answer is the list.
                type: str
              id:
                description: The field of a row that is its id.
                type: str
                default: id
              by:
                description: What the row's fields are. Exactly one row has to be so.
                type: dict
                required: true
          authentication: &web_authentication
            description: C(username) and C(password), or a bearer C(token), or a C(header) and its C(value).
            type: dict
            default: {}
          ca_path: &web_ca_path
            description: A PEM file of authorities to trust in place of those of O(ca_path).
            type: path
  receive:
    description:
      - Where the mail is looked for.
      - May only be left out with O(expect=refused); then a mail that is accepted after all is not deleted.
    type: dict
    suboptions:
      transport:
        description:
          - The service to look by.
          - V(graph) and V(imap) look into the junk folder as well, which V(pop3) cannot see.
          - V(web) is the REST API of the product, see O(receive.web).
        type: str
        choices: [graph, imap, pop3, web]
        required: true
      authentication:
        description: How to sign in. O(receive.transport=graph) takes V(oauth2) alone.
        type: str
        choices: [oauth2, basic, google_service_account]
        default: oauth2
      host:
        description:
          - The IMAP or POP3 server. The default is the one of O(cloud), C(outlook.office365.com) in the global one.
        type: str
      port:
        description:
          - The server's port. The default is V(993) for IMAP and V(995) for POP3, or V(143) and V(110) if
            O(receive.tls) is V(starttls), V(starttls_optional) or V(none).
        type: int
      tls:
        description: As O(send.tls). The default is V(starttls) on ports 143 and 110, otherwise V(implicit).
        type: str
        choices: [none, auto, implicit, starttls, starttls_optional]
      mailbox:
        description: The receiving mailbox; needed with O(receive.authentication=oauth2).
        type: str
      username: *username
      password: *password
      auth_source: *auth_source
      tenant_id: *tenant_id
      client_id: *client_id
      client_secret: *client_secret
      certificate_path: *certificate_path
      certificate_password: *certificate_password
      federated_token_file: *federated_token_file
      access_token: *access_token
      managed_identity_client_id: *managed_identity_client_id
      google: *google
      web:
        description:
          - The list in which a product shows the mails that it has received. Needed with O(receive.transport=web).
          - Nothing is deleted there.
        type: dict
        version_added: 0.3.0
        suboptions:
          url: *web_url
          rows:
            description: The field of the answer that is the list; without it, the answer is the list.
            type: str
          subject:
            description: The field of a row that is the mail's subject, with dots for a field in an object.
            type: str
            default: subject
          listed: *web_listed
          authentication: *web_authentication
          ca_path: *web_ca_path
  from:
    description:
      - The address of the sender, in the header From and in the envelope.
      - The default is O(send.mailbox), or O(send.username) if that is an address.
    type: str
  to:
    description:
      - The address of the recipient. It may be another one than the mailbox's own, for example that of a distribution
        list.
      - The default is O(receive.mailbox), or O(receive.username) if that is an address.
    type: str
  override:
    description:
      - The addresses to which the application sends all its mail instead, whoever it is for. The mail is sent to each
        of them and to nobody else, O(to) included.
      - O(receive) is the mailbox of one of them; copies in the mailboxes of the others stay there.
      - V(None), the vendors' word, means that nothing is redirected.
    type: list
    elements: str
    version_added: 0.3.0
  subject:
    description: The subject. A random token in brackets is added to it.
    type: str
    default: Mail delivery check
  headers:
    description: Further headers of the mail, text by name.
    type: dict
    default: {}
  expect:
    description:
      - V(delivered) succeeds if the mail arrives in the inbox.
      - V(refused) succeeds if the sending service refuses the sign-in, the mail, or the mail at the end of its data.
        Without O(send), nothing is sent, and it succeeds if the receiving service refuses the sign-in or the mailbox.
      - A service that cannot be reached, that puts the mail off, or an identity platform that gives no token is no
        refusal.
      - V(taken) puts the mail into the inbox of O(receive), by O(receive.transport=imap), as if it had just arrived. It
        succeeds if somebody reads, moves or deletes it. That is the product whose mailbox it is, and nobody else should
        look into it meanwhile. There is no O(send) then.
    type: str
    choices: [delivered, refused, taken]
    default: delivered
  timeout:
    description: Seconds to wait for the mail, counted from its sending.
    type: int
    default: 180
  poll_interval:
    description: Seconds before the second look into the mailbox. The pauses grow by half, up to half a minute.
    type: float
    default: 2
  request_timeout:
    description: Seconds to wait for a connection, and for each part of an answer.
    type: int
    default: 30
  cleanup:
    description:
      - Delete the mail from the receiving mailbox for good. It is an error if that is not possible.
      - The copy in the sender's Sent Items is deleted as well as far as the given rights allow;
        RV(delivery.cleaned_up.sent_items) says what became of it.
    type: bool
    default: true
seealso:
  - module: mailops.modern_auth.entra_admin_consent
"""

EXAMPLES = r"""
- name: A mail that an application sends by Microsoft Graph arrives
  mailops.modern_auth.mail_delivery:
    send:
      transport: graph
      mailbox: contracts@contoso.example
      tenant_id: contoso.example
      client_id: "{{ contracts_client_id }}"
      client_secret: "{{ contracts_client_secret }}"
    receive:
      transport: imap
      mailbox: probe@contoso.example
      tenant_id: contoso.example
      client_id: "{{ reader_client_id }}"
      client_secret: "{{ reader_client_secret }}"

- name: A mail that goes through the company's relay arrives
  mailops.modern_auth.mail_delivery:
    send:
      transport: smtp
      authentication: basic
      host: relay.contoso.example
      tls: starttls
      username: apikey
      password: "{{ relay_password }}"
    from: contracts@contoso.example
    receive:
      transport: graph
      mailbox: probe@contoso.example
      tenant_id: contoso.example
      client_id: "{{ reader_client_id }}"
      certificate_path: /etc/mail-reader.pem

- name: Three mails in one session go through a relay that wants no sign-in, all redirected to a tester
  mailops.modern_auth.mail_delivery:
    send:
      transport: smtp
      authentication: none
      host: relay.contoso.example
      tls: starttls_optional
      messages_per_session: 3
    from: contracts@contoso.example
    to: customer@example.com
    override: [tester@contoso.example]
    receive:
      transport: imap
      mailbox: tester@contoso.example
      tenant_id: contoso.example
      client_id: "{{ reader_client_id }}"
      client_secret: "{{ reader_client_secret }}"

- name: A mail goes out through Gmail and is found there, by a service account with delegation
  mailops.modern_auth.mail_delivery:
    send:
      transport: smtp
      authentication: google_service_account
      mailbox: orders@example.org
      google: &account
        key_file: keys/mail.json
    receive:
      transport: imap
      authentication: google_service_account
      mailbox: probe@example.org
      google: *account

- name: A product sends a mail itself, with the account that somebody has signed in to it with
  mailops.modern_auth.mail_delivery:
    send:
      transport: web
      mailbox: support@contoso.example
      web:
        url: https://motion.contoso.example/api/mail/accounts/{id}/send
        listed: {url: https://motion.contoso.example/api/mail/accounts, rows: rows, by: {key: SUPP}}
        body: {to: {mail: recipient}, subject: {mail: subject}, text: {mail: text}}
        accepted: {response: "^250"}
        authentication: {username: admin@contoso.example, password: "{{ motion_password }}"}
    receive:
      transport: graph
      mailbox: probe@contoso.example
      tenant_id: contoso.example
      client_id: "{{ reader_client_id }}"
      client_secret: "{{ reader_client_secret }}"

- name: A product takes its mail
  mailops.modern_auth.mail_delivery:
    expect: taken
    receive:
      transport: imap
      mailbox: integration@contoso.example
      access_token: "{{ token_of_a_person }}"

- name: The same application may not send as somebody else
  mailops.modern_auth.mail_delivery:
    send:
      transport: smtp
      mailbox: director@contoso.example
      tenant_id: contoso.example
      client_id: "{{ contracts_client_id }}"
      client_secret: "{{ contracts_client_secret }}"
    to: probe@contoso.example
    expect: refused
  register: refused
  failed_when: refused is failed or refused.delivery.refusal.step != 'sign_in'

- name: Nor may it read somebody else's mail
  mailops.modern_auth.mail_delivery:
    receive:
      transport: imap
      mailbox: director@contoso.example
      tenant_id: contoso.example
      client_id: "{{ contracts_client_id }}"
      client_secret: "{{ contracts_client_secret }}"
    expect: refused
"""

RETURN = r"""
delivery:
  description: What happened to the mail. Also returned with a failure, as far as it came.
  returned: unless in check mode, or the options do not fit together
  type: dict
  contains:
    message_id:
      description: The Message-ID that the mail, or the first of several, was sent with; V(null) without O(send).
      type: str
      returned: always
      sample: <mail-delivery.0123456789abcdef@contoso.example>
    sent_through:
      description: >-
        How the mail was sent; V(null) without O(send). C(encrypted) is V(null) if the service was not reached.
      type: dict
      returned: always
      sample:
        authentication: oauth2
        encrypted: true
        host: smtp.office365.com
        port: 587
        tls: starttls
        transport: smtp
        user: contracts@contoso.example
    received_through:
      description: How the mail was looked for; V(null) if it was not.
      type: dict
      returned: always
      sample:
        authentication: oauth2
        encrypted: true
        host: outlook.office365.com
        port: 993
        tls: implicit
        transport: imap
        user: probe@contoso.example
    seconds:
      description:
        - How long each step took, by a monotonic clock. A step that was not reached is missing.
        - C(connect) and C(sign_in) add up both sides; C(sign_in) includes opening the inbox. C(wait) is the time from
          the end of sending until the mail was found.
      type: dict
      returned: always
      sample: {token: 0.412, connect: 0.31, sign_in: 0.52, send: 0.874, wait: 4.118, cleanup: 0.33, total: 6.61}
    polls:
      description: How often the mailbox was looked into.
      type: int
      returned: always
      sample: 3
    folder:
      description: The folder in which the mail was found.
      type: str
      returned: always
      sample: INBOX
    headers:
      description:
        - The headers that matter, of the mail as it arrived, with the keys C(message_id), C(date), C(from), C(to),
          C(subject) and C(authentication_results), a list.
      type: dict
      returned: always
      sample:
        authentication_results: [spf=pass smtp.mailfrom=contoso.example]
        date: Sun, 22 Nov 2026 05:00:00 +0000
        from: contracts@contoso.example
        message_id: <mail-delivery.0123456789abcdef@contoso.example>
        subject: Mail delivery check [0123456789abcdef]
        to: probe@contoso.example
    path:
      description: The hops that the mail took, the first one first, from its Received headers.
      type: list
      elements: dict
      returned: always
      sample:
        - {from: app01.contoso.example, by: relay.contoso.example, with: ESMTPSA, at: "2026-11-22T05:00:01Z"}
    refusal:
      description: The refusal, with O(expect=refused); otherwise V(null).
      type: dict
      returned: always
      contains:
        step:
          description: What was refused, V(sign_in), V(submission), V(end_of_data), or V(open_mailbox) without O(send).
          type: str
          returned: always
        code:
          description: The service's code, for example C(535 5.7.3) or C(ErrorAccessDenied).
          type: str
          returned: always
        text:
          description: The service's own words.
          type: str
          returned: always
        remedy:
          description: What would make the service accept the mail; V(null) if that is not known.
          type: str
          returned: always
    cleaned_up:
      description: What was deleted.
      type: dict
      returned: always
      contains:
        received:
          description: How many messages were deleted from the receiving mailbox; V(null) if none had to be.
          type: int
          returned: always
        sent_items:
          description: What became of the copy in Sent Items, V(deleted), V(not found) or V(left there) with the reason.
          type: str
          returned: always
plan:
  description: What the module would do.
  returned: in check mode
  type: str
  sample: Would send a mail from contracts@contoso.example to probe@contoso.example by smtp (smtp.office365.com:587) …
code:
  description: The service's code.
  returned: failure, if the service gave one
  type: str
  sample: 535 5.7.139
text:
  description: The service's own words.
  returned: failure, if the service answered
  type: str
remedy:
  description: What to do about the failure.
  returned: failure, if it is known
  type: str
step:
  description: The step that failed.
  returned: failure
  type: str
  sample: sign_in
lacks:
  description: The right on a mailbox that a person who has signed in does not have, or may not have.
  returned: failure, if the service's words tell so
  type: str
  sample: FullAccess
"""

import asyncio

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.check import check_from, run, validate
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.options import argument_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.report import intention
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.services import missing_libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import (
    ansible_module,
    reporting,
    require_libraries,
)


def main() -> None:
    """Run the module."""
    module = ansible_module(argument_spec())
    with reporting(module):
        check = check_from(module.params)
        require_libraries(module, missing_libraries(check.settings))
        if module.check_mode:
            asyncio.run(validate(check, TokenSources()))
            module.exit_json(changed=False, plan=intention(check.options, check.settings))
        module.exit_json(changed=False, delivery=asyncio.run(run(check, TokenSources())))


if __name__ == "__main__":
    main()
