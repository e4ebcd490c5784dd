"""The learner's progress: kept whole, by several kernels at once, and never thrown away."""

import errno
import fcntl
import json
import multiprocessing
from pathlib import Path

import pytest

from stagedflow.course import hint, progress, progress_file, solution


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path / "mine"))
    monkeypatch.setattr(progress_file, "_waiting", [])
    return tmp_path / "mine"


def statuses() -> dict[str, str]:
    return {name: status for lesson in progress().lessons for name, status in lesson.exercises.items()}


def test_at_first_nothing_is_attempted_and_nothing_is_written(home: Path) -> None:
    assert set(statuses().values()) == {"not attempted"}
    assert not home.exists()


def test_what_was_correct_once_stays_so_and_another_kernel_sees_it(home: Path) -> None:
    progress_file.note("exercises", "never_go_back", best="correct")
    assert statuses()["never_go_back"] == "correct"
    assert json.loads((home / "progress.json").read_text())["exercises"]["never_go_back"]["best"] == "correct"
    [lesson] = [each for each in progress().lessons if each.lesson == "03"]
    assert lesson.words.startswith("1 of ")
    assert "never_go_back (correct)" in repr(progress())
    assert "never_go_back (correct)" in progress()._repr_html_()


def count_up(times: int) -> None:
    for _ in range(times):
        progress_file.note("exercises", "x", checks=lambda before: (before or 0) + 1)


def test_kernels_that_write_at_once_lose_nothing(home: Path) -> None:
    context = multiprocessing.get_context("fork")
    kernels = [context.Process(target=count_up, args=(25,)) for _ in range(4)]
    for each in kernels:
        each.start()
    for each in kernels:
        each.join(30)
    assert progress_file.read()["exercises"]["x"]["checks"] == 100


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", '{"exercises": 3}', '{"exercises": {"a": 1}}', '"x"', "\0"])
def test_a_broken_file_is_put_aside_and_never_lost(home: Path, text: str) -> None:
    home.mkdir()
    (home / "progress.json").write_text(text)
    progress_file.note("exercises", "never_go_back", best="correct")
    assert statuses()["never_go_back"] == "correct"
    kept = [path.read_text() for path in home.iterdir()]
    assert text in kept or json.loads(text)["exercises"] == {"a": 1}


def test_what_could_not_be_written_is_merged_with_what_others_have_written(home: Path) -> None:
    home.write_text("a file in the folder's place")
    progress_file.note("exercises", "never_go_back", best="correct", checks=lambda before: (before or 0) + 1)
    home.unlink()
    home.mkdir()
    told = {"exercises": {"charge_once": {"best": "correct"}, "never_go_back": {"checks": 4}}, "predictions": {}}
    (home / "progress.json").write_text(json.dumps(told))
    progress_file.note("predictions", "03-burst", answer="all\ud800")
    found = json.loads((home / "progress.json").read_text())
    assert found["exercises"] == {
        "charge_once": {"best": "correct"},
        "never_go_back": {"best": "correct", "checks": 5},
    }
    assert found["predictions"] == {"03-burst": {"answer": "all\ud800"}}
    assert progress_file.trouble() == ""


def test_a_lock_that_another_holds_is_waited_for_not_long(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_file, "LOCK_SECONDS", 0.05)
    home.mkdir()
    with (home / "progress.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        progress_file.note("exercises", "never_go_back", best="correct")
        assert "kept until this kernel ends" in progress_file.trouble()
        assert statuses()["never_go_back"] == "correct"
    progress_file.note("exercises", "never_go_back", hints=1)
    assert json.loads((home / "progress.json").read_text())["exercises"]["never_go_back"]["best"] == "correct"


def test_a_file_system_without_locks_keeps_it_in_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    progress_file.note("exercises", "never_go_back", best="correct")
    assert statuses()["never_go_back"] == "correct"
    assert progress_file.trouble()


def test_only_its_owner_can_look(home: Path) -> None:
    home.mkdir(mode=0o755)
    progress_file.note("exercises", "never_go_back", best="correct")
    assert [path.stat().st_mode & 0o077 for path in (home, home / "progress.json")] == [0, 0]


def test_where_nothing_can_be_written_it_is_kept_in_memory_and_said(home: Path) -> None:
    home.write_text("a file in the folder's place")
    progress_file.note("exercises", "never_go_back", best="correct")
    assert statuses()["never_go_back"] == "correct"
    assert "kept until this kernel ends" in repr(progress())
    assert "kept until this kernel ends" in progress()._repr_html_()


def test_a_hand_written_status_is_escaped(home: Path) -> None:
    progress_file.note("exercises", "never_go_back", best="<script>")
    assert "<script>" not in progress()._repr_html_()


def test_hints_come_one_by_one_then_the_solution() -> None:
    first, second = hint("never_go_back"), hint("never_go_back")
    assert first.heading.startswith("Hint 1 of")
    assert second.heading.startswith("Hint 2 of")
    assert hint("never_go_back", 1) == first
    assert "solution(" in hint("never_go_back", 3).text
    assert "max(self.stage, stage)" in repr(solution("never_go_back"))
    told = progress_file.read()["exercises"]["never_go_back"]
    assert told["hints"] == 3
    assert told["solution_seen"] is True


@pytest.mark.parametrize("n", [0, 9, "1", 1.5, True])
def test_a_hint_that_is_not_there_is_refused_in_words(n: object) -> None:
    assert hint("never_go_back", n).heading == "No hint"  # type: ignore[arg-type]
    assert hint("nothing").heading == "No hint"
    assert solution("nothing").heading == "No solution"
