from temporalio import workflow


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
        # If it has not ended after `seconds`: cancel it, wait until it is cancelled, return "too late".
        return await soak
