# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The SASL mechanism XOAUTH2, as Exchange Online and Gmail speak it. Pure.

Format: https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
and https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control


def initial_response(mailbox: str, token: str) -> bytes:
    """What the client says first: raw, not yet in base64.

    :param mailbox: the mailbox to open, which is not the application nor, with a shared mailbox, the token's user.
    :raises InputError: if a value is empty or holds a control character, which would end its field.
    """
    for name, value in (("mailbox", mailbox), ("access token", token)):
        if not value or has_control(value):
            raise InputError(f"The {name} for XOAUTH2 is empty or holds a control character.")
    return f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode()


def answer(mailbox: str, token: str, challenge: bytes) -> bytes:
    """What the client says to a challenge: raw, not yet in base64.

    An empty challenge invites the initial response. Any other one is Gmail's way to say why it will refuse: the refusal
    itself only follows on an empty line. Exchange Online refuses without a challenge.

    :param challenge: decoded from base64.
    """
    return b"" if challenge else initial_response(mailbox, token)
