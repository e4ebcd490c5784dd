"""Why code and history part, where both show it."""

import asyncio
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
    if what in ("patch", "old patch"):
        made.patch("pay-first", old=what == "old patch")
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
        (PatchRemoved, "old patch", ["history has the marker of patch pay-first (MARKER_RECORDED), but",
         "has not asked for the patch pay-first any more"]),
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
    """Two draws, the second of which is in the child's id."""

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


@workflow.defn(name="Ships")
class OneTimerMore:
    """Its first timer is taken back at once, so that the next is the second one."""

    def __init__(self) -> None:
        self.ready = True

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self.ready, timeout=60)
        await workflow.sleep(1)
        await workflow.sleep(1)


@workflow.defn(name="Ships")
class EndsBefore:
    @workflow.run
    async def run(self) -> str:
        self.task = asyncio.create_task(self.work())
        return "done"

    async def work(self) -> None:
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


async def test_a_timer_with_another_number_is_told_where_it_was_started() -> None:
    made = HandMade("Ships")
    made.task()
    made.fired(made.timer(1), 1)
    made.task()
    made.fired(made.timer(2), 2)
    made.task()
    made.completed()
    trace = await record_replay(made.history, workflows=[OneTimerMore])
    assert trace.failure is not None and trace.failure.expected is not None and trace.failure.actual is not None
    assert (trace.failure.expected.id, trace.failure.actual.kind) == (5, "start_timer")
    assert "Its id is 2 here, and 1 in history. Temporal numbers timers" in trace.failure.text
    assert "taken back at once" in trace.failure.text


async def test_a_command_behind_the_workflows_end_counts_by_the_flag_of_history() -> None:
    def made(flags: list[int]) -> HandMade:
        made = HandMade("Ships", flags=flags)
        made.task()
        made.ended(made.activity(1, "ship"))
        made.task()
        made.completed()
        return made

    assert (await record_replay(made([1, 2, 3]).history, workflows=[EndsBefore])).failure is None
    text = await told(made([1, 2]), EndsBefore)
    assert "At event 5 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code completed the" in text


@workflow.defn(name="Ships")
class Updated:
    def __init__(self) -> None:
        self.added = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.added > 0)
        return self.added

    @workflow.update
    async def add(self, count: int) -> int:
        await workflow.sleep(1)
        self.added += count
        return self.added


@workflow.defn(name="Ships")
class UpdatedAtOnce(Updated):
    @workflow.run
    async def run(self) -> int:
        return await super().run()

    @workflow.update
    async def add(self, count: int) -> int:
        self.added += count
        return self.added


async def test_an_update_of_a_workflow_that_was_reset_is_matched_by_the_id_of_its_acceptance() -> None:
    made = HandMade("Ships")
    two = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "Mg=="}]}
    request = {"meta": {"updateId": "u-1"}, "input": {"name": "add", "args": two}}
    admitted = made.add("WORKFLOW_EXECUTION_UPDATE_ADMITTED", request=request)
    made.task()
    accepted = made.add(
        "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", protocolInstanceId="u-1", acceptedRequestMessageId="u-1/request",
        acceptedRequestSequencingEventId=str(admitted),
    )  # fmt: skip
    made.fired(made.timer(1), 1)
    made.task()
    made.add("WORKFLOW_EXECUTION_UPDATE_COMPLETED", meta={"updateId": "u-1"}, outcome={"success": two},
             acceptedEventId=str(accepted))  # fmt: skip
    made.completed()
    trace = await record_replay(made.history, workflows=[Updated])
    assert trace.failure is None, trace.failure
    assert [job.event_id for step in trace.steps for job in step.jobs if job.kind == "do_update"] == [accepted]
    assert trace.events[accepted - 1].text == "add(2)"
    text = await told(made, UpdatedAtOnce)
    assert (
        f"At event {accepted + 1} history has the timer of 1 s (TIMER_STARTED), but this code completed update" in text
    )
