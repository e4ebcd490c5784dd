"""Why code and history part, where both show it."""

from datetime import timedelta

import pytest
from temporalio import workflow

from stagedflow.replay.saved.replayer import record_replay
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
