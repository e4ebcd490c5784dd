"""Runs a learner's code in a process of its own, with a deadline, and ends it and all that it started."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stagedflow.course.patience import patience

SECONDS = 10.0
MAX_OUTPUT = 4_000
"""Characters of a child's output that are kept: its end."""


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    Attributes:
        report: What it reported, or None.
        code: Its exit code; negative for a signal.
        output: The end of what it printed.
        timed_out: True if it was ended at its deadline.
    """

    report: Any
    code: int
    output: str
    timed_out: bool


async def in_child(*task: str, python_path: Sequence[str | Path] = (), seconds: float = SECONDS) -> ChildResult:
    """Do a task of `_child.py`.

    Args:
        task: Its name and arguments.
        python_path: Folders where its modules are, before the kernel's own.
        seconds: After so long it is killed, with its process group; later on a busy machine.
    """
    reading, writing = os.pipe()
    path = os.pathsep.join([*map(str, python_path), *(p or os.getcwd() for p in sys.path)])
    with tempfile.TemporaryFile() as output, os.fdopen(reading, "rb") as reports:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "stagedflow.course._child", str(writing), *task,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                pass_fds=[writing], start_new_session=True,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        finally:
            os.close(writing)
        # In a thread: a report may be longer than a pipe holds.
        report = asyncio.ensure_future(asyncio.to_thread(reports.read))
        timed_out = False
        try:
            await asyncio.wait_for(process.wait(), patience(seconds))
        except TimeoutError:
            timed_out = True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started, too
            await process.wait()
        told = await report
        return ChildResult(_parsed(told), process.returncode or 0, _end_of(output), timed_out)


def _parsed(told: bytes) -> Any:
    try:
        return json.loads(told)
    except ValueError:
        return None


def _end_of(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - MAX_OUTPUT))
    return output.read().decode("utf-8", "replace").strip()
