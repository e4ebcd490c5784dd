# gets: 'ticket', 'planned_at', 'first' and 'order' came out differently
import random
import time
import uuid
from typing import Any

from temporalio import workflow


@workflow.defn(sandboxed=False)
class Canary:
    def __init__(self) -> None:
        self.plan: dict[str, Any] = {}
        self.approved = False

    @workflow.run
    async def run(self, devices: list[str]) -> dict[str, Any]:
        unique = list(set(devices))
        self.plan = {
            "ticket": str(uuid.uuid4()),
            "planned_at": time.time(),
            "first": random.choice(unique),
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
