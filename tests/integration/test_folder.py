"""A temporary folder that a lab cannot live in is named in one sentence, by a start and by the doctor."""

import asyncio
import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stagedflow import Lab, LabError
from stagedflow.commands import doctor
from stagedflow.lab import folder

TOO_SMALL = """
import asyncio, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from stagedflow import Lab
try:
    asyncio.run(Lab.start())
except Exception as error:
    print(type(error).__name__, error)
"""


def start_fails(words: str) -> None:
    """A start says this, and leaves nothing in the folder."""
    with pytest.raises(LabError, match=words):
        asyncio.run(Lab.start())
    assert not list(Path(tempfile.gettempdir()).iterdir())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def finding() -> doctor.Finding:
    """The doctor's, of the temporary folder."""
    [found] = [f for f in doctor.examine() if f.name == "Temporary folder"]
    return found


def test_a_folder_where_no_program_may_run(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(folder.subprocess, "run", refuse)
    start_fails(rf"folder {temporary} cannot be used: no program may run in it .*noexec.*TMPDIR.*start Jupyter")
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(folder, "_program", lambda _: "no program may run in it")
    assert "no program may run in it" in finding().saw
    assert "TMPDIR" in finding().fix


def test_a_full_disk(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "_space", full)
    start_fails(rf"folder {temporary} cannot be used: .*No space left on device\. Set the variable TMPDIR")


def test_no_temporary_folder_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: object) -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(folder.tempfile, "mkdtemp", none)
    with pytest.raises(LabError, match=r"There is no temporary folder that can be written to .*No usable temporary"):
        asyncio.run(Lab.start())


def test_a_name_that_is_no_text(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Path(os.fsdecode(os.fsencode(temporary) + b"/caf\xe9"))
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    start_fails(r"caf\? cannot be used: its name cannot be spelt in this process's locale")


def test_a_limit_on_the_length_of_files(temporary: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", TOO_SMALL], env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.stdout.startswith(f"LabError The temporary folder {temporary} cannot be used: "), told
    assert "File too large" in told.stdout
    assert not list(temporary.iterdir())
