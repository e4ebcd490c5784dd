"""The `stagedflow` command: is everything here, open the course, the main job in a terminal, replay a history."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from stagedflow.errors import LabError
from stagedflow.widgets.escaping import for_terminal


def parser() -> argparse.ArgumentParser:
    """Build the command's parser; each subcommand names the module whose `run(args)` does it."""
    root = argparse.ArgumentParser(
        prog="stagedflow",
        description="Run a staged Temporal workflow, kill its worker, and watch it replay.",
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="is everything here? and the fix for what is not", allow_abbrev=False)
    doctor.set_defaults(module="stagedflow.commands.doctor")

    opener = commands.add_parser("open", help="open JupyterLab on the course", allow_abbrev=False)
    opener.add_argument("notebook", nargs="?", help="a notebook of the course (default: the index)")
    opener.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    opener.add_argument("--port", type=_port, help="the port to listen on (default: 8888, or the next free one)")
    opener.set_defaults(module="stagedflow.commands.open")

    demo = commands.add_parser("demo", help="the main job in this terminal, without Jupyter", allow_abbrev=False)
    demo.add_argument(
        "--seconds",
        type=_seconds,
        default=1.0,
        help="how long each activity works (default: %(default)s)",
    )
    demo.set_defaults(module="stagedflow.commands.demo")

    replay = commands.add_parser(
        "replay",
        help="step through a saved history with its code",
        description="Replay a workflow's history against its code, by Temporal's own Replayer, and show each step. "
        "No activity runs, and no server is needed. The module that --workflow names is imported, and its code runs "
        "here: name one that you trust.",
        epilog="Exit code: 0 the history fits the code, 3 it does not (or the code raises or never yields; the steps "
        "up to there are shown all the same), 1 the history or the code cannot be read, 2 wrong arguments.",
        allow_abbrev=False,
    )
    replay.add_argument(
        "history",
        metavar="HISTORY.json",
        help="from `temporal workflow show --workflow-id ID --output json`, or the Web UI's Download button",
    )
    replay.add_argument(
        "--workflow",
        metavar="MODULE:CLASS",
        action="append",
        required=True,
        help="the workflow's class, from this folder or an installed package; may be given more than once",
    )
    replay.add_argument("--workflow-id", metavar="ID", help="the workflow's id, for a history that does not hold it")
    replay.add_argument(
        "--converter",
        metavar="MODULE:OBJECT",
        help="the DataConverter of the workflow's client and worker, or a function that makes it",
    )
    replay.add_argument(
        "--plugin",
        metavar="MODULE:OBJECT",
        action="append",
        default=[],
        help="a plugin of the workflow's client and worker, or what makes it; may be given more than once",
    )
    sandbox = replay.add_mutually_exclusive_group()
    sandbox.add_argument(
        "--passthrough",
        metavar="MODULE",
        action="append",
        default=[],
        help="a module that the workflow's sandbox passes through; may be given more than once",
    )
    sandbox.add_argument("--unsandboxed", action="store_true", help="run the workflow without Temporal's sandbox")
    replay.add_argument("--html", metavar="OUT.html", help="write the viewer as one page that needs no network")
    replay.add_argument("--text", action="store_true", help="print the table of steps; the default without --html")
    replay.set_defaults(module="stagedflow.commands.replay")
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: The arguments without the command's own name; by default those of this process.

    Returns:
        The exit code: 0 for success, 1 for a failure that was said in words, 130 after Ctrl-C.
    """
    args = parser().parse_args(argv)
    try:
        # Imported only now: the Temporal SDK takes a while, and `--help` needs none of it.
        return int(import_module(args.module).run(args))
    except LabError as error:
        print(for_terminal(f"stagedflow: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 1 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    message = f"{text!r} is not a time: a number of seconds from 0.5 to 20"
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(message) from None
    # Shorter, and an activity may end before it is killed; longer, and it comes near its own timeout of 30 s.
    if not 0.5 <= seconds <= 20:
        raise argparse.ArgumentTypeError(message)
    return seconds
