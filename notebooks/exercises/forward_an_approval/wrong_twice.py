# gets: its history has 2 signals approved
from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self.release = ""

    @workflow.run
    async def run(self, sites: list[str]) -> list[str]:
        await workflow.wait_condition(lambda: self.release != "")
        missed = []
        for site in sites:
            other = workflow.get_external_workflow_handle(site)
            for _ in range(2):
                try:
                    await other.signal("approved", self.release)
                except ApplicationError:
                    if site not in missed:
                        missed.append(site)
        return missed

    @workflow.signal
    def approve(self, release: str) -> None:
        self.release = release
