"""The machine and the Python that a kernel runs in, as far as they can be wrong for the kit: one line each."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check saw.

    Attributes:
        name: What was looked at.
        saw: What was found, or what is wrong with it.
        fix: What to do about it; empty when all is well.
        needed: Whether the lessons cannot do without it.
    """

    name: str
    saw: str
    fix: str = ""
    needed: bool = True

    def __str__(self) -> str:
        """The line that `stagedflow doctor` prints."""
        if not self.fix:
            return f"ok   {self.name}: {self.saw}"
        return f"{'FIX ' if self.needed else 'note'} {self.name}: {self.saw}. {self.fix.rstrip('.')}."


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is looked at, as values, so that each finding can be tried on any machine.

    Attributes:
        version: Python's, as (major, minor, micro).
        executable: The Python that runs this.
        system: As `sys.platform`.
        libc: As the first of `platform.libc_ver()`; "" where it is not the GNU one.
        environment: The environment variables.
        colab: True in Google Colab.
        checkout: The kit's `.venv/bin/python`, or None if there is none.
    """

    version: tuple[int, int, int]
    executable: str
    system: str
    libc: str
    environment: Mapping[str, str]
    colab: bool
    checkout: Path | None


def here() -> Surroundings:
    """This kernel's."""
    checkout = Path(__file__).parents[2] / ".venv" / "bin" / "python"
    return Surroundings(
        version=sys.version_info[:3],
        executable=sys.executable,
        system=sys.platform,
        libc=platform.libc_ver()[0],
        environment=os.environ,
        colab="google.colab" in sys.modules,
        checkout=checkout if checkout.exists() else None,
    )


def surroundings(at: Surroundings) -> Iterator[Finding]:
    """Python first, then what only shows itself where it is wrong."""
    version = "{}.{}.{}".format(*at.version)
    if (3, 11) <= at.version[:2] < (3, 14):
        yield Finding(name="Python", saw=f"{version} ({at.executable})")
    else:
        yield Finding(
            name="Python",
            saw=f"this kernel runs Python {version} ({at.executable}), and the course needs 3.11, 3.12 or 3.13",
            fix="Run `make lab` in the course's folder, and open the notebook there",
        )
    if at.checkout and Path(at.executable).parent != at.checkout.parent:
        yield Finding(
            name="Kernel",
            saw=f"this is {at.executable}, not the course's own {at.checkout}",
            fix=f"If something is missing below, start JupyterLab by `{at.checkout.with_name('stagedflow')} open`",
            needed=False,
        )
    if at.system == "win32":
        yield Finding(
            name="Windows",
            saw="the course needs processes that can be killed as on Linux, which Windows itself does not have",
            fix="Install WSL2 (`wsl --install`), and run `make lab` inside it",
        )
    if at.system.startswith("linux") and not at.libc:
        yield Finding(
            name="C library",
            saw="this system has musl in place of glibc (as Alpine has), and Temporal's SDK and servers need glibc",
            fix="Use an image based on Debian or Ubuntu",
        )
    if at.colab:
        yield Finding(
            name="Google Colab",
            saw="its kernel shows no panel that stays alive, and its Python is not the course's",
            fix="Run the course on your own machine, in a development container or on Binder",
            needed=False,
        )
    yield from _proxies(at.environment)


def _proxies(environment: Mapping[str, str]) -> Iterator[Finding]:
    """A proxy that would be asked for this machine's own address."""
    values = {name.lower(): value for name, value in environment.items() if value}
    names = [name for name in ("http_proxy", "all_proxy", "grpc_proxy") if name in values]
    spared = {host.strip() for host in values.get("no_proxy", "").split(",")}
    if names and not spared & {"*", "127.0.0.1", "127.0.0.0/8"}:
        yield Finding(
            name="Proxy",
            saw=f"{', '.join(names)} covers this machine's own addresses, too (the lab does not ask it, a browser may)",
            fix="Set NO_PROXY=127.0.0.1,localhost before JupyterLab starts",
            needed=False,
        )
