"""Strict nbval over one notebook, in a process of its own that has no network."""

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tests.notebooks import offline, saved

# Only nbval's plugin. The grammar of IRIs takes as long as all else, and no schema of a notebook has one.
NBVAL = """
import sys
sys.modules["rfc3987_syntax"] = None
import pytest
sys.exit(pytest.main(["--disable-plugin-autoload", "-p", "nbval.plugin", *sys.argv[1:]]))
"""

LEFT_BEHIND = shutil.ignore_patterns(".stagedflow", ".ipynb_checkpoints", "instructor")


@dataclass(frozen=True)
class Validation:
    """What nbval said of each code cell: "passed", "failure", "error" or "skipped"."""

    cells: dict[int, str]
    seconds: float
    log: str

    @property
    def not_passed(self) -> dict[int, str]:
        return {number: said for number, said in self.cells.items() if said != "passed"}


class Running:
    """nbval at work; ``result()`` waits for it."""

    def __init__(self, notebook: Path) -> None:
        self._report = notebook.with_suffix(".xml")
        self._log = notebook.with_suffix(".log")
        args, offline_env = offline.command(
            *(sys.executable, "-c", NBVAL, str(notebook), f"--rootdir={notebook.parent}"),
            *(
                "-c",
                os.devnull,
                "-p",
                "no:cacheprovider",
                "--color=no",
                f"--junitxml={self._report}",
            ),
            *("--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"),
            f"--nbval-sanitize-with={saved.SANITIZER}",
        )
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        home = str(notebook.with_suffix(".home"))
        env |= {"IPYTHONDIR": home, "STAGEDFLOW_HOME": home, **offline_env}
        self._begin = time.monotonic()
        with self._log.open("w") as out:
            self._process = subprocess.Popen(
                args,
                cwd=notebook.parent,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its group can be ended by its pid
            )

    def result(self, *, deadline: float = 900) -> Validation:
        """Wait for the end.

        Raises:
            TimeoutError: it did not come in ``deadline`` seconds; nbval is ended then.
        """
        try:
            self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its kernel notices, and ends itself
            self._process.wait()
            raise TimeoutError(f"nbval ran {deadline} s:\n{self._log.read_text()}") from None
        seconds = time.monotonic() - self._begin
        log = self._log.read_text()
        assert self._report.exists(), log
        cells = {
            int(case.attrib["name"].removeprefix("Cell ")): case[0].tag if len(case) else "passed"
            for case in ElementTree.parse(self._report).iter("testcase")
        }
        return Validation(cells, seconds, log)


def validated(notebook: NotebookNode, path: Path, folder: Path) -> Validation:
    """What nbval says of this form of the lesson at ``path``, run in a copy of its folder."""
    copy = Path(shutil.copytree(path.parent, folder / "notebooks", ignore=LEFT_BEHIND)) / path.name
    saved.write(notebook, copy)
    validation = Running(copy).result()
    print(f"{path.name}: {len(validation.cells)} cells in {validation.seconds:.1f} s")
    assert len(validation.cells) == len(saved.code_cells(notebook))
    return validation
