# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the steps for many are told of applications: the options of ``_estate.options.APPLICATION``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments ``mailops.modern_auth.applications``, and of it ``.verdicts``."""

    DOCUMENTATION = r"""
options:
  applications:
    description:
      - The applications, as M(mailops.modern_auth.mail_plan) returns them, or written by hand.
      - 'C({"variable": PATH, "host": HOST}) in O(applications[].entra), O(applications[].exchange_connection) and
        O(applications[].store) stands for the value of a variable of that host, for example
        C({"variable": "mail_entra.client_secret", "host": "app-1"}). The task reads it where it needs it, so that the
        value is neither an argument nor shown.'
    type: list
    elements: dict
    required: true
    suboptions:
      unique_name:
        description: The name by which the application is found again, in Entra and in the store. It never changes.
        type: str
        required: true
      name:
        description:
          - The name by which results and other tasks know it. The default is O(applications[].unique_name).
        type: str
      display_name:
        description: The name that people see. The default is O(applications[].unique_name).
        type: str
      environment:
        description: What its client secrets are for; part of their display name.
        type: str
        default: mail
      identity:
        description: The kind of identity.
        type: str
        choices: [entra, google]
        default: entra
      permissions:
        description: What it is granted, by name.
        type: list
        elements: dict
        default: []
        suboptions:
          resource:
            description:
              - V(Microsoft Graph), V(Office 365 Exchange Online), or another resource's name or application id.
            type: str
            required: true
          application:
            description: Names of application permissions, for example V(Mail.Send).
            type: list
            elements: str
            default: []
          delegated:
            description: Names of delegated permissions.
            type: list
            elements: str
            default: []
      exclusive:
        description: Whether it may be granted nothing else; what it was granted besides is revoked.
        type: bool
        default: false
      secret:
        description: Its client secret. A duration is a number with V(d), V(w) or V(h).
        type: dict
        suboptions:
          lifetime:
            description: How long a new secret is valid.
            type: str
            default: 180d
          renew_within:
            description: How long before its end the rotation replaces it.
            type: str
            default: 30d
      sign_in_audience:
        description: Whose accounts may sign in. A new application gets V(AzureADMyOrg).
        type: str
        choices: [AzureADMyOrg, AzureADMultipleOrgs, AzureADandPersonalMicrosoftAccount, PersonalMicrosoftAccount]
      notes:
        description: Free text for the administrators.
        type: str
      tags:
        description: Free words on the application.
        type: list
        elements: str
      owners:
        description: Object ids or user principal names of people who shall own it.
        type: list
        elements: str
      redirect_uris:
        description: Redirect URIs by platform, C(web), C(spa) and C(public_client), each a list.
        type: dict
      public_client:
        description: Whether people may sign in by programs that keep no secret, the device code flow included.
        type: bool
      credential:
        description: What it signs in with. With V(none) no client secret is made, since only people sign in by it.
        type: str
        choices: [client_secret, none]
        default: client_secret
      consent:
        description:
          - Who consents to delegated permissions. With V(account) that is left to the person who signs in.
        type: str
        choices: [organization, account]
        default: organization
      account:
        description:
          - With V(google) for O(applications[].identity), the service account and its key, C(key_file) or C(key),
            C(key_password), C(service_account) and C(token_uri), as in the variable C(mail_google).
          - A secret in it may be a reference to a host's variable, a dictionary of C(variable) and C(host).
        type: dict
      users:
        description:
          - Addresses of users whose object ids are looked up, and kept in the store. With V(google) for
            O(applications[].identity), those whose mailboxes have to be delegated to the service account.
        type: list
        elements: str
        default: []
      adopt:
        description:
          - Take over an application that was made by hand, if exactly one has the name O(applications[].display_name).
        type: bool
        default: false
      exchange:
        description:
          - What Exchange grants to it. Without this option Exchange need not know it, and neither where only SMTP
            AUTH, IMAP and POP are switched on.
        type: dict
        suboptions:
          full_access:
            description: The mailboxes that it may open.
            type: list
            elements: str
            default: []
          send_as:
            description: The mailboxes as which it may send.
            type: list
            elements: str
            default: []
          smtp_auth:
            description: The mailboxes for which SMTP AUTH is switched on.
            type: list
            elements: str
            default: []
          imap:
            description: The mailboxes for which IMAP is switched on.
            type: list
            elements: str
            default: []
          pop3:
            description: The mailboxes for which POP is switched on.
            type: list
            elements: str
            default: []
          scope:
            description: Roles that it has for some mailboxes, in place of permissions in Entra.
            type: dict
            suboptions:
              roles:
                description: The roles' names, for example V(Application Mail.Send).
                type: list
                elements: str
                required: true
              mailboxes:
                description: The mailboxes for which it has them, and no other.
                type: list
                elements: str
                required: true
          unwanted:
            description:
              - What must not stand any more. C(full_access) and C(send_as) name mailboxes on which the right is taken
                away, C(scope) those for which roles are.
            type: dict
      entra:
        description:
          - How to sign in to Entra, with the connection options of M(mailops.modern_auth.entra_application). What is
            left out comes from the environment variables that are named there.
          - Applications of which it is the same share a connection.
        type: dict
        default: {}
      exchange_connection:
        description:
          - How to reach Exchange, with the connection options that M(mailops.modern_auth.exchange_service_principal)
            has beside those.
        type: dict
        default: {}
      store:
        description:
          - Where its credential is kept; C(kind) is C(ansible_vault), C(hashi_vault), C(azure_keyvault) or
            C(environment).
          - With C(ansible_vault), C(path) is the vaulted file, and C(password_file) its password if that is not the
            one of the run.
          - With C(hashi_vault), C(folder) is the path of the secrets, C(engine_mount_point) that of their engine, and
            C(connection) has the options of the modules of the collection community.hashi_vault.
          - With C(azure_keyvault), C(vault_uri) is the vault's address, and C(connection) says how to sign in to it.
          - With C(environment), the credential comes from the environment variables that Azure's tools read. Nothing
            can be kept there.
        type: dict
      hosts:
        description:
          - The hosts of the play that use it. The result's C(hosts) tells each of them what became of it, and
            M(mailops.modern_auth.mail_outcome) makes that the host's own outcome. An application of which every host
            has failed already is left alone.
          - The task itself never fails for an application that names hosts, and it does fail for one that names none.
        type: list
        elements: str
        default: []
      team:
        description:
          - All hosts of the inventory that use it, also those that the play leaves out. A secret is removed when all of
            them were proven with another one. The default is O(applications[].hosts).
        type: list
        elements: str
"""

    VERDICTS = r"""
options: {}
attributes:
  diff_mode:
    details: One difference for each part of each application, with the application's name and the part above it.
notes:
  - Each application is a transaction of its own. One that fails stops no other.
  - No secret is an argument or a result.
"""
