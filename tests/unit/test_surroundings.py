"""What is wrong with the machine or the kernel is said in one line, with the way out."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stagedflow.commands.surroundings import Surroundings, here, surroundings
from tests.unit.test_lessons import NOTEBOOKS, sources

FINE = Surroundings(
    version=(3, 12, 1),
    executable="/course/.venv/bin/python",
    system="linux",
    libc="glibc",
    environment={},
    colab=False,
    checkout=Path("/course/.venv/bin/python"),
)


def told(**changed: Any) -> list[str]:
    return [str(finding) for finding in surroundings(replace(FINE, **changed))]


def test_where_all_is_well_only_python_is_named() -> None:
    assert told() == ["ok   Python: 3.12.1 (/course/.venv/bin/python)"]
    assert str(next(surroundings(here()))).startswith("ok   Python: ")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": (3, 10, 4)}, ["FIX  Python: this kernel runs Python 3.10.4", "`make lab`"]),
        ({"executable": "/usr/bin/python3"}, ["note Kernel: this is /usr/bin/python3", "/course/.venv/bin/stagedflow"]),
        ({"system": "win32", "libc": ""}, ["FIX  Windows", "WSL2"]),
        ({"libc": ""}, ["FIX  C library", "musl", "Debian or Ubuntu"]),
        ({"colab": True}, ["note Google Colab", "Binder"]),
        (
            {"environment": {"HTTP_PROXY": "http://proxy:3128"}},
            ["note Proxy: http_proxy", "NO_PROXY=127.0.0.1,localhost"],
        ),
        ({"environment": {"grpc_proxy": "http://proxy"}}, ["note Proxy: grpc_proxy"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else next(iter(value)),
)
def test_each_trouble_is_one_line_with_its_fix(changed: dict[str, Any], words: list[str]) -> None:
    lines = [line for line in told(**changed) if not line.startswith("ok ")]
    assert len(lines) == 1 and "\n" not in lines[0]
    assert all(word in lines[0] for word in words), lines


@pytest.mark.parametrize("spared", ["127.0.0.1,localhost", "*", "example.com, 127.0.0.1"])
def test_a_proxy_that_spares_this_machine_is_no_trouble(spared: str) -> None:
    assert len(told(environment={"HTTP_PROXY": "http://proxy:3128", "no_proxy": spared})) == 1


def test_a_kernel_without_the_package_is_told_by_the_first_cell(tmp_path: Path) -> None:
    first = sources(NOTEBOOKS / "00_start_here.ipynb", "code")[0]
    done = subprocess.run(
        [sys.executable, "-ISc", first], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(f"This kernel is {sys.executable}, which has no stagedflow.")
    assert done.stdout.count("\n") == 1
