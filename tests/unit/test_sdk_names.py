"""Each private name that `_sdk.py` lists is still where it was: a release that moves one fails here first."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import _workflow, _workflow_instance
from temporalio.workflow import _asyncio, _handlers

from stagedflow.replay import _sdk, matching
from stagedflow.replay.recording import jobs
from stagedflow.staged import ACTIVITIES, StagedWorkflow

INSTANCE = _workflow_instance._WorkflowInstanceImpl


def locals_of(function: Callable[..., Any]) -> set[str]:
    """The names of a function's arguments and local variables."""
    code = inspect.unwrap(function).__code__
    return {*code.co_varnames, *code.co_cellvars}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (WorkflowActivation, {"run_id", "is_replaying", "history_length", "jobs"}),
        (WorkflowActivationCompletion, {"successful", "failed"}),
    ],
)
def test_the_sdk_messages_still_have_the_fields_that_we_read(message: Any, fields: set[str]) -> None:
    assert fields <= set(message.DESCRIPTOR.fields_by_name)


def test_every_job_that_the_sdk_knows_can_be_told() -> None:
    known = WorkflowActivation.DESCRIPTOR.fields_by_name["jobs"].message_type.oneofs_by_name["variant"].fields
    names = {field.name for field in known}
    assert {*jobs.ANSWERS, "initialize_workflow", "signal_workflow", "query_workflow", "do_update"} <= names
    for name in names - {"remove_from_cache"}:
        job = WorkflowActivation.DESCRIPTOR.fields_by_name["jobs"].message_type._concrete_class()
        getattr(job, name).SetInParent()
        assert jobs.Naming().job(job).text


def test_every_command_that_the_sdk_knows_can_be_told_and_those_with_an_event_are_matched() -> None:
    names = {field.name for field in WorkflowCommand.DESCRIPTOR.oneofs_by_name["variant"].fields}
    assert names == {*jobs.CLOSING, *jobs.COMMANDS}
    assert set(matching.MADE_BY) <= names
    for name in names - {"update_response"}:
        command = WorkflowCommand()
        getattr(command, name).SetInParent()
        assert jobs.Naming().command(command, None).text


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        (_sdk.ADDS_COMMAND, set()),
        (_sdk.REGISTERS_TASK, {"task"}),
        (_sdk.CONDITION, {"timeout"}),
        (_sdk.SLEEP, {"duration"}),
        (_sdk.CANCELS_EXTERNAL, {"target_workflow_id"}),
    ],
)
def test_each_function_of_a_workflow_instance_is_there_with_its_variables(name: str, variables: set[str]) -> None:
    assert variables <= locals_of(getattr(INSTANCE, name))


def test_a_handler_is_still_called_by_these_names() -> None:
    for name in ("handle_signal", "handle_update_handler"):
        assert _sdk.HANDLER in locals_of(getattr(_workflow_instance._WorkflowInboundImpl, name))
    assert _sdk.BOUND in locals_of(_handlers._bind_method)


def test_every_command_is_still_added_in_one_place() -> None:
    source = inspect.getsource(_workflow_instance)
    assert source.count("commands.add()") == 1
    assert "commands.add()" in inspect.getsource(getattr(INSTANCE, _sdk.ADDS_COMMAND))


def test_every_task_is_still_registered_and_named() -> None:
    source = inspect.getsource(_workflow_instance)
    for name in _sdk.TASK_NAMES:
        assert f'name=f"{name}' in source or f'name="{name}"' in source or name == "nexus: "
    assert '(workflow: {self._info.workflow_type}, id: {self._info.workflow_id}, run: {self._info.run_id})"' in source


def test_the_deadlock_detector_still_interrupts_with_this_error() -> None:
    assert issubclass(getattr(_workflow, _sdk.INTERRUPTS), BaseException)


def test_as_completed_still_gives_out_this_coroutine() -> None:
    assert _sdk.AS_COMPLETED in {c.co_name for c in _asyncio.as_completed.__code__.co_consts if inspect.iscode(c)}


@pytest.mark.parametrize(("place", "variable"), sorted(_sdk.LIBRARY_WAITS.items()))
def test_each_wait_of_asyncio_has_its_variable(place: tuple[str, str], variable: str) -> None:
    file, name = place
    homes = {
        "tasks.py": [asyncio.tasks],
        "_asyncio.py": [_asyncio],
        "locks.py": [asyncio.Lock, asyncio.Event, asyncio.Condition],
        "queues.py": [asyncio.Queue],
        "taskgroups.py": [asyncio.TaskGroup],
    }[file]
    functions = [getattr(home, name) for home in homes if hasattr(home, name)]
    assert functions and all(variable in locals_of(function) for function in functions)


async def test_a_task_still_tells_what_it_waits_on_and_a_gather_its_children() -> None:
    future = asyncio.get_running_loop().create_future()
    gathered = asyncio.gather(future)

    async def wait() -> None:
        await gathered

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert getattr(task, _sdk.WAITS_ON) is gathered
    assert list(getattr(gathered, _sdk.GATHERS)) == [future]
    future.set_result(None)
    await task


async def test_a_shield_and_a_task_group_still_tell_what_they_hold() -> None:
    inner = asyncio.get_running_loop().create_future()
    shield = asyncio.shield(inner)
    inside = [c for c, _ in getattr(shield, _sdk.CALLBACKS) if c.__name__ == _sdk.SHIELDS]
    assert inspect.getclosurevars(inside[0]).nonlocals[_sdk.SHIELDED] is inner
    inner.set_result(None)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0))
        assert set(getattr(group, _sdk.GROUPS)) == {task}


def test_a_workflow_class_still_carries_its_definition() -> None:
    definition = getattr(StagedWorkflow, _sdk.DEFINITION)
    assert (definition.name, definition.cls) == ("StagedWorkflow", StagedWorkflow)


def test_an_activity_function_still_carries_its_definition() -> None:
    assert all(hasattr(activity, _sdk.ACTIVITY_DEFINITION) for activity in ACTIVITIES)


def test_the_flags_are_those_that_the_sdk_knows() -> None:
    assert {int(flag) for flag in _workflow_instance._WorkflowLogicFlag} == _sdk.LOGIC_FLAGS


@pytest.mark.parametrize("words", [_sdk.DROPPED_SIGNAL, _sdk.STUMBLED])
def test_the_log_records_that_we_look_for_still_begin_so(words: str) -> None:
    assert f'f"{words}' in inspect.getsource(_workflow_instance)
