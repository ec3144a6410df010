# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One check, from its options to what it found out."""

from __future__ import annotations

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
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.report import Report
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.services import services
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import Settings, settings_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources


@dataclass(frozen=True)
class Check:
    """A check that can be run once.

    :param options: all options of the module mail_delivery.
    :param probe: the mail to send; None if nothing is sent.
    """

    options: Mapping[str, Any]
    settings: Settings
    probe: Probe | None


def check_from(options: Mapping[str, Any]) -> Check:
    """The check that options describe, with a mail of its own.

    :raises InputError: naming the option, and what would be right.
    """
    settings = settings_from(options)
    if settings.send is None:
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
        delivery = Delivery(
            probe, ready.sender, Patience(options["timeout"], options["poll_interval"]), stopwatch,
            cleanup=options["cleanup"], sent_mail=ready.sent_mail, sender_mailbox=ready.sender_mailbox,
        ) if probe and ready.sender else None
        report = Report(check.settings, probe, ready, delivery, stopwatch)
        try:
            with stopwatch.step("token"):
                await ready.get_tokens()
            if delivery is None:
                # Settings with neither side have been refused.
                report.refusal = await expect_closed(cast(Mailbox, ready.mailbox))
            elif options["expect"] == "refused" or ready.mailbox is None:
                report.refusal = await delivery.expect_refusal(ready.mailbox)
            else:
                report.found = await delivery.prove(ready.mailbox)
        except ModernAuthError as error:
            error.details["delivery"] = report.as_dict()
            raise
        return report.as_dict()
