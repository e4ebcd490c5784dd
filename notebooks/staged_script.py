import asyncio

from temporalio.common import WorkflowIDConflictPolicy

from stagedflow import Lab, Rollout, StagedWorkflow


async def main() -> None:
    lab = await Lab.start()
    await lab.start_worker(name="A")
    handle = await lab.client.start_workflow(
        StagedWorkflow.run,
        Rollout(work_seconds=0.2),
        id="rollout-script",
        task_queue=lab.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
    for stage in (1, 2, 3):
        await lab.until(handle, gate=stage)
        await handle.signal(StagedWorkflow.advance_stage, stage)
    print(await handle.result())


asyncio.run(main())
