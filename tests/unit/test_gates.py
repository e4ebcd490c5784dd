"""Gates: each `wait_condition` of a staged workflow, and none of other code."""

from pathlib import Path
from textwrap import dedent

import pytest

from stagedflow.replay.recording.gates import gates_of
from stagedflow.staged import StagedWorkflow

CODE = """
class {name}:
    async def helper(self):
        await workflow.wait_condition(lambda: self.ready)

    async def run(self):
        await workflow.wait_condition(
            lambda: {condition}
        )
"""


def gates(folder: Path, name: str, condition: str) -> tuple[tuple[int, int], ...]:
    file = folder / f"{name}.py"
    file.write_text(dedent(CODE).format(name=name, condition=condition))
    names: dict[str, type] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    return gates_of(names[name].run.__code__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("condition", ["self.stage > 0", "self.stage >= number", "self.opened[gate]"])
def test_a_staged_workflow_has_gates_those_of_run_first(tmp_path: Path, condition: str) -> None:
    assert gates(tmp_path, "Staged", condition) == ((7, 9), (4, 4))


def test_code_whose_conditions_speak_of_no_stage_has_none(tmp_path: Path) -> None:
    assert gates(tmp_path, "Other", "self.paid") == ()


def test_the_courses_workflow_has_three() -> None:
    assert len(gates_of(StagedWorkflow.run.__code__)) == 3
