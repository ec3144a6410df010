# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tells monitoring about a credentials report, in the order of Nagios plug-ins: exit code 0 nothing is due, 1 something
is due soon or somebody has to sign in, 2 something has expired, 3 the report is missing, unreadable or too old.

Needs Python 3.8 and nothing else: python3 check_credentials.py reports/credentials.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
STATES = ("ok", "due", "expired")
UNKNOWN = 3


def check(path: Path, hours: float, now: float) -> tuple[int, list[str]]:
    """The exit code and the lines to print.

    :param hours: how old the file may be.
    :param now: seconds since 1970.
    """
    try:
        age = (now - path.stat().st_mtime) / 3600
        report = json.loads(path.read_text(encoding="utf-8"))
        found = [
            (STATES.index(one["state"]), one["name"], one["environment"], one["reasons"])
            for one in report["applications"]
        ]
        required = [one["told"] for one in report["sign_ins"] if one["do"]]
    except OSError as error:
        return UNKNOWN, [f"{path} cannot be read: {error.strerror}"]
    except (ValueError, KeyError, TypeError):
        return UNKNOWN, [f"{path} is no credentials report"]
    if age > hours:
        return UNKNOWN, [f"{path} is {age:.0f} hours old; does report_credentials still run?"]
    code = max([1 if required else 0, *(state for state, *_rest in found)])
    counts = [sum(state == level for state, *_rest in found) for level in range(3)]
    summary = f"{len(found)} applications: {counts[2]} expired, {counts[1]} due, {counts[0]} ok"
    figures = f"expired={counts[2]} due={counts[1]} ok={counts[0]}"
    reasons = [
        f"{name} ({environment or 'not in the inventory'}): {reason}"
        for _state, name, environment, texts in found for reason in texts
    ]
    return code, [f"{summary} | {figures}", *map(_plain, [*reasons, *required])]


def _plain(text: str) -> str:
    """Names can hold anything; to Nagios a bar begins figures and a line end the next line."""
    return "".join(character if character.isprintable() and character != "|" else "?" for character in text)


def main() -> int:
    """Check the report that the command line names."""
    parser = argparse.ArgumentParser(description="Check a credentials report: 0 ok, 1 due, 2 expired, 3 unknown.")
    parser.add_argument("report", type=Path, help="credentials.json, which report_credentials writes")
    parser.add_argument("--max-age", type=float, default=36, metavar="HOURS", help="how old it may be (36)")
    arguments = parser.parse_args()
    code, lines = check(arguments.report, arguments.max_age, time.time())
    print(f"CREDENTIALS {WORDS[code]} - " + "\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
