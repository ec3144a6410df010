# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where the services are: the options of ``_connection.ENDPOINTS``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.endpoints``."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - The Microsoft cloud that the tenant lives in. It decides the endpoints, and what tokens are asked for.
      - With V(custom) both O(authority_host) and O(graph_endpoint) have to be given; tokens are asked for the audiences
        of the global cloud.
      - If the value is not set, the environment variable E(MAILOPS_CLOUD) is used.
    type: str
    choices: [global, us_government, us_government_dod, china, custom]
    default: global
  authority_host:
    description:
      - The sign-in service, C(https://HOST) or C(https://HOST:PORT), in place of the cloud's own.
      - If the value is not set, the environment variable E(AZURE_AUTHORITY_HOST) is used.
    type: str
  graph_endpoint:
    description:
      - Microsoft Graph, C(https://HOST) or C(https://HOST:PORT) without the version, in place of the cloud's own.
      - If the value is not set, the environment variable E(MAILOPS_GRAPH_ENDPOINT) is used.
    type: str
  ca_path:
    description:
      - A file with certificate authorities in PEM form to trust in place of the public ones, for example that of a
        proxy which inspects TLS. Certificates are always verified.
      - If the value is not set, the environment variable E(MAILOPS_CA_FILE) is used. Without either, the authorities of
        the system and of Python's certifi are trusted, or those in the file that E(SSL_CERT_FILE) or
        E(REQUESTS_CA_BUNDLE) names; each of the two works alone, for every protocol.
    type: path
  timeout:
    description: Seconds to wait for a connection, and for each part of an answer.
    type: int
    default: 30
  token_cache:
    description:
      - A folder in which access tokens are kept until they expire, so that a play of many tasks signs in once.
      - It is made with mode 0700. A folder that others may enter is refused. What is damaged in it is dropped.
      - Without it tokens stay in memory and every task signs in.
      - If the value is not set, the environment variable E(MAILOPS_TOKEN_CACHE) is used.
    type: path
requirements:
  - msal >= 1.31
  - msgraph-sdk >= 1.60
"""
