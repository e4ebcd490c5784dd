"""Every private name that this package leans on, of the SDK and of asyncio, in one place, with why.

`tests/unit/test_sdk_names.py` fails when a release moves one.

Messages. The activation and the completion that a `WorkflowInstance` takes and gives are protobuf messages of the SDK's
bridge, `temporalio.bridge.proto`; there is no public name for them. `recorder.py` reads `run_id`, `is_replaying`,
`history_length` and `jobs` of the one, `successful.commands` and `failed.failure` of the other; `jobs.py` reads the
jobs' and commands' own fields. A workflow's definition (`WorkflowInstanceDetails.defn`, and on the class) is private,
too: `cls`, `name`, `run_fn` and `sandboxed` of it are read. `saved/` knows the words of some
errors of the SDK's core.

Frames. A coroutine's await chain is Python's own (`cr_await`); what it waits for is read off the innermost frames, by
the names of the functions and of their local variables below.
"""

import temporalio

TRIED = "1.35"
"""The minor release of temporalio whose private names these are."""


def untried() -> str:
    """What to know where another release of the SDK is installed, or ""."""
    if temporalio.__version__.startswith(f"{TRIED}."):
        return ""
    return (
        f"temporalio {temporalio.__version__} is installed, and stagedflow is tried with {TRIED} only: waits, local "
        "variables and lines may be missing here, or wrong."
    )


ADDS_COMMAND = "_add_command"
"""The SDK calls it once for each command: whoever is on the stack then has made the command."""

REGISTERS_TASK = "_register_task"
"""The SDK calls it with each new task in its local variable `task`, and its name, or None, in `name`: whoever is on the
stack then has started it."""

CANCELS = "cancel"
"""The SDK's activity handle, a task, has a `cancel` of its own: whoever is on the stack then has cancelled it."""

DEFINITION = "__temporal_workflow_definition"
"""What `@workflow.defn` leaves on a class; there is no public way to ask a class for its workflow type's name."""

ACTIVITY_DEFINITION = "__temporal_activity_definition"
"""What `@activity.defn` leaves on a function: by it the activities of a learner's cell are found."""

DROPPED_SIGNAL = "Failed deserializing signal input for "
"""How the SDK's log record of a signal begins that its handler's parameters do not fit."""

STUMBLED = "Failed converting activation exception"
"""How a log record begins of an exception that the SDK itself could not tell: it is not the one that is looked for."""

WATCHED = frozenset((ADDS_COMMAND, REGISTERS_TASK, CANCELS))
"""The three above."""

INTERRUPTS = "_InterruptDeadlockError"
"""What the SDK raises inside code that did not yield for two seconds."""

CONDITION = "workflow_wait_condition"
"""The SDK's frame under `workflow.wait_condition`; its local variable `timeout` is in seconds or None."""

SLEEP = "workflow_sleep"
"""The SDK's frame under `workflow.sleep`; its local variable `duration` is in seconds."""

CANCELS_EXTERNAL = "_cancel_external_workflow"
"""The SDK's frame under an external handle's `cancel`; its local variable `target_workflow_id` names the other one."""

HANDLER = "handler"
"""The local variable of the SDK's own inbound interceptor that holds the signal's or update's handler it calls."""

BOUND = "fn"
"""The local variable that holds an async handler in the function by which the SDK binds it to the workflow."""

TASK_SUFFIX = " (workflow: "
"""What the SDK adds to every task's name begins so: the workflow's type, id and run."""

SANDBOX_FILE = "workflow_sandbox.py"
"""The file name that the sandbox gives to the code by which it runs a workflow."""

PATCH_MARKER, LOCAL_ACTIVITY_MARKER = "core_patch", "core_local_activity"
"""The markers that the SDK's core records in history; their details are JSON, with `id` and `seq` in them."""

NO_COMMAND = "No command scheduled for event"
"""What the SDK's core says where an event finds no command at all."""

WRONG_TIMER = r"Timer fired event did not have expected timer id (\S+), it was (\S+)!"
"""What the SDK's core says where a timer fires that is not the code's: it compares their ids not before. The code's id
comes first."""

MOVES_CLOSING = 3
"""The core's flag, in history's `coreUsedFlags`: a command that closes the workflow goes behind all others of its
workflow task. Without it, the core drops what comes behind it."""

CHECKS_IDS, CHECKS_NEXUS = 1, 4
"""The core's flags, in history's `coreUsedFlags`: its worker compares the ids and types of activities and child
workflows; the service and operation of Nexus operations."""

LOGIC_FLAGS = frozenset((1, 2))
"""The flags of `_WorkflowLogicFlag`, in history's `langUsedFlags`: how the Python SDK's worker behaves."""

DEADLOCK_CODE = "TMPRL1101"
"""What Temporal's own messages about code that did not yield begin with."""

LOGGERS = ("temporalio.worker._workflow", "temporalio.worker._workflow_instance", "temporalio.worker._replayer")
"""The loggers in which the SDK's worker tells of a workflow task that fails."""

HANDLES = ("activity: ", "child: ", "nexus: ")
"""How the names begin of those tasks that are themselves handles of something that the workflow has asked for."""

TASK_NAMES = ("activity: ", "child: ", "nexus: ", "signal: ", "update: ", "query: ", "run")
"""How the names of the SDK's own tasks begin; what follows is the activity's, workflow's or handler's name."""

LIBRARY_WAITS = {
    ("tasks.py", "sleep"): "delay",
    ("tasks.py", "wait_for"): "fut",
    ("tasks.py", "wait"): "fs",
    ("_asyncio.py", "wait"): "fs",
    ("locks.py", "acquire"): "self",
    ("locks.py", "wait"): "self",
    ("locks.py", "wait_for"): "self",
    ("queues.py", "get"): "self",
    ("queues.py", "put"): "self",
    ("queues.py", "join"): "self",
    ("taskgroups.py", "__aexit__"): "self",
}
"""(file, function) of asyncio and of the SDK's replacements for it -> the local variable that tells what is awaited."""

AS_COMPLETED = "_wait_for_one"
"""The coroutine that `workflow.as_completed` gives out."""

WAITS_ON = "_fut_waiter"
"""An `asyncio.Task`'s future that it waits on: the only way from a task to what it awaits."""

GROUPS = "_tasks"
"""The tasks of an `asyncio.TaskGroup` that have not ended."""

CALLBACKS, SHIELDS, SHIELDED = "_callbacks", "_outer_done_callback", "inner"
"""A future's callbacks; the one that `asyncio.shield` sets on its own future, and its variable for the other future."""

GATHERS = "_children"
"""The futures that an `asyncio.gather` waits on.

`teller.py` reads `_queue` and `_unfinished_tasks` of an `asyncio.Queue`, and `_name_` and `_value_` of an `Enum`: their
public ways may run code of the learner's.
"""

SENDS = ("async_generator_asend", "async_generator_athrow", "anext_awaitable")
"""Types of what an `async for` awaits. They do not say which generator it is; `gc.get_referents` finds it."""
