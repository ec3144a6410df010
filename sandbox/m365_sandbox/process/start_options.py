"""The options of ``m365-sandbox start``, which its process is given as well."""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Iterator, Mapping

from m365_sandbox.state.faces import FACES
from m365_sandbox.state.tenant import Founding

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def add_start_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser read them."""
    parser.add_argument(
        "--port", type=_port, action="append", default=[], metavar="FACE=PORT",
        help="a fixed port for a face; otherwise a free one is chosen at the first start and kept",
    )
    parser.add_argument(
        "--tenant-id", type=_guid, metavar="GUID", help="of a new tenant; otherwise one is made up, and kept",
    )
    parser.add_argument(
        "--initial-domain", type=_domain, metavar="D", help="of a new tenant (default: contoso.onmicrosoft.com)",
    )
    parser.add_argument(
        "--domain", type=_domain, action="append", default=[], metavar="D",
        help="a verified domain of a new tenant, beside that and contoso.example",
    )
    parser.add_argument("--lifeline", type=int, metavar="PID", help="a process with which it ends, however that ends")


def founding(options: argparse.Namespace) -> Founding:
    """What the options call a new tenant."""
    return Founding(options.tenant_id, options.initial_domain, tuple(options.domain))


def as_arguments(ports: Mapping[str, int], founded: Founding, lifeline: int | None) -> Iterator[str]:
    """The options that say this."""
    yield from (f"--port={face}={port}" for face, port in ports.items())
    if founded.tenant_id is not None:
        yield f"--tenant-id={founded.tenant_id}"
    if founded.initial_domain is not None:
        yield f"--initial-domain={founded.initial_domain}"
    yield from (f"--domain={domain}" for domain in founded.domains)
    if lifeline is not None:
        yield f"--lifeline={lifeline}"


def _port(text: str) -> tuple[str, int]:
    """Read FACE=PORT; an ArgumentTypeError says what is wrong with it."""
    face, _, number = text.partition("=")
    if face not in FACES:
        raise argparse.ArgumentTypeError(f"unknown face '{face}'; known are {', '.join(FACES)}")
    if not number.isdecimal() or int(number) > 65535:
        raise argparse.ArgumentTypeError(f"'{number}' is no port; give a number from 0 (any free port) to 65535")
    return face, int(number)


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no GUID") from error


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(f"'{text}' is no name of a domain")
    return text.lower()
