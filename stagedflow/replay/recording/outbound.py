"""An interceptor that changes nothing: it makes what a workflow asks of others visible in its await chain."""

from typing import Any
from weakref import WeakSet

from temporalio import workflow
from temporalio.worker import (
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowOutboundInterceptor,
)


class Outbound(WorkflowOutboundInterceptor):
    """Puts a frame with a public `input` into the await chain of each call that waits inside the SDK.

    Args:
        next: The interceptor behind this one.
        local: Takes the handles of local activities: their tasks are named like those of others.
        children: Takes the handles of children that have started.
    """

    def __init__(self, next: WorkflowOutboundInterceptor, local: "WeakSet[Any]", children: "WeakSet[Any]") -> None:
        super().__init__(next)
        self._local = local
        self._children = children

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        """Implements `WorkflowOutboundInterceptor.start_local_activity`."""
        handle = super().start_local_activity(input)
        self._local.add(handle)
        return handle

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> workflow.ChildWorkflowHandle[Any, Any]:
        """Implements `WorkflowOutboundInterceptor.start_child_workflow`."""
        handle = await super().start_child_workflow(input)
        self._children.add(handle)
        return handle

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        """Implements `WorkflowOutboundInterceptor.signal_child_workflow`."""
        return await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        """Implements `WorkflowOutboundInterceptor.signal_external_workflow`."""
        return await super().signal_external_workflow(input)


def told_of(name: str, input: Any) -> tuple[str, str]:
    """The kind and the words of a wait inside the method `name` of `Outbound`, called with `input`."""
    match name:
        case "start_child_workflow":
            return "child start", f"start of child workflow {input.workflow}"
        case "signal_child_workflow":
            return "external signal", f"signal {input.signal} to child workflow {input.child_workflow_id}"
        case _:
            return "external signal", f"signal {input.signal} to workflow {input.workflow_id}"
