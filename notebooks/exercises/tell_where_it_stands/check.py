"""Rollouts at every stage, and no worker alive: a list must find each where it stands."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

from exercises._chains import eventually
from stagedflow.course.trial import RPC, Trial, Wrong, require

SENT = {
    "before any signal": (),
    "after the signal 1": (1,),
    "after the signals 2, 1": (2, 1),
    "after the signals 1, 2": (1, 2),
}


async def check(trial: Trial) -> str:
    """Send, kill the worker, list; then go on with another worker."""
    trial.must_have(workflow="TrackedRollout", signals=["advance_stage"], queries=["current_stage"])
    lab = await trial.open()
    await lab.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=lab.client.namespace,
            search_attributes={"RolloutStage": IndexedValueType.INDEXED_VALUE_TYPE_INT},
        ),
        timeout=RPC,
    )
    await trial.work()
    handles = {}
    for words, stages in SENT.items():
        handle = handles[words] = await trial.start("TrackedRollout", id=f"rollout-{len(handles)}")
        await trial.settled(handle)
        for stage in stages:
            await handle.signal("advance_stage", stage)
        await trial.settled(handle)
    assert lab.worker is not None
    await lab.worker.crash()
    for words, stages in SENT.items():
        await _listed(trial, handles[words].id, max(stages, default=0), words)

    waiting = handles["after the signal 1"]
    await lab.skip_sticky_wait(waiting)
    await waiting.signal("advance_stage", 2)
    await trial.work()
    await trial.settled(waiting)
    await _listed(trial, waiting.id, 2, "after the signal 1, a crash and the signal 2")
    await waiting.signal("advance_stage", 3)
    result = await trial.result(waiting)
    require(result == 3, f"After the signals 1, 2, 3 the workflow returned {result!r}, not 3.")
    return "Rollouts at the stages 0, 1 and 2 were found by a list, while no worker was alive."


async def _listed(trial: Trial, workflow_id: str, stage: int, words: str) -> None:
    """The list has this workflow under this stage."""

    async def found() -> list[int]:
        return [s for s in range(4) if workflow_id in await _ids(trial, s)]

    async def right() -> bool:
        return await found() == [stage]

    if not await eventually(right, seconds=1.5):
        at = await found()
        told = f"at stage {at[0]}" if at else "at no stage"
        raise Wrong(
            f"A rollout {words}, with no worker alive: its stage is {stage}, and the list has it {told}. "
            "The list knows only what the workflow has written."
        )


async def _ids(trial: Trial, stage: int) -> list[str]:
    query = f'WorkflowType = "{trial.workflow("TrackedRollout").type}" AND RolloutStage = {stage}'
    return [w.id async for w in trial.client.list_workflows(query, rpc_timeout=RPC)]
