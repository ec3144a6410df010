"""The README's list of what the mail faces take is that of the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from m365_sandbox.mail import wording
from m365_sandbox.mail.imap import rules as imap
from m365_sandbox.mail.pop3 import rules as pop3

README = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(("face", "commands"), [
    ("imap", imap.COMMANDS), ("pop3", pop3.COMMANDS), ("smtp, smtps", sorted(wording.SMTP_HELP[1].split()[1:])),
])
def test_the_readme_lists_the_commands(face: str, commands: list[str]) -> None:
    assert f"| {face} | {', '.join(commands)} |\n" in README
