"""How long what the documentation gives in seconds takes: too much for a test, which a busy machine would fail."""

import os
import tempfile
import time
from pathlib import Path

from tests.integration.kernels import kernel
from tests.integration.processes import descendants, survivors
from tests.notebooks import saved, solved
from tests.notebooks.validate import validated

MAIN_JOB = ("00_", "01_", "02_")
LAB = "from stagedflow import Lab\nlab = await Lab.start()\nworker = await lab.start_worker()"


def measure() -> None:
    """Measure and print."""
    with kernel() as notebook:
        notebook.run(LAB)
        started = descendants(notebook.pid)
        began = time.perf_counter()
        notebook.process.kill()
        assert started and not survivors(started)
        seconds = time.perf_counter() - began
    print(f"kernel killed, all of its lab gone  {seconds:6.1f} s     (goal: under 5 s)", flush=True)

    taken = {path: _lesson(path, path) for path in saved.NOTEBOOKS}
    main_job = sum(seconds for path, seconds in taken.items() if path.name.startswith(MAIN_JOB))
    print(f"lessons 00, 01 and 02, Run All      {main_job:6.1f} s     (goal: under 120 s)", flush=True)
    both = sum(taken.values()) + sum(_lesson(path, solved.solved_path(path)) for path in solved.lessons())
    print(f"the course unsolved and solved      {both:6.1f} s     (one after another, on {os.cpu_count()} cores)")


def _lesson(path: Path, form: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return validated(saved.read(form), path, Path(folder)).seconds
