# gets: the workflow returned [], not ['south', 'atlantis']
from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self.release = ""

    @workflow.run
    async def run(self, sites: list[str]) -> list[str]:
        await workflow.wait_condition(lambda: self.release != "")
        for site in sites:
            try:
                await workflow.get_external_workflow_handle(site).signal("approved", self.release)
            except ApplicationError:
                pass
        return []

    @workflow.signal
    def approve(self, release: str) -> None:
        self.release = release
