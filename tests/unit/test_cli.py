"""The command line: what it accepts, what it hands to JupyterLab, what the doctor says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stagedflow.commands import doctor
from stagedflow.commands import main as cli
from stagedflow.commands import open as jupyter
from stagedflow.errors import LabError


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    (folder / "instructor").mkdir(parents=True)
    for name in ("index.ipynb", "00_start_here.ipynb", "01_run.ipynb", "01_rerun.ipynb", "instructor/notes.ipynb"):
        (folder / name).write_text("{}")
    return folder


def arguments(folder: Path, *, browser: bool = True, root: bool = False) -> list[str]:
    return jupyter.jupyter_arguments(folder, "00_start_here.ipynb", port=8890, browser=browser, root=root)


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("doctor", "stagedflow.commands.doctor"),
        ("open", "stagedflow.commands.open"),
        ("demo", "stagedflow.commands.demo"),
        ("replay h.json --workflow m:C", "stagedflow.commands.replay"),
    ],
)
def test_each_command_names_the_module_that_does_it(line: str, module: str) -> None:
    assert cli.parser().parse_args(line.split()).module == module


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["dance"],
        ["open", "--port", "0"],
        ["open", "--port", "65536"],
        ["open", "--port", "http"],
        ["open", "--port", "²"],
        ["demo", "--seconds", "-1"],
        ["demo", "--seconds", "nan"],
        ["demo", "--seconds", "31"],
        ["demo", "--seconds", "soon"],
        ["replay"],
        ["replay", "--workflow"],
        ["replay", "h.json", "--workflow", "m:C", "--html"],
        ["replay", "h.json", "--workflow", "m:C", "more.json"],
    ],
)
def test_a_wrong_command_line_is_refused_in_words(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(line)
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert "usage: stagedflow" in told
    assert not line or line[-1] in told


def test_an_error_of_the_labs_own_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: object) -> int:
        raise LabError("No server: install one.")

    monkeypatch.setattr(doctor, "run", fail)
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().err == "stagedflow: No server: install one.\n"


def test_help_is_told_without_loading_the_temporal_sdk() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stagedflow", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "stagedflow.commands.main" in told.stderr
    assert "temporalio" not in told.stderr


def test_jupyterlab_listens_on_this_machine_only_with_its_token_and_asks_nothing(
    course: Path,
) -> None:
    given = arguments(course)
    assert "--ServerApp.ip=127.0.0.1" in given
    assert "--ServerApp.port=8890" in given
    assert f"--ServerApp.root_dir={course}" in given
    assert "--ServerApp.answer_yes=True" in given
    assert not [argument for argument in given if "token" in argument or "password" in argument]


@pytest.mark.parametrize("root", [True, False])
def test_root_is_allowed_only_when_one_is_root(course: Path, root: bool) -> None:
    assert ("--allow-root" in arguments(course, root=root)) is root


@pytest.mark.parametrize("browser", [True, False])
def test_a_browser_is_opened_only_where_one_can_show_itself(course: Path, browser: bool) -> None:
    assert ("--no-browser" in arguments(course, browser=browser)) is not browser
    told = jupyter.announcement("http://127.0.0.1:1/lab", browser=browser)
    assert "http://127.0.0.1:1/lab" in told
    assert ("in your browser" in told) is browser


@pytest.mark.parametrize(
    ("environment", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_display_is_known_by_the_environment(environment: dict[str, str], platform: str, shown: bool) -> None:
    assert jupyter.has_display(environment, platform=platform) is shown


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (None, "index.ipynb"),
        ("00_start_here.ipynb", "00_start_here.ipynb"),
        ("00", "00_start_here.ipynb"),
        ("01_run.ipynb", "01_run.ipynb"),
        ("instructor/notes.ipynb", "instructor/notes.ipynb"),
    ],
)
def test_a_notebook_is_named_by_its_name_or_its_beginning(course: Path, name: str | None, path: str) -> None:
    assert jupyter.notebook_path(course, name) == path


@pytest.mark.parametrize("name", ["07", "01", "../secret.ipynb", "instructor", ""])
def test_a_notebook_that_is_not_in_the_course_is_refused_with_those_that_are(course: Path, name: str) -> None:
    (course.parent / "secret.ipynb").write_text("{}")
    with pytest.raises(LabError, match=r"01_rerun\.ipynb"):
        jupyter.notebook_path(course, name)


def test_a_package_without_its_checkout_says_where_the_course_is(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="clone it"):
        jupyter.notebooks_folder(tmp_path / "stagedflow")


def test_the_address_opens_the_notebook_and_signs_in() -> None:
    url = jupyter.address(8888, "a folder/one.ipynb", token="t&k")
    assert url == "http://127.0.0.1:8888/lab/tree/a%20folder/one.ipynb?token=t%26k"


def test_a_taken_port_is_passed_over_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter, "_is_free", lambda port: port == 8890)
    assert jupyter.free_port() == 8890
    assert jupyter.checked_port(8890) == 8890
    with pytest.raises(LabError, match="8889"):
        jupyter.checked_port(8889)


def test_our_jupyter_defaults_come_beside_the_users_own_folders() -> None:
    first, second = jupyter.config_path({"JUPYTER_CONFIG_PATH": "/theirs"}).split(os.pathsep)
    assert Path(first, "labconfig", "default_setting_overrides.json").is_file()
    assert second == "/theirs"
    assert jupyter.config_path({}) == first


def test_the_doctor_finds_everything_where_the_tests_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    servers = ("Temporal server", "Time-skipping server")
    for name in ("Python", "temporalio", "ipykernel", *servers, "Widgets in JupyterLab"):
        assert any(line.startswith(f"ok   {name}: ") for line in lines), name
    assert doctor.summary() == "Everything is here: Temporal server, JupyterLab, widgets."


@pytest.mark.parametrize(
    ("variable", "name"),
    [("STAGEDFLOW_TEMPORAL", "Temporal server"), ("STAGEDFLOW_TEST_SERVER", "Time-skipping server")],
)
def test_the_doctor_names_a_missing_server_with_its_fix_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/temporal")
    assert cli.main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert f"FIX  {name}: " in told
    assert told.rstrip().endswith("1 to fix.")
    assert "/nowhere/temporal" in doctor.summary()


def test_the_doctor_names_an_old_package_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: ["ipykernel>=999"])
    assert 'pip install "ipykernel>=999"' in doctor.summary()


def test_a_check_that_fails_itself_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> doctor.Finding:
        raise RuntimeError("surprise")

    monkeypatch.setitem(doctor._CHECKS, "Event loop", fail)
    found = {finding.name: finding for finding in doctor.examine()}
    assert "surprise" in found["Event loop"].saw
    assert not found["Loopback port"].fix
