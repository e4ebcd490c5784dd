# gets: Cannot access time.time
import time
from typing import Any

from temporalio import workflow


@workflow.defn
class Canary:
    def __init__(self) -> None:
        self.plan: dict[str, Any] = {}
        self.approved = False

    @workflow.run
    async def run(self, devices: list[str]) -> dict[str, Any]:
        unique = sorted(set(devices))
        self.plan = {
            "ticket": str(workflow.uuid4()),
            "planned_at": time.time(),
            "first": workflow.random().choice(unique),
            "order": unique,
        }
        await workflow.wait_condition(lambda: self.approved)
        return self.plan

    @workflow.signal
    def approve(self) -> None:
        self.approved = True

    @workflow.query
    def current_plan(self) -> dict[str, Any]:
        return self.plan
