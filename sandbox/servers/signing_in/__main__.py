"""``python -m signing_in DIRECTORY REPORT COMMAND...``.

DIRECTORY is the sandbox's folder; REPORT what ``mail_report_file`` wrote, as JSON: it tells who has to sign in to
which product. COMMAND runs the playbook sign_in_mail, which shows one address after the other, for somebody to open.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser

from signing_in.chromium import chromium, new_page, sign_in
from signing_in.pages import PRODUCTS, at_a_product

_ADDRESS = re.compile(r"https?://\S+/authorize\?[^\s\"]+")


def to_products(browser: Browser, directory: Path, report: Path, password: str) -> Iterator[str]:
    """Sign in to every product that the report names; a line for each."""
    servers = json.loads((directory / "servers.json").read_text("utf-8"))
    for row in json.loads(report.read_text("utf-8"))["hosts"]:
        for required in row["authorization_required"]:
            # What is no address is signed in to elsewhere: by the playbook, or on a server.
            if row["product"] in PRODUCTS and "://" in required["where"]:
                at_a_product(browser, row["product"], servers[row["host"]], required, password)
                yield f"{row['host']}: {required['account']} has signed in for {required['what']} {required['where']}."


def to_ourselves(browser: Browser, command: Sequence[str], password: str) -> Iterator[str]:
    """Run the playbook and sign in wherever it says; a line for each.

    :raises RuntimeError: the playbook failed; what it said.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as playbook:
        said = []
        assert playbook.stdout is not None
        for line in playbook.stdout:
            said.append(line)
            if address := _ADDRESS.search(line):
                account = parse_qs(urlsplit(address[0]).query)["login_hint"][0]
                with new_page(browser) as page:
                    page.goto(address[0])
                    sign_in(page, account, password)
                yield f"{account} has signed in for the verification."
    if playbook.returncode:
        raise RuntimeError("".join(said))


def main() -> None:
    """Sign in everywhere; exit with 1 at the first refusal."""
    parser = argparse.ArgumentParser(prog="signing_in", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    password = json.loads((given.directory / "env.json").read_text("utf-8"))["M365_SANDBOX_USER_PASSWORD"]
    with chromium() as browser:
        try:
            for line in to_products(browser, given.directory, given.report, password):
                print(line, flush=True)
            for line in to_ourselves(browser, given.command, password):
                print(line, flush=True)
        except RuntimeError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
