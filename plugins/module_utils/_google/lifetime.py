# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How old the key of a service account is, when it ends, and that people replace it: sentences. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey

#: What people have to do for a new key.
RENEWAL = (
    "Make a new key in Google Cloud's console under IAM & Admin, Service Accounts, Keys, give its file, and run "
    "mailops.modern_auth.setup_mail; then delete the old key there."
)


def told(key: ServiceAccountKey, source: str, moment: datetime) -> str:
    """Which key it is, how long it lives, and what to do about that.

    :param source: where the key was read, a path or a variable.
    :param moment: the time, which decides its age.
    """
    life = "no expiry" if key.issued is None or key.expires is None else (
        f"{(moment - key.issued) // timedelta(days=1)} days old, {certificate(key.expires, moment)}"
    )
    return (
        f"The {key.format.upper()} key {key.key_id} of {key.service_account} ({source}): {life}. "
        f"It is replaced by hand. {RENEWAL}"
    )


def certificate(end: datetime, moment: datetime) -> str:
    """When the certificate in a P12 file ends, or did."""
    return f"its certificate {'ended' if end <= moment else 'ends'} on {end:%Y-%m-%d}"
