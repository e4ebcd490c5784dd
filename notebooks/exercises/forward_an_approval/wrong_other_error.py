# gets: is no RPCError, but a temporalio.exceptions.ApplicationError
from temporalio import workflow
from temporalio.service import RPCError


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self.release = ""

    @workflow.run
    async def run(self, sites: list[str]) -> list[str]:
        await workflow.wait_condition(lambda: self.release != "")
        missed = []
        for site in sites:
            try:
                await workflow.get_external_workflow_handle(site).signal("approved", self.release)
            except RPCError:
                missed.append(site)
        return missed

    @workflow.signal
    def approve(self, release: str) -> None:
        self.release = release
