"""The lab's folder, tried before anything relies on it: a disk, its rights and its limits fail in many ways."""

import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from stagedflow.errors import LabError

PROBE_BYTES = 2**20
"""A ledger and its write-ahead log soon need this much."""
REMEDY = "Set the variable TMPDIR to a folder on a local disk, with space left, where programs may run"
_AND_RESTART = f"{REMEDY}, and start Jupyter again."


def new_folder() -> Path:
    """A folder of one's own below the temporary one, in which all that a lab does was tried.

    Raises:
        LabError: It cannot be used; the text names the folder, the reason and the remedy.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="stagedflow-"))
    except OSError as error:  # also FileNotFoundError: Python found no folder that it can write to
        raise LabError(f"There is no temporary folder that can be written to ({error}). {_AND_RESTART}") from error
    if why := unusable(folder):
        shutil.rmtree(folder, ignore_errors=True)
        raise LabError(f"The temporary folder {_readable(folder.parent)} cannot be used: {why}. {_AND_RESTART}")
    return folder


def unusable(folder: Path) -> str:
    """Why a lab cannot live in this folder, in words, or ""; leaves nothing in it."""
    for probe in (_name, _space, _program, _database):
        try:
            if why := probe(folder):
                return why
        except (OSError, sqlite3.Error, subprocess.SubprocessError) as error:
            return getattr(error, "strerror", None) or str(error)
    return ""


def _name(folder: Path) -> str:
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return "its name cannot be spelt in this process's locale (LC_ALL, LANG or PYTHONUTF8=1 changes that)"
    return ""


def _space(folder: Path) -> str:
    file = folder / "probe"
    try:
        with file.open("wb") as probe:
            probe.write(bytes(PROBE_BYTES))
    finally:
        file.unlink(missing_ok=True)
    return ""


def _program(folder: Path) -> str:
    program = folder / "probe"
    program.write_bytes(b"#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    try:
        subprocess.run([program], check=True, capture_output=True, timeout=20)
    except PermissionError:
        return "no program may run in it (it may be mounted with noexec)"
    finally:
        program.unlink()
    return ""


def _database(folder: Path) -> str:
    """The ledger needs SQLite's write-ahead log there."""
    database = sqlite3.connect(folder / "probe")
    try:
        mode = database.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        database.execute("CREATE TABLE probe (x)")
    finally:
        database.close()
        for file in folder.glob("probe*"):
            file.unlink()
    return "" if mode == "wal" else "SQLite keeps no write-ahead log in it"


def _readable(path: Path) -> str:
    """A path whose name is no text, with signs in place of what cannot be shown."""
    return str(path).encode(errors="replace").decode()
