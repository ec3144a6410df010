"""The command ``m365-sandbox``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from m365_sandbox.control.token import inbox_token
from m365_sandbox.process import environment, servers
from m365_sandbox.process.background import StartError
from m365_sandbox.process.folder import FolderError, check
from m365_sandbox.process.instance import Instance, InstanceError, Refused
from m365_sandbox.process.pid_file import DoesNotEnd
from m365_sandbox.process.start_options import add_start_options, founding
from m365_sandbox.products import xcally
from m365_sandbox.state.faces import FACES, HTTP_FACES, address

# The exit code that init scripts use for "not running", and that of shells for what SIGPIPE has ended.
NOT_RUNNING, NOBODY_LISTENS = 3, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives back the exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[Instance, argparse.Namespace], int] = options.command
    try:
        directory = options.directory.expanduser().absolute()
        check(directory)
        code = command(Instance(directory), options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # As with ``m365-sandbox status | head -1``. What is left to print must not be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_LISTENS
    except (InstanceError, FolderError, StartError, DoesNotEnd) as error:
        print(f"m365-sandbox: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    default = Path(os.environ.get("M365_SANDBOX_DIRECTORY") or "~/.local/state/m365-sandbox")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--directory", type=Path, default=default, metavar="D",
        help="the instance's folder (default: $M365_SANDBOX_DIRECTORY, else ~/.local/state/m365-sandbox)",
    )
    parser = argparse.ArgumentParser(prog="m365-sandbox", description="A Microsoft 365 tenant in a box, on loopback.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser("start", parents=[common], help="start in the background and wait until it answers")
    add_start_options(start)
    start.set_defaults(command=_start)
    for name, function, text in (
        ("stop", _stop, "end it; its state is kept"),
        ("status", _status, f"show the faces and servers; exit code {NOT_RUNNING} when it does not run"),
        ("reset", _reset, "back to the seed: no mails, no applications of yours; ports, ids and secrets stay"),
    ):
        commands.add_parser(name, parents=[common], help=text).set_defaults(command=function)
    clock = commands.add_parser("clock", parents=[common], help="show the tenant's clock, or turn it")
    turned = clock.add_mutually_exclusive_group()
    turned.add_argument(
        "--offset", type=float, metavar="SECONDS", help="how far it is ahead of the machine's; 0 puts it right",
    )
    turned.add_argument("--moment", metavar="ISO", help="what it shows now, for example 2027-01-31T05:00:00Z")
    clock.set_defaults(command=_clock)
    control = commands.add_parser("control", parents=[common], help="call the control face and print its answer")
    control.add_argument("method", choices=("GET", "POST", "PUT", "PATCH", "DELETE"))
    control.add_argument("path", help="for example '/requests?face=graph'")
    control.add_argument("body", nargs="?", help="JSON; a dash reads it from the standard input")
    control.set_defaults(command=_control)
    seed = commands.add_parser("seed", parents=[common], help="bring about what a file says, all or nothing")
    seed.add_argument("--file", type=Path, required=True, metavar="F", help="YAML or JSON, see the README")
    seed.set_defaults(command=_seed)
    commands.add_parser(
        "inbox", parents=[common], help="print the address of the page that shows what arrived in the mailboxes",
    ).set_defaults(command=_inbox)
    serve = commands.add_parser(
        "serve", parents=[common], help="start a product's server beside the sandbox, which ends with it",
        description="COMMAND has to listen with TLS at $M365_SANDBOX_SERVER_PORT; servers.json says how to reach it.",
    )
    serve.add_argument("name", metavar="NAME")
    serve.add_argument("program", nargs="+", metavar="COMMAND", help="behind a double dash: -- python3 server.py")
    serve.set_defaults(command=_serve)
    env = commands.add_parser("env", parents=[common], help="print the environment variables that clients need")
    env.add_argument("--format", choices=("shell", "json"), default="shell")
    env.set_defaults(command=_env)
    return parser


def _start(instance: Instance, options: argparse.Namespace) -> int:
    started = instance.start(dict(options.port), founding(options), options.lifeline)
    print("The sandbox runs." if started else "The sandbox was running already.")
    _print_faces(instance)
    print('\nPoint a shell at it:  eval "$(m365-sandbox env)"')
    return 0


def _stop(instance: Instance, options: argparse.Namespace) -> int:
    servers.stop_all(instance.directory)
    print("The sandbox has ended." if instance.stop() else "No sandbox was running.")
    return 0


def _status(instance: Instance, options: argparse.Namespace) -> int:
    if instance.pid() is None:
        print(f"No sandbox runs in {instance.directory}.")
        return NOT_RUNNING
    if not instance.is_ready():
        raise InstanceError(f"The sandbox in {instance.directory} runs, but not every face answers")
    print("The sandbox runs.")
    _print_faces(instance)
    _print_servers(instance)
    return 0


def _reset(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    instance.control("POST", "/reset")
    print("The sandbox is as it was at its first start.")
    return 0


def _clock(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    if options.moment is not None:
        clock = instance.control("PUT", "/clock", {"moment": options.moment})
    elif options.offset is not None:
        clock = instance.control("PUT", "/clock", {"offset_seconds": options.offset})
    else:
        clock = instance.control("GET", "/clock")
    print(f"{clock['moment']}  ({clock['offset_seconds']:+.0f} s from the machine's clock)")
    return 0


def _control(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    text = sys.stdin.read() if options.body == "-" else options.body
    try:
        body = None if text is None else json.loads(text)
    except ValueError as error:
        raise InstanceError(f"The body is no JSON: {error}") from error
    answer = instance.control(options.method, options.path, body)
    if answer is not None:
        print(json.dumps(answer, indent=1))
    return 0


def _seed(instance: Instance, options: argparse.Namespace) -> int:
    # No other command has to know everything that there may be.
    from m365_sandbox.process.seed_file import SeedFileError, read

    _require_running(instance)
    file = options.file.expanduser()
    try:
        made = instance.control("POST", "/seed", read(file))
    except SeedFileError as error:
        raise InstanceError(str(error)) from error
    except Refused as error:
        raise InstanceError(f"{file}: {error.reason}") from error
    print(json.dumps(made, indent=1))
    return 0


def _env(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    values = environment.read(instance.directory)
    print(json.dumps(values, indent=1) if options.format == "json" else environment.as_shell(values), end="")
    return 0


def _inbox(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    print(f"{address('inbox', instance.ports()['inbox'])}/?token={inbox_token(instance.directory)}")
    return 0


def _serve(instance: Instance, options: argparse.Namespace) -> int:
    _require_running(instance)
    started = servers.serve(instance, options.name, options.program)
    address_of_it = servers.read(instance.directory)[options.name]["url"]
    print(f"The server {options.name} {'runs' if started else 'was running already'}: {address_of_it}")
    return 0


def _require_running(instance: Instance) -> None:
    if instance.pid() is None:
        raise InstanceError(f"No sandbox runs in {instance.directory}; start it with: m365-sandbox start")


def _print_faces(instance: Instance) -> None:
    print(f"  {'folder':11} {instance.directory}")
    for face, port in instance.ports().items():
        text = "" if face in HTTP_FACES else f"  {FACES[face]}"
        print(f"  {face:11} {address(face, port)}{text}")


def _print_servers(instance: Instance) -> None:
    print("Products' servers, started with m365-sandbox serve:")
    for name, server in servers.running(instance.directory).items():
        print(f"  {name:11} {server['url']}")
    if (reason := xcally.missing()) is not None:
        print(f"  XCALLY Motion's stand-in is not complete: {reason}")


if __name__ == "__main__":
    sys.exit(main())
