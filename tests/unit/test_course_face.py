"""The course's public names, and who may know of whom."""

import pytest

import stagedflow.course
from tests.unit.test_facade import JUPYTER, loaded_by


@pytest.mark.parametrize("name", stagedflow.course.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(stagedflow.course, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        stagedflow.course.no_such_name  # noqa: B018


def test_a_worker_that_imports_an_exercise_loads_nothing_of_jupyter() -> None:
    assert not loaded_by("import stagedflow.course, stagedflow.course.trial, stagedflow.course._child") & JUPYTER


@pytest.mark.parametrize(
    "module", ["lab.lab", "history.runs", "replay.trace", "widgets.panel.panel", "lab.worker_main"]
)
def test_nothing_below_knows_of_the_course(module: str) -> None:
    assert not {name for name in loaded_by(f"import stagedflow.{module}") if name.startswith("stagedflow.course")}
