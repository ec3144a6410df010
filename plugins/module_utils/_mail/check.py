# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One check, from its options to what it found out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import (
    Delivery,
    Patience,
    expect_closed,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe, new_probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import ServiceAnswer
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import is_persons, sign_for_person
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.report import Report
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.services import Services, services
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import Settings, settings_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.taking import Inbox, Taking
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web_settings import WebSide
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of


@dataclass(frozen=True)
class Check:
    """A check that can be run once.

    :param options: all options of the module mail_delivery.
    :param probe: the mail; None if there is none.
    """

    options: Mapping[str, Any]
    settings: Settings
    probe: Probe | None


def check_from(options: Mapping[str, Any]) -> Check:
    """The check that options describe, with a mail of its own.

    :raises InputError: naming the option, and what would be right.
    """
    settings = settings_from(options)
    if not settings.recipients:
        return Check(options, settings, None)
    probe = new_probe(
        settings.sender, settings.recipients, options["subject"], options["headers"], settings.messages
    )
    return Check(options, settings, probe)


async def validate(check: Check, sources: TokenSources) -> None:
    """Read the files that the options name, and send nothing.

    :raises InputError: if one cannot be used.
    """
    async with services(check.settings, check.options, Stopwatch(), sources):
        pass


async def run(check: Check, sources: TokenSources, since: float = 0.0) -> dict[str, Any]:
    """Do what the check asks for, and say what happened.

    :param since: a moment by the clock of the sources, before which no token must have been asked for.
    :returns: the return value ``delivery`` of the module mail_delivery.
    :raises ModernAuthError: if it is not as expected; with the same value among its details, as far as it came.
    """
    stopwatch, options, probe = Stopwatch(), check.options, check.probe
    async with services(check.settings, options, stopwatch, sources, since) as ready:
        patience = Patience(options["timeout"], options["poll_interval"])
        delivery = Delivery(
            probe, ready.sender, patience, stopwatch,
            # What a product does with the mails that it has received is its own.
            cleanup=options["cleanup"] and not isinstance(check.settings.receive, WebSide),
            sent_mail=ready.sent_mail, sender_mailbox=ready.sender_mailbox,
        ) if probe and ready.sender else None
        taking = Taking(probe, patience, stopwatch, cleanup=options["cleanup"]) if probe and not ready.sender else None
        report = Report(check.settings, probe, ready, delivery or taking, stopwatch)
        try:
            with stopwatch.step("token"):
                await ready.get_tokens()
            if taking is not None:
                # Settings with another transport have been refused.
                await taking.prove(cast(Inbox, ready.mailbox))
            elif delivery is None:
                # Settings with neither side have been refused.
                report.refusal = await expect_closed(cast(Mailbox, ready.mailbox))
            elif options["expect"] == "refused" or ready.mailbox is None:
                report.refusal = await delivery.expect_refusal(ready.mailbox)
            else:
                report.found = await delivery.prove(ready.mailbox)
        except ModernAuthError as error:
            if isinstance(error, ServiceAnswer):
                await _put_right(error, ready)
            error.details["delivery"] = report.as_dict()
            raise
        return report.as_dict()


async def _put_right(error: ServiceAnswer, ready: Services) -> None:
    """Say what to look at where it was a person's token that was refused."""
    for bearer in (one for one in ready.bearers if one.user == error.subject):
        claims = claims_of(await asyncio.to_thread(bearer.token))
        if is_persons(claims):
            error.explain(sign_for_person(error.protocol, error.code or "", error.text, claims))
