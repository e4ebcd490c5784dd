"""Which processes there are, read off /proc: whose children, alive or not, listening where."""

import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PATIENCE = 240.0
"""Seconds. The promise is 5 s at rest, and `make bench` measures it; a busy machine takes longer."""


@dataclass(frozen=True)
class Process:
    """One process; `born` tells it from a later one with the same pid."""

    pid: int
    parent: int
    born: int
    words: str

    @property
    def alive(self) -> bool:
        """True while it runs; one that has ended and waits to be collected does not."""
        now = read(self.pid)
        return now is not None and now.born == self.born


def read(pid: int) -> Process | None:
    """The process with this pid, or None: there is none, or it has ended."""
    try:
        stat = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        words = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if stat[0] in "ZX" else Process(pid, int(stat[1]), int(stat[19]), words.strip())


def descendants(pid: int) -> list[Process]:
    """All processes that this one has started, and theirs."""
    everyone = [p for folder in PROC.iterdir() if folder.name.isdigit() and (p := read(int(folder.name)))]
    found: list[Process] = []
    parents = {pid}
    while children := [p for p in everyone if p.parent in parents and p not in found]:
        found += children
        parents = {p.pid for p in children}
    return found


def servers(pid: int) -> list[Process]:
    """The Temporal servers among them; a server's watcher is none."""
    return [p for p in descendants(pid) if " start-dev " in p.words and "guard.py" not in p.words]


def survivors(processes: Iterable[Process], *, seconds: float = PATIENCE) -> list[Process]:
    """Those that still live after so many seconds; returns as soon as none does."""
    wait_for(lambda: not any(p.alive for p in processes), seconds=seconds)
    return [p for p in processes if p.alive]


def wait_for(condition: Callable[[], object], *, seconds: float = PATIENCE) -> bool:
    """True as soon as the condition holds, False at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def listening(processes: Iterable[Process]) -> set[tuple[str, int]]:
    """The addresses and ports that these processes listen on."""
    inodes: set[str] = set()
    for process in processes:
        for descriptor in (PROC / str(process.pid) / "fd").iterdir():
            try:
                inodes.add(str(descriptor.readlink()))
            except FileNotFoundError:
                continue
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in (PROC / "net" / name).read_text().splitlines()[1:]:
            words = row.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                found.add(_address(words[1], family))
    return found


def _address(text: str, family: int) -> tuple[str, int]:
    host, _, port = text.partition(":")
    words = [int(host[i : i + 8], 16) for i in range(0, len(host), 8)]
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)), int(port, 16)
