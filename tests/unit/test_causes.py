"""Why code and history part, where both show it."""

from datetime import timedelta

import pytest
from temporalio import workflow

from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.saved.set_order import set_loop
from tests.unit.handmade import HandMade

SOON = timedelta(seconds=10)


@workflow.defn(name="Ships")
class PatchRemoved:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class PatchRenamed:
    @workflow.run
    async def run(self) -> None:
        if workflow.patched("pay-before"):
            await workflow.execute_activity("charge", start_to_close_timeout=SOON)
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class LocalSwapped:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("weigh", start_to_close_timeout=SOON)
        await workflow.execute_local_activity("look", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class LocalRenamed:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("peek", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class LocalTurned:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity("look", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class LocalBefore:
    @workflow.run
    async def run(self) -> None:
        workflow.start_local_activity("look", start_to_close_timeout=SOON)
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class NexusRenamed:
    @workflow.run
    async def run(self) -> None:
        client = workflow.create_nexus_client(service="bank", endpoint="bank")
        await client.start_operation("refund", None)


def history(what: str) -> HandMade:
    made = HandMade("Ships")
    made.task()
    if what == "patch":
        made.patch("pay-first")
        made.activity(1, "ship")
    elif what == "local":
        made.local(1, "look")
        made.local(2, "weigh")
        made.completed()
    elif what == "nexus":
        made.made("NEXUS_OPERATION_SCHEDULED", endpoint="bank", service="bank", operation="charge", requestId="1")
    else:
        made.ended(made.activity(1, "ship"))
        made.task()
        made.completed()
    return made


@pytest.mark.parametrize(
    ("cls", "what", "says"),
    [
        (PatchRemoved, "patch", ["At event 5 history has the marker of patch pay-first (MARKER_RECORDED), but this "
         "code scheduled the activity ship at line ", "has not asked for the patch pay-first any more"]),
        (PatchRenamed, "patch", ["has not asked for the patch pay-first any more", "It asks for 'pay-before' at line ",
         "a patch with another name is another patch"]),
        (LocalSwapped, "local", ["At event 5 history has the marker of local activity look (MARKER_RECORDED), but this "
         "code ran the local activity weigh at line ", "History holds the local activity weigh as number 2; this code "
         "starts it as number 1."]),
        (LocalRenamed, "local", ["but this code ran the local activity peek at line "]),
        (LocalTurned, "local", ["At event 5 history has the marker of local activity look (MARKER_RECORDED), but "
         "this code scheduled the activity look at line "]),
        (LocalBefore, "activity", ["Its id is 2 here, and 1 in history.", "local ones included"]),
        (NexusRenamed, "nexus", ["At event 5 history has the nexus operation charge (NEXUS_OPERATION_SCHEDULED), but "
         "this code scheduled the nexus operation refund at line "]),
    ],
)  # fmt: skip
async def test_what_is_known_of_the_cause_is_said(cls: type, what: str, says: list[str]) -> None:
    failure = (await record_replay(history(what).history, workflows=[cls])).failure
    assert failure is not None and failure.kind == "nondeterminism"
    assert failure.expected is not None and failure.expected.id == 5
    assert failure.actual is not None and failure.actual.line
    assert [part for part in says if part not in failure.text] == []


async def test_of_a_cause_that_is_not_known_nothing_is_said() -> None:
    failure = (await record_replay(history("local").history, workflows=[LocalRenamed])).failure
    assert failure is not None
    assert "number" not in failure.text and "Its id" not in failure.text


@workflow.defn(name="Ships")
class Drawn:
    """Two draws; `history_of_draws` has the first of them as the child's id."""

    @workflow.run
    async def run(self) -> None:
        workflow.uuid4()
        await workflow.execute_child_workflow("Parcel", id=f"parcel-{workflow.uuid4()}")


@workflow.defn(name="Ships")
class DrawnOther:
    @workflow.run
    async def run(self) -> None:
        if workflow.random().random() < 2:
            await workflow.execute_activity("look", start_to_close_timeout=SOON)


@workflow.defn(name="Ships")
class Together:
    @workflow.run
    async def run(self) -> None:
        for name in {"weigh"}:
            workflow.start_activity(name, start_to_close_timeout=SOON)
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


def children(id: str) -> HandMade:
    made = HandMade("Ships")
    made.task()
    made.made(
        "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=id, workflowType={"name": "Parcel"},
        parentClosePolicy="PARENT_CLOSE_POLICY_TERMINATE",
    )  # fmt: skip
    return made


async def told(made: HandMade, cls: type) -> str:
    failure = (await record_replay(made.history, workflows=[cls])).failure
    assert failure is not None and failure.kind == "nondeterminism"
    return failure.text


async def test_a_draw_that_came_before_is_told_where_history_has_the_value_of_another_draw() -> None:
    other = await told(children("parcel-0"), Drawn)
    assert "What history has there" not in other
    trace = await record_replay(children("parcel-0").history, workflows=[Drawn])
    first = trace.steps[0].side_effects[0]
    value = first.text.partition("'")[2].partition("'")[0]
    text = await told(children(f"parcel-{value}"), Drawn)
    assert f"in history. What history has there, this code draws by `workflow.uuid4()` at line {first.line} of" in text
    assert "one seeded generator" in text


async def test_of_a_draw_before_another_command_it_is_told_what_moves_the_later_ones() -> None:
    text = await told(history("activity"), DrawnOther)
    assert "This code has drawn by `workflow.random()` at line " in text
    assert "added, removed or moved changes each later one" in text
    assert "drawn" not in await told(history("activity"), LocalBefore)


async def test_the_same_commands_in_another_order_and_a_loop_over_a_set() -> None:
    made = HandMade("Ships")
    made.task()
    made.activity(1, "ship")
    made.activity(2, "weigh")
    text = await told(made, Together)
    assert "makes the same commands as in history, in another order: there it is ship, weigh." in text
    assert "of test_causes.py loops over a set, and the order of a set of strings is another one" in text
    assert "another order" not in await told(history("nexus"), NexusRenamed)


async def test_a_flag_that_this_sdk_does_not_know() -> None:
    made = history("activity")
    made.events[3]["workflowTaskCompletedEventAttributes"]["sdkMetadata"]["langUsedFlags"] = [2, 7]
    assert "recorded with the SDK's flag 7 (`langUsedFlags`)" in await told(made, LocalBefore)
    assert "flag" not in await told(history("activity"), LocalBefore)


@workflow.defn(name="Ships")
class OtherTimes:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "ship", args=[1, 2], start_to_close_timeout=timedelta(days=3), task_queue="elsewhere"
        )


async def test_another_timeout_task_queue_or_argument_is_no_difference() -> None:
    assert (await record_replay(history("activity").history, workflows=[OtherTimes])).failure is None
    text = await told(history("activity"), LocalBefore)
    assert "other timeouts, task queues and arguments are no difference" in text


@pytest.mark.parametrize(
    ("source", "line", "loop"),
    [
        ("for x in {'a', 'b'}:\n    do(x)\n", 2, 1),
        ("for x in sorted({'a', 'b'}):\n    do(x)\n", 2, None),
        ("for x in list(set(names)):\n    do(x)\n", 2, 1),
        ("many = set()\nwait(\n    do(x)\n    for x in many\n)\n", 3, 4),
        ("def run(names: set[str]):\n    for x in names:\n        do(x)\n", 3, 2),
        ("self.left: frozenset[str] = other()\nfor x in self.left - {'a'}:\n    do(x)\n", 3, 2),
        ("for x in {'a': 1}:\n    do(x)\n", 2, None),
        ("for x in {'a'}:\n    pass\ndo(1)\n", 3, None),
        ("for x in (", 1, None),
    ],
)
def test_a_loop_over_a_set_is_read_off_the_source(source: str, line: int, loop: int | None) -> None:
    assert set_loop(source, line) == loop
