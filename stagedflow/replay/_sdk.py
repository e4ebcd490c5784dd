"""Every name of the SDK that is not public API and that this package leans on, in one place, with why.

The activation and the completion that a `WorkflowInstance` takes and gives are protobuf messages of the SDK's bridge.
There is no public name for them; the recorder reads these fields:

- `WorkflowActivation`: `run_id`, `is_replaying`, `history_length`, `jobs` (each a `oneof variant`)
- `WorkflowActivationCompletion`: `successful.commands` (each a `oneof variant`), `failed.failure.message`

A gate and a timer have no interceptor. What a coroutine waits for is read off the innermost frames of its await chain,
which are these functions of the SDK:
"""

WAITS = {
    "workflow_wait_condition": "condition",
    "wait_condition": "condition",
    "workflow_sleep": "timer",
    "sleep": "timer",
    "execute_activity": "activity",
    "execute_local_activity": "activity",
    "execute_child_workflow": "child",
    "start_child_workflow": "child",
}
"""Function name in the SDK's frame -> kind of wait. `tests/unit/test_recorder.py` fails when a release moves one."""

NAMED_BY = {"activity": ("activity",), "child": ("workflow",)}
"""Kind -> the SDK function's local variable that holds the activity or workflow (a callable, a class or a name)."""
