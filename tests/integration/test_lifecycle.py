"""However a lab's owner ends, nothing of the lab is left; and it ends without noise."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stagedflow import Lab
from stagedflow.lab import crew
from tests.integration.kernels import ENVIRONMENT, ROOT, Kernel, exit_code, kernel
from tests.integration.processes import (
    PROC,
    Process,
    descendants,
    listening,
    read,
    servers,
    survivors,
    wait_for,
)
from tests.integration.story import finish, start

pytestmark = [
    pytest.mark.usefixtures("server_binary"),
    pytest.mark.skipif(not PROC.is_dir(), reason="counts processes in /proc"),
]

REPEATS = int(os.environ.get("STAGEDFLOW_REPEATS", "1"))
"""How often each way of ending is tried for its exit code; 50 is what the documentation claims."""
"""After so many seconds nothing may live."""
LAB = """
from stagedflow import Lab, Rollout, StagedWorkflow
lab = await Lab.start()
a, b = await lab.start_worker("A"), await lab.start_worker("B")
"""
WORKFLOW = """
handle = await lab.client.start_workflow(
    StagedWorkflow.run, Rollout(work_seconds=0.5), id="rollout", task_queue=lab.task_queue)
await handle.signal(StagedWorkflow.advance_stage, 3)
print(await handle.result(), flush=True)
"""
SCRIPT = f"""
import asyncio, sys
async def main():
{"".join(f"    {line}" for line in (LAB + WORKFLOW).strip().splitlines(keepends=True))}
    %s
if __name__ == "__main__":
    asyncio.run(main())
"""


def lab_in(owner: int) -> list[Process]:
    """The processes of the lab that this owner has started: two workers, a server, the server's watcher."""
    found = descendants(owner)
    assert sum("stagedflow.lab.worker_main" in p.words for p in found) == 2
    assert len(servers(owner)) == 1
    assert sum("guard.py" in p.words for p in found) == 1
    return found


def script(last_line: str) -> "subprocess.Popen[str]":
    """A script that starts a lab, runs a workflow, and then does what its last line says."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT % last_line], env=ENVIRONMENT, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def sigkill(kernel: Kernel) -> None:
    os.kill(kernel.pid, signal.SIGKILL)


def sigterm(kernel: Kernel) -> None:
    os.kill(kernel.pid, signal.SIGTERM)


def shut_down(kernel: Kernel) -> None:
    kernel.manager.shutdown_kernel(now=False)


def restart(kernel: Kernel) -> None:
    kernel.manager.restart_kernel(now=False)


def restart_at_once(kernel: Kernel) -> None:
    kernel.manager.restart_kernel(now=True)


def close_the_lab(kernel: Kernel) -> None:
    assert kernel.run("await lab.close()") == ""


@pytest.mark.parametrize("end", [sigkill, sigterm, shut_down, restart, restart_at_once, close_the_lab])
def test_nothing_of_a_kernels_lab_outlives_it(end: object) -> None:
    with kernel() as notebook:
        assert notebook.run(LAB) == ""
        lab, folder = lab_in(notebook.pid), Path(notebook.run("print(lab.ledger.path.parent, end='')"))
        assert folder.is_dir()
        end(notebook)  # type: ignore[operator]
        assert not survivors(lab)
        assert wait_for(lambda: not folder.exists())


FORK = """
import os, time, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of a fork beside threads
pid = os.fork()
if not pid:
    time.sleep(600)
    os._exit(0)
print(pid, end='')
"""


def test_a_fork_of_the_kernel_keeps_no_lab_alive() -> None:
    with kernel() as notebook:
        assert notebook.run(LAB) == ""
        lab = lab_in(notebook.pid)
        fork = int(notebook.run(FORK))
        try:
            sigkill(notebook)
            assert not survivors(lab)
        finally:
            os.kill(fork, signal.SIGKILL)


BACKGROUND = """
import subprocess
from datetime import timedelta
from temporalio import activity, workflow

@activity.defn
async def leave() -> int:
    return subprocess.Popen(["sleep", "600"]).pid

@workflow.defn
class Leaves:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(leave, start_to_close_timeout=timedelta(seconds=60))
"""
LEAVES = """
from stagedflow import Lab
lab = await Lab.start()
await lab.start_worker(workflows=["leaving:Leaves"], activities=["leaving:leave"], python_path=[{0!r}])
print(await lab.client.execute_workflow("Leaves", id="leaves", task_queue=lab.task_queue), end="")
"""


@pytest.mark.parametrize("end", [sigkill, close_the_lab])
def test_what_an_activity_has_started_ends_with_the_lab(end: object, tmp_path: Path) -> None:
    (tmp_path / "leaving.py").write_text(BACKGROUND)
    with kernel() as notebook:
        left = read(int(notebook.run(LEAVES.format(str(tmp_path)))))
        assert left and left.alive
        end(notebook)  # type: ignore[operator]
        assert not survivors([left])


def test_an_interrupt_ends_nothing_of_the_lab() -> None:
    with kernel() as notebook:
        notebook.run(LAB)
        lab = lab_in(notebook.pid)
        notebook.client.execute("import time; print('at work'); time.sleep(60)", stop_on_error=False)
        while notebook.client.get_iopub_msg(timeout=300)["msg_type"] != "stream":
            pass  # an interrupt that comes before the cell's own code would be the kernel's
        notebook.manager.interrupt_kernel()
        assert notebook.client.get_shell_msg(timeout=120)["content"]["ename"] == "KeyboardInterrupt"
        assert notebook.run("assert await lab.answers()\nprint(a.state, b.state)") == "running running\n"
        assert all(p.alive for p in lab)


@pytest.mark.parametrize("last_line", ["await lab.close()", "pass"])
def test_a_script_ends_quietly_with_code_0_and_leaves_nothing(last_line: str) -> None:
    for _ in range(REPEATS):
        running = script(f"print('pid'); sys.stdout.flush(); sys.stdin.readline(); {last_line}")
        assert running.stdout and running.stderr
        said = running.stdout.readline()
        assert said == "gateways healthy\n", said or running.stderr.read()
        assert running.stdout.readline() == "pid\n"
        lab = lab_in(running.pid)
        printed, errors = running.communicate("\n", timeout=120)
        assert (running.returncode, printed, errors) == (0, "", "")
        assert not survivors(lab)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_script_that_is_ended_by_a_signal_leaves_nothing(number: signal.Signals) -> None:
    with script("await asyncio.Event().wait()") as running:
        try:
            assert running.stdout and running.stdout.readline() == "gateways healthy\n"
            lab = lab_in(running.pid)
            running.send_signal(number)
            assert exit_code(running) not in (None, 0)
            assert not survivors(lab)
        finally:
            running.kill()  # a script that did not end would keep `with` waiting


def test_a_kernel_ends_with_code_0_and_its_cells_are_silent() -> None:
    for _ in range(REPEATS):
        with kernel() as notebook:
            assert notebook.run(LAB) == ""
            assert notebook.run(WORKFLOW) == "gateways healthy\n"
            assert notebook.run("print(len(lab.ledger.activity_counts('rollout')))") == "4\n"
            assert notebook.late_output() == []
            process = notebook.process
            notebook.manager.shutdown_kernel(now=False)
            assert exit_code(process) == 0


async def test_a_worker_that_is_stopped_ends_with_code_0_each_time(lab: Lab) -> None:
    for _ in range(REPEATS):
        worker = await lab.start_worker()
        await finish(lab, await start(lab))
        await worker.stop()
        assert worker.state == "stopped"
        assert worker._process.returncode == 0
        assert not re.search("Traceback|panicked|Fatal", worker.log)


async def test_lab_close_leaves_nothing(lab: Lab) -> None:
    await lab.start_worker("A")
    await lab.start_worker("B")
    mine = lab_in(os.getpid())
    folder = lab.ledger.path.parent
    await lab.close()
    assert not survivors(mine)
    assert not folder.exists()


async def test_a_worker_that_is_killed_by_somebody_else_is_seen_as_crashed(lab: Lab) -> None:
    worker = await lab.start_worker("A")
    os.kill(worker.pid, signal.SIGKILL)
    assert wait_for(lambda: not worker.alive)
    assert (worker.state, repr(worker)) == ("crashed", f"Worker A: crashed (pid {worker.pid})")
    await worker.crash()  # idempotent
    await worker.stop()
    assert worker.state == "crashed"


async def test_the_logs_of_the_last_workers_are_kept(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "KEPT_LOGS", 1)
    first, second, third = await asyncio.gather(*(lab.start_worker(name) for name in ("A", "B", "C")))
    assert first.log_path.exists()
    await first.crash()
    assert first.log_path.exists()
    await second.crash()
    assert (first.log, first.log_path.exists()) == ("", False)
    assert second.log_path.exists() and third.log_path.exists()


async def test_every_port_of_the_lab_is_on_loopback(lab: Lab) -> None:
    before = listening([own]) if (own := read(os.getpid())) else set()
    await lab.start_worker("A")
    found = listening(descendants(os.getpid()))
    port = int(lab.web_ui.rpartition(":")[2])
    assert ("127.0.0.1", port) in found
    assert {host for host, _ in found | before} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


async def test_a_close_that_was_interrupted_ends_all_the_same(lab: Lab) -> None:
    await lab.start_worker()
    closing = asyncio.create_task(lab.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    found = descendants(os.getpid())
    await lab.close()
    assert not [p for p in survivors(found) if "temporal" in p.words or "worker_main" in p.words]


async def test_a_server_that_hangs_is_closed_and_replaced(lab: Lab) -> None:
    [server] = servers(os.getpid())
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.wait_for(lab.close(), 120)
    assert not survivors([server])
    async with await Lab.start() as new:
        assert new is not lab and await new.answers()


async def test_a_killed_worker_is_seen_dead_though_a_child_of_its_activity_lives_on(lab: Lab, tmp_path: Path) -> None:
    module = tmp_path / "spawning.py"
    module.write_text(
        "import subprocess, sys\nfrom temporalio import activity\n"
        "if sys.argv[0].endswith('worker_main.py'):\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'], close_fds=False)\n"
        "@activity.defn\nasync def nothing() -> None: ...\n"
    )
    sys.path.insert(0, str(tmp_path))
    children: list[Process] = []
    try:
        import spawning  # type: ignore[import-not-found]

        worker = await lab.start_worker(workflows=[], activities=[spawning.nothing])
        children = [p for p in descendants(worker.pid) if "time.sleep(30)" in p.words]
        assert len(children) == 1
        await asyncio.wait_for(worker.crash(), 5)
        assert worker.state == "crashed"
    finally:
        sys.path.remove(str(tmp_path))
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
