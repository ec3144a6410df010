# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a module signs in: the options of ``_connection.SIGN_IN``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.entra``."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Where the caller's access token comes from.
      - V(client_secret), V(client_certificate) and V(workload_identity) sign in as the application O(client_id) of the
        tenant O(tenant_id).
      - V(managed_identity) uses the identity of the Azure resource that the module runs on.
      - V(azure_cli) uses whoever is signed in with C(az login).
      - V(access_token) uses a token that is ready.
      - V(auto) takes the first that is configured, in the order O(access_token), O(client_secret),
        O(certificate_path), O(federated_token_file), managed identity (where the environment announces one, or
        O(managed_identity_client_id) is given; a virtual machine does not announce it, so say V(managed_identity)
        there), Azure CLI.
      - If the value is not set, the environment variable E(MAILOPS_AUTH_SOURCE) is used.
    type: str
    choices: [auto, client_secret, client_certificate, managed_identity, azure_cli, workload_identity, access_token]
    default: auto
  tenant_id:
    description:
      - The tenant, as GUID or as one of its verified domains.
      - If the value is not set, the environment variable E(AZURE_TENANT_ID) is used.
    type: str
  client_id:
    description:
      - The application (client) id of the caller, not of the application that the task is about.
      - If the value is not set, the environment variable E(AZURE_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - The value of a client secret of the caller. The secret's ID, a GUID, is refused before anything is sent.
      - If the value is not set, the environment variable E(AZURE_CLIENT_SECRET) is used.
    type: str
  certificate_path:
    description:
      - A file with the caller's private key and certificate, either both in PEM form or as C(.pfx) or C(.p12).
      - If the value is not set, the environment variable E(AZURE_CLIENT_CERTIFICATE_PATH) is used.
    type: path
  certificate_password:
    description:
      - The password of the private key in O(certificate_path), if it has one.
      - If the value is not set, the environment variable E(AZURE_CLIENT_CERTIFICATE_PASSWORD) is used.
    type: str
  federated_token_file:
    description:
      - A file with a token of an issuer that the caller's application trusts by a federated credential, as Kubernetes
        and CI systems write it. It is read anew for every sign-in.
      - If the value is not set, the environment variable E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  access_token:
    description:
      - An access token for Microsoft Graph that is ready.
      - If the value is not set, the environment variable E(MAILOPS_ACCESS_TOKEN) is used.
    type: str
  managed_identity_client_id:
    description: The client id of a user-assigned managed identity. Without it the system-assigned one is used.
    type: str
"""
