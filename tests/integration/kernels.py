"""A real Jupyter kernel, driven as a notebook drives it."""

import os
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class Kernel:
    """A kernel and its client."""

    manager: KernelManager
    client: BlockingKernelClient

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.process.pid)

    @property
    def process(self) -> Any:
        """Its Popen object; keep it over a shutdown, which forgets it."""
        return self.manager.provisioner.process  # type: ignore[union-attr]

    def run(self, code: str, *, timeout: float = 300) -> str:
        """Run a cell, and return all that it printed.

        Raises:
            AssertionError: The cell failed.
        """
        printed: list[str] = []

        def collect(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
            elif message["msg_type"] not in ("status", "execute_input"):
                printed.append(str(message["content"]))

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=collect)
        assert reply["content"]["status"] == "ok", "".join(printed)
        return "".join(printed)

    def late_output(self) -> list[str]:
        """What the cells printed after they had ended."""
        texts = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=0)
            except queue.Empty:
                return texts
            if message["msg_type"] == "stream":
                texts.append(message["content"]["text"])


@contextmanager
def kernel() -> Iterator[Kernel]:
    """A new kernel; it is killed in the end if the test has not ended it."""
    manager, client = start_new_kernel(kernel_name="python3", env=ENVIRONMENT, cwd=str(ROOT))
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def exit_code(process: Any, *, seconds: float = 60) -> int | None:
    """How a process ended; None if it did not within the deadline."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process.returncode  # type: ignore[no-any-return]
