"""The exercises are found from wherever a notebook is run, and a wrong folder is told in words."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ASK = (
    "from stagedflow.course import check, hint, progress, solution\n"
    "from stagedflow.course.where import exercises_folder\n"
    "print(exercises_folder())\n"
    "print(hint('charge_once', 1))\n"
    "from exercises.charge_once.support import charge\n"
    "print(charge.__module__)\n"
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks elsewhere, with the learner's own folder in it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "my notebooks"
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".stagedflow", "__pycache__"))
    (folder / "mine" / "deeper").mkdir(parents=True)
    return folder


def said(code: str, folder: Path, **env: str) -> str:
    """What a fresh interpreter that starts in this folder prints."""
    environment: Mapping[str, str] = {"PATH": "", "PYTHONDONTWRITEBYTECODE": "1", **env}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("place", [".", "instructor/solved", "mine", "mine/deeper"])
def test_they_are_found_beside_the_notebook_and_above_it(copy: Path, place: str, tmp_path: Path) -> None:
    told = said(ASK, copy / place, STAGEDFLOW_HOME=str(tmp_path))
    assert told.splitlines()[0] == str(copy / "exercises")
    assert "Hint 1 of" in told and told.endswith("exercises.charge_once.support\n")


def test_a_kernel_with_another_working_folder_asks_for_its_notebook(copy: Path, tmp_path: Path) -> None:
    notebook = str(copy / "mine" / "lesson.ipynb")
    told = said(ASK, tmp_path, STAGEDFLOW_HOME=str(tmp_path), JPY_SESSION_NAME=notebook)
    assert told.splitlines()[0] == str(copy / "exercises")


def test_visual_studio_code_names_its_notebook_in_another_way(copy: Path, tmp_path: Path) -> None:
    shell = "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.instance().user_ns"
    notebook = f"{shell}['__vsc_ipynb_file__'] = {str(copy / 'mine' / 'lesson.ipynb')!r}\n"
    told = said(notebook + ASK, tmp_path, STAGEDFLOW_HOME=str(tmp_path), IPYTHONDIR=str(tmp_path))
    assert told.splitlines()[0] == str(copy / "exercises")


def test_another_package_of_this_name_is_told(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "__init__.py").touch()
    code = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport exercises\n"
        "from stagedflow.course.exercise import exercise\n"
        "from stagedflow.errors import LabError\n"
        "try:\n    exercise('charge_once').check\nexcept LabError as error:\n    print(error)\n"
    )
    told = said(code, copy, STAGEDFLOW_HOME=str(tmp_path))
    assert f"means {tmp_path / 'exercises'} in this kernel, not {copy / 'exercises'}." in told


def test_the_checkout_serves_a_notebook_that_lies_anywhere(tmp_path: Path) -> None:
    assert said(ASK, tmp_path, STAGEDFLOW_HOME=str(tmp_path)).splitlines()[0] == str(NOTEBOOKS / "exercises")


def test_where_it_was_looked_for_is_said_in_words_by_all_that_need_it(tmp_path: Path) -> None:
    code = (
        "from stagedflow.course import check, hint, progress, solution\n"
        "for each in (check('charge_once'), hint('charge_once'), solution('charge_once'), progress()):\n"
        "    print(each)\n"
    )
    told = said(code, tmp_path, STAGEDFLOW_HOME=str(tmp_path), STAGEDFLOW_EXERCISES=str(tmp_path / "nowhere"))
    assert told.count(f"were not found. Looked for: {tmp_path / 'nowhere'}.") == 4
    assert told.count("STAGEDFLOW_EXERCISES") == 4


def a_new_exercise(folder: Path, toml: str) -> Path:
    """A folder of exercises with one in it."""
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "exercise.toml").write_text(toml)
    (folder / "mine" / "starter.py").write_text("x = 1\n")
    (folder / "mine" / "solution.py").write_text("x = 2\n")
    (folder / "mine" / "check.py").write_text("this is no Python\n")
    return folder


LESSON = 'lesson = "03"\ntitle = "Try"'


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("lesson = 3", "the key 'lesson' must be there, as a text."),
        ('lesson = "03"\ntitle = "Try"\nhints = []', "the key 'number' must be there, as a number."),
        (f"{LESSON}\nnumber = true", "the key 'number' must be there, as a number."),
        (f"{LESSON}\nnumber = 1\npitfalls = [1]\nhints = []", "the key 'hints' must be a list of one text or more."),
        (f"{LESSON}\nnumber = 1\npitfalls = [1]\nhints = [1, 2]", "'hints' must be a list of one text or more."),
        (f"{LESSON}\nnumber = 1\npitfalls = ['1']\nhints = ['a']", "'pitfalls' must be a list of one number or more."),
        ("lesson =", "cannot be read: "),
    ],
)
def test_an_exercise_that_cannot_be_read_says_why(toml: str, words: str, tmp_path: Path) -> None:
    folder = a_new_exercise(tmp_path / "exercises", toml)
    told = said("from stagedflow.course import hint\nprint(hint('mine'))", tmp_path, STAGEDFLOW_EXERCISES=str(folder))
    assert f"{folder / 'mine' / 'exercise.toml'}" in told and words in told


@pytest.mark.parametrize("file", ["starter.py", "solution.py", "check.py"])
def test_an_exercise_without_a_file_says_which(file: str, tmp_path: Path) -> None:
    folder = a_new_exercise(tmp_path / "exercises", f"{LESSON}\nnumber = 1\npitfalls = [1]\nhints = ['Look.']")
    (folder / "mine" / file).unlink()
    told = said("from stagedflow.course import check\nprint(check('mine'))", tmp_path, STAGEDFLOW_EXERCISES=str(folder))
    assert f"{folder / 'mine' / file} is missing" in told
