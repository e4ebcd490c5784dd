"""pyproject.toml, the lock, environment.yml, Makefile and CI say the same thing."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from stagedflow.replay import _sdk

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / ".ci/requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")

# name==version, with an optional marker, then its hashes on lines of their own.
LOCKED = {
    canonicalize_name(name): (version, hashes.split())
    for name, version, hashes in re.findall(
        r"^([\w.-]+)==(\S+).*?\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.M
    )
}


def is_text_of_ours(path: Path) -> bool:
    return path.is_file() and path.suffix not in {".png", ".gif", ".svg", ".ico"}


def test_every_dependency_is_locked_with_hashes_at_a_version_that_fits() -> None:
    asked = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    for requirement in map(Requirement, asked):
        version, hashes = LOCKED[canonicalize_name(requirement.name)]
        assert hashes, requirement
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_nothing_in_the_lock_is_without_a_hash() -> None:
    named = re.findall(r"^([A-Za-z0-9][\w.-]*)", LOCK, re.M)
    assert len(named) > 50
    assert [name for name in named if canonicalize_name(name) not in LOCKED] == []


def test_the_lock_holds_no_address_no_option_and_no_path() -> None:
    for line in LOCK.splitlines():
        assert "://" not in line
        assert re.match(r"#|    # |    --hash=sha256:|[a-z0-9]", line), line


def test_conda_takes_the_pythons_of_the_project() -> None:
    (wanted,) = re.findall(r"^  - python (\S+)$", ENVIRONMENT, re.M)
    assert SpecifierSet(wanted) == SpecifierSet(PROJECT["project"]["requires-python"])


def test_conda_installs_the_package_with_the_versions_of_the_lock() -> None:
    listed = re.findall(r"^\s*- (.+)$", ENVIRONMENT.split("dependencies:")[1], re.M)
    assert [entry for entry in listed if not entry.startswith("python ")] == [
        "pip",
        "pip:",
        "-c .ci/constraints.txt",
        "-e .",
    ]


def test_the_constraints_are_the_lock_without_its_hashes() -> None:
    locked = re.findall(r"^([a-z0-9].*?) \\\n", LOCK, re.M)
    assert (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines() == locked


def test_both_environments_are_made_from_the_one_lock_with_its_hashes() -> None:
    script = (ROOT / ".ci/venv").read_text(encoding="utf-8")
    assert "lock=.ci/requirements.lock" in script
    assert '--constraint "$lock" --build-constraint "$lock" --editable .' in script
    assert '--require-hashes --requirement "$lock"' in script


def test_a_development_container_sets_up_by_the_same_command() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == ".ci/venv lab"
    assert container["forwardPorts"] == [8888]


@pytest.mark.parametrize("target", ["lab", "test", "demo", "notebooks", "lock", "lint", "bench"])
def test_make_knows_each_command_that_the_documentation_names(target: str) -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert re.search(rf"^  make {target} +\S", told.stdout, re.M)


def test_ci_runs_all_of_make_test_and_github_runs_the_same() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands[0] == "set -euo pipefail"
    assert commands[-1] == "make test"
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert "run: .ci/run" in workflow
    for minor in ("3.11", "3.12", "3.13"):
        assert f'"{minor}"' in workflow
        assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(f"{minor}.0")


def test_no_file_names_a_registry_or_an_index() -> None:
    # Put together here, so that this file does not name one either.
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "anaconda" + ".org"]
    options = ["--index" + "-url", "--extra-index" + "-url", "--find" + "-links"]
    files = [path for path in ROOT.iterdir() if is_text_of_ours(path)]
    for folder in (".ci", ".github", ".devcontainer"):
        files += [path for path in (ROOT / folder).rglob("*") if is_text_of_ours(path)]
    assert len(files) > 6
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert [word for word in hosts + options if word in text] == [], path


def test_the_sdk_that_is_required_is_the_one_whose_private_names_are_listed() -> None:
    assert f'"temporalio>={_sdk.TRIED},<' in (ROOT / "pyproject.toml").read_text()
