"""Run a command on a machine without a network: ``python offline.py COMMAND...``.

The command gets a network namespace of its own, with loopback only, and so has whatever it starts:
Python, the SDK's native core, the server's binary. That takes Linux, and root or unprivileged user
namespaces. Where it cannot be had, ``command()`` falls back to ``refuse_network`` and warns.
"""

import ctypes
import fcntl
import functools
import os
import socket
import struct
import subprocess
import sys
import warnings
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def _leave_the_network() -> None:
    """Move this process into a new network namespace, and bring its loopback up."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:  # not privileged: be so in a user namespace of our own
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket() as any_socket:  # as `ip link set lo up`, which is not everywhere
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


@functools.cache
def why_not() -> str:
    """Why a network namespace cannot be had here; empty if it can."""
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no network namespaces"
    nothing = [sys.executable, __file__, sys.executable, "-c", ""]
    probe = subprocess.run(nothing, capture_output=True, text=True, timeout=120)
    return probe.stderr.strip().splitlines()[-1] if probe.returncode else ""


def command(*args: str) -> tuple[list[str], dict[str, str]]:
    """What runs ``args`` offline: a command, and additions to its environment."""
    reason = why_not()
    if not reason:
        return [sys.executable, __file__, *args], {}
    warnings.warn(f"only Python is held offline here, native code is not: {reason}", stacklevel=2)
    folders = [str(Path(__file__).with_name("refuse_network")), os.environ.get("PYTHONPATH", "")]
    return list(args), {"PYTHONPATH": os.pathsep.join(filter(None, folders))}


if __name__ == "__main__":
    _leave_the_network()
    os.execvp(sys.argv[1], sys.argv[1:])
