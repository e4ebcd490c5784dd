# gets: The child reported in time, and the workflow did not complete
import asyncio

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError


@workflow.defn
class SoakTest:  # the child: leave it as it is
    def __init__(self) -> None:
        self.report = ""

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.report != "")
        return self.report

    @workflow.signal
    def report_in(self, report: str) -> None:
        self.report = report


@workflow.defn
class Supervisor:
    @workflow.run
    async def run(self, seconds: float) -> str:
        soak = await workflow.start_child_workflow(SoakTest.run, id=f"{workflow.info().workflow_id}-soak")
        await workflow.sleep(seconds)
        if soak.done():
            return await soak
        soak.cancel()
        try:
            await soak
        except ChildWorkflowError:
            pass
        return "too late"
