"""Clicks over the kernel protocol, as a browser sends them: while a cell awaits, with and without a subshell."""

import queue
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SETUP = """
from stagedflow import Lab, Rollout, StagedWorkflow, StagePanel
lab = await Lab.start()
handle = await lab.client.start_workflow(
    StagedWorkflow.run, Rollout(work_seconds=0.2), id="clicked", task_queue=lab.task_queue)
panel = StagePanel(lab, handle)
print(panel.buttons["start"].comm.comm_id, panel.buttons["advance 1"].comm.comm_id)
"""


@pytest.fixture
def kernel() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(startup_timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel()


def outcome(client: BlockingKernelClient, message: str, *, deadline: float = 120) -> str:
    """What a cell printed, once it is done."""
    printed, until = "", time.monotonic() + deadline
    while time.monotonic() < until:
        try:
            answer = client.get_iopub_msg(timeout=until - time.monotonic())
        except queue.Empty:
            break
        if answer["parent_header"].get("msg_id") != message:
            continue
        kind, content = answer["msg_type"], answer["content"]
        if kind == "stream":
            printed += content["text"]
        elif kind == "error":
            raise AssertionError(f"{content['ename']}: {content['evalue']}")
        elif kind == "status" and content["execution_state"] == "idle":
            return printed
    raise AssertionError(f"the cell was not done in {deadline} s; it printed {printed!r}")


def click(client: BlockingKernelClient, comm_id: str, subshell: str | None) -> None:
    message: dict[str, Any] = client.session.msg(
        "comm_msg", {"comm_id": comm_id, "data": {"method": "custom", "content": {"event": "click"}}}
    )
    if subshell:
        message["header"]["subshell_id"] = subshell
    client.shell_channel.send(message)


def new_subshell(client: BlockingKernelClient) -> str:
    client.control_channel.send(client.session.msg("create_subshell_request", {}))
    while True:
        answer = client.get_control_msg(timeout=300)
        if answer["msg_type"] == "create_subshell_reply":
            return str(answer["content"]["subshell_id"])


@pytest.mark.parametrize("in_subshell", [False, True])
def test_buttons_work_while_a_cell_awaits(kernel: BlockingKernelClient, in_subshell: bool) -> None:
    subshell = new_subshell(kernel) if in_subshell else None
    start, advance = outcome(kernel, kernel.execute(SETUP)).split()
    waiting = kernel.execute("await lab.until(handle, gate=2); print(lab.worker.state)")
    click(kernel, start, subshell)
    click(kernel, advance, subshell)
    assert outcome(kernel, waiting).strip() == "running"
