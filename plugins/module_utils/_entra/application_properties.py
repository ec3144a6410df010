# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The property table of an application: what the module takes, and what it and its read-only twin show."""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import (
    Property,
    as_flag,
    as_set,
    as_text,
)

AUDIENCES = ["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]
WORDS = {"type": "list", "elements": "str"}

PROPERTIES = [
    Property("display_name", api="displayName"),
    Property("sign_in_audience", api="signInAudience", spec={"choices": AUDIENCES}),
    Property("redirect_uris.web", api="web.redirectUris", spec=WORDS, compare=as_set),
    Property("redirect_uris.spa", api="spa.redirectUris", spec=WORDS, compare=as_set),
    Property("redirect_uris.public_client", api="publicClient.redirectUris", spec=WORDS, compare=as_set),
    Property("public_client", api="isFallbackPublicClient", spec={"type": "bool"}, compare=as_flag),
    Property("tags", api="tags", spec=WORDS, compare=as_set),
    Property("notes", api="notes", compare=as_text),
]
