#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_targets
short_description: Configure a product on its server
version_added: 0.3.0
author:
  - mailops contributors (@mailops)
description:
  - Makes everything that a host's plan names say how the product sends and receives its mail, with the credentials that
    the store holds, loads what was written as the product does, and restarts the product.
  - It takes secrets by reference and reads them where it needs them, so that none is an argument, a result or a fact.
  - In check mode it predicts, and finds what stands in the way of writing, such as missing rights, a read-only file
    system, a file that is a bind mount or immutable, and a full disk. That is the preflight of a run.
  - A restart that did not happen, because the command failed or the run was killed, is remembered on the server by an
    empty file C(.NAME.mailops-restart) beside the first file, and made up for by the next run.
  - What a product's file contains is run as nobody but the file's owner. A file that belongs to root, or to somebody
    whom Ansible cannot become, is not loaded; only its syntax is checked then, and the message says so.
  - Nothing but the files themselves is written on the server, and their content is neither on a command line nor in
    Ansible's folders for temporary files. The connection has to hand on standard input, as C(ssh) does. What a killed
    run left unfinished beside a file is removed by the next one.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.attributes.change
attributes:
  platform:
    platforms: posix, windows
    support: partial
    details:
      - On Windows it uses modules of the collection ansible.windows, 1.11.0 or later. That path has not been tried on a
        Windows host.
options:
  targets:
    description:
      - What is configured, as in the plan.
      - 'With C(kind: file), the options C(format), C(path), C(settings), C(create), C(mode), C(owner) and C(group) of
        M(mailops.modern_auth.provider_config).'
      - 'With C(kind: api_object), an object behind a REST API over HTTPS, at the address C(url). C(settings) are the
        fields that it shall have; those in C(secret_fields) are not given back by the API, so that the store remembers
        a fingerprint of what was written last. C(authentication) is C(username) and C(password), a bearer C(token), or
        a C(header) and its C(value); C(ca_path) names the certificates of authorities to trust, C(timeout) are seconds.
        C(update) is V(PATCH), which sends what differs, or V(PUT), which sends all of the object. An object that is
        missing is made by a POST to C(create_url).'
      - 'An C(api_object) that is a row of a list has the address of the list as its C(url), and C(listed): C(rows), the
        name under which an answer has the rows, or null if it is nothing but them; C(id), the field by which a row is
        addressed; and C(by), the fields by which it is found, and their values. A row that is missing is made by a POST
        to the list, of several that match none is touched.'
      - 'Its C(name) is how others refer to it, and what people read; by default its address.
        C({"object": NAME, "field": FIELD}) among the C(settings) stands for a field of one that comes before it.'
      - 'C(activate) names the C(url) whose POST activates an C(api_object) until its C(field) is true. C(sign_in) tells
        C(what) a person authorizes by a sign-in, the C(account) to use, what to C(do), the C(field) that is true, or
        not empty, once that was done, and perhaps C(since_field), the field that says when. Until then it is no failure
        if it cannot be activated.'
      - 'C(described_at) is where the server says which fields an C(api_object) has: C(url), C(format), V(openapi) or
        V(apidoc), and the name of the C(object) there. Before anything is written each field is looked up, and
        C(undescribed_remedy) is said to whoever has one that the server does not know.'
      - 'C(remarks) of an C(api_object) are warnings: C(words), if a C(field) is found to match a C(pattern).'
      - 'With C(kind: token_cache), the file C(path) that a tool of the product makes once a person has signed in as
        C(account) by running C(command) on the server, and that the account C(reader) has to be able to read. It is
        only looked at.'
      - 'C({"fact": NAME}) stands for what the store says of the application, C({"secret": "client_secret"}) for its
        secret, and C({"secret": PATH}) for the value of a variable of the host.'
      - Where there are several O(applications), C(application) beside it names the one that is meant.
      - 'C({"fact": "users.ADDRESS"}) stands for the object id of a user, as the step identity has found it.'
    type: list
    elements: dict
    required: true
  applications:
    description:
      - The applications as which the product signs in. The C(unique_name) of each is its name in the store; C(name) is
        what references call it, by default the same.
      - Without one nothing is read from the store.
    type: list
    elements: dict
    default: []
  store:
    description: The store of their credentials, C(kind) and the options of that kind.
    type: dict
  slots:
    description:
      - Which of an application's credentials the product gets, by the application's C(name); C(current) where nothing
        is said, C(pending) or C(previous).
    type: dict
    default: {}
  encryption:
    description:
      - 'How the product wants its secret encrypted, for which C({"secret": "encrypted_client_secret"}) stands in
        O(targets).'
      - Either C(command), a list, which is run on the server, reads the secret from standard input and prints the
        encrypted text; it is run once for each server and secret, and the store keeps what it gave.
      - Or C(value), a reference to the text, and C(key_id), the id of the secret that it was made of.
    type: dict
  loads:
    description:
      - CommonJS files among the O(targets) that Node.js loads as the product does after something was changed.
      - Each has its C(path), the C(variables) of the environment that it refers to, and C(program) where that is not
        C(node). Where there is no such program on the server, the file is not tried.
    type: list
    elements: dict
    default: []
  restart_command:
    description: >-
      A command, as a list, that restarts the product after a change on its server. Without one RV(restart) says
      V(needed). What changes behind the product's API it knows at once.
    type: list
    elements: str
    default: []
  backup:
    description: Keep a copy of each file as it was, beside it. The copy holds whatever secrets the file held.
    type: bool
    default: false
  verify:
    description:
      - Fail if anything differs, or if a restart is due, since a mail that is sent now would prove nothing of the
        product.
      - Run it in check mode, in which nothing is changed.
    type: bool
    default: false
  overlay:
    description:
      - A file on the controller that keeps what would be written on the server, for a rehearsal. The server's files are
        read when they are asked for first; nothing is written there, and no program is run.
      - The file holds whatever secrets those files hold, so that nobody but its owner may read it.
    type: path
seealso:
  - module: mailops.modern_auth.provider_config
"""

EXAMPLES = r"""
- name: Let ICI send through Graph
  mailops.modern_auth.mail_targets:
    applications:
      - unique_name: contracts-mail-prod
    store: {kind: ansible_vault, path: credentials/prod.yml, password_file: ~/.mailops-vault-password}
    targets:
      - kind: file
        format: ici_keys
        path: /srv/ici/ConfigurationKeys.json
        settings:
          provider: GRAPH
          configuration:
            TenantId: {fact: tenant_id}
            ClientId: {fact: client_id}
            ClientSecret: {secret: client_secret}
            EmailId: contracts@contoso.example
    restart_command: [systemctl, restart, ici]

- name: Let a product receive with the mailbox of a person, who signs in to its page
  mailops.modern_auth.mail_targets:
    applications:
      - unique_name: desk-mail-prod
    store: {kind: ansible_vault, path: credentials/prod.yml, password_file: ~/.mailops-vault-password}
    targets:
      - kind: api_object
        name: mail provider
        url: https://desk.contoso.example/api/providers
        listed: {rows: rows, id: id, by: {name: Microsoft}}
        authentication: {username: automation, password: {secret: mail_desk.password}}
        settings:
          tenant: {fact: tenant_id}
          client: {fact: client_id}
          clientSecret: {secret: client_secret}
        secret_fields: [clientSecret]
        sign_in:
          what: the mail provider
          account: desk@contoso.example
          do: Open https://desk.contoso.example/providers, press Sign in, and sign in as desk@contoso.example.
          field: signedInAt
          since_field: signedInAt
      - kind: api_object
        url: https://desk.contoso.example/api/mailboxes/desk
        create_url: https://desk.contoso.example/api/mailboxes
        authentication: {username: automation, password: {secret: mail_desk.password}}
        settings:
          name: desk
          provider: {object: mail provider, field: id}
"""

RETURN = r"""
targets:
  description: Each target, and whether it was changed.
  type: list
  elements: dict
  returned: success
  sample: [{name: /srv/ici/ConfigurationKeys.json, changed: true}]
authorization_required:
  description:
    - What is of use to the product only once a person has signed in. That is no failure.
    - C(what) is authorized thereby, C(where) it is, C(account) is the account to sign in with, C(do) says what to run
      or to open.
  type: list
  elements: dict
  returned: if a sign-in is missing
sign_ins:
  description: All of them, with C(since) where it is known when that was done. C(do) is null where it was.
  type: list
  elements: dict
  returned: if a person signs in for a target
restart:
  description:
    - V(done) if the product was restarted, or would be in check mode, V(failed) if the restart command or the load
      check failed, V(needed) if there is a change on the server and no restart command, else V(none).
  type: str
  returned: always
  sample: done
restart_program:
  description:
    - The program that O(restart_command) names, as it was found on the server, without being started. C(path) is where
      it is, null if it is nowhere, and C(executable) whether C(user), who would run it, may.
      Windows tells of no rights.
  type: dict
  returned: with O(restart_command), as soon as a file of the server was looked at
  sample: {name: systemctl, path: /usr/bin/systemctl, executable: true, user: root}
backup_files:
  description: The copies of the files as they were.
  type: list
  elements: str
  returned: changed and O(backup=true)
code:
  description:
    - V(restart) or V(load) if that failed; else what stood in the way of writing, for example V(mount) or V(ENOSPC).
  type: str
  returned: failure
"""
