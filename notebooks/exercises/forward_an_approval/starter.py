from temporalio import workflow


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self.release = ""

    @workflow.run
    async def run(self, sites: list[str]) -> list[str]:
        await workflow.wait_condition(lambda: self.release != "")
        for site in sites:
            await workflow.get_external_workflow_handle(site).signal("approved", self.release)
        return []  # to do: the sites whose workflow has ended or never was

    @workflow.signal
    def approve(self, release: str) -> None:
        self.release = release
