"""Becomes another program, and leaves a watcher that ends it when its owner is gone.

    python -IS guard.py OWNER_LOCK SERVER_LOCK LOG_FILE PROGRAM [ARGUMENT ...]

The owner (the kernel) holds an exclusive lock on OWNER_LOCK for as long as it lives; the system frees it however the
owner ends, SIGKILL included. In the same way the server holds SERVER_LOCK: once that is free, this very server has
ended, whoever answers on its port now. This script runs under the Temporal SDK's own `start_local`, so it must *be*
the server in the end (exec): the SDK then starts, signals and waits for the right process. Standard library only, and
no site packages: it is on the way of every start, and takes about 15 ms.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0


def _owner_is_gone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _watch(lock: int, server: int) -> None:
    """Runs in the forked child: its parent is the server, so `getppid` tells whether that still lives."""
    while not _owner_is_gone(lock):
        time.sleep(POLL_SECONDS)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            if os.getppid() == server:
                os.kill(server, sign)
        while os.getppid() == server and time.monotonic() < deadline:
            time.sleep(0.02)


def _remove(folder: str) -> None:
    """The lab's folder: a kernel that was killed could not do it."""
    import shutil  # here, as it takes longer than all else

    shutil.rmtree(folder, ignore_errors=True)


def main(owner_lock: str, server_lock: str, log_file: str, *program: str) -> None:
    """Turn this process into `program`, in a session of its own, with its output in `log_file`."""
    with contextlib.suppress(PermissionError):  # already a leader: nothing to leave
        os.setsid()  # Jupyter's "interrupt" goes to the kernel's whole process group; it must not reach the server
    lock = os.open(owner_lock, os.O_RDONLY)  # here, not in the watcher: no server without one
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    server = os.getpid()
    if os.fork() == 0:
        try:
            _watch(lock, server)
            _remove(os.path.dirname(owner_lock))
        finally:
            os._exit(0)
    held = os.open(server_lock, os.O_RDWR)  # after the fork, so that the watcher does not hold it
    fcntl.flock(held, fcntl.LOCK_EX)
    os.set_inheritable(held, True)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(*sys.argv[1:])
