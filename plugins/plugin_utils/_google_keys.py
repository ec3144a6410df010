# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the keys of service accounts on the controller, in the process that tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import (
    MISSING,
    ServiceAccountKey,
    load,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step


def read_key(step: Step, application: Mapping[str, Any]) -> tuple[ServiceAccountKey, str]:
    """The key of an application of the kind google, and where it is: a file on the controller or a variable.

    :raises InputError: it cannot be read, or is none.
    """
    require(MISSING)
    account = application.get("account", {})
    return load(step.resolved(account), "mail_google"), str(account.get("key_file") or "mail_google.key")
