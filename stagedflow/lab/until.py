"""Waits until a run gets somewhere, with a deadline and words for why it did not."""

import asyncio
from typing import Any

from temporalio.client import WorkflowHandle

from stagedflow.errors import LabError, LabTimeout
from stagedflow.lab.facts import Facts
from stagedflow.lab.moments import Moment
from stagedflow.lab.rpc import NO_ANSWER
from stagedflow.lab.watch import FactSources, RunWatch


async def wait_until(sources: FactSources, handle: WorkflowHandle[Any, Any], moment: Moment, timeout: float) -> Facts:
    """Follow a run until a moment has come, and say what is known then.

    Raises:
        LabTimeout: It did not come within `timeout` seconds.
        LabError: It cannot come any more, as the run has ended or as the moment says; or there is no such workflow.
    """
    changed = asyncio.Event()
    watch = RunWatch(sources, handle, changed.set)
    try:
        async with asyncio.timeout(timeout):
            await watch.start()
            while True:
                changed.clear()
                facts = watch.facts()
                if moment.has_come(facts):
                    return await watch.settled()
                if facts.run.closed:
                    raise LabError(
                        f"Workflow {handle.id!r} has {facts.run.status}, so it will not get to {moment.words} "
                        "any more. Run the cell that starts it again."
                    )
                if why := moment.too_late(facts):
                    raise LabError(why)
                await changed.wait()
    except TimeoutError:
        facts = watch.facts()
        trouble = facts.trouble or (NO_ANSWER if not facts.run.events else "")
        raise LabTimeout(
            f"Waited {timeout:g} s for workflow {handle.id!r} to get to {moment.words}. It waits for "
            f"{facts.waits_for().text.rstrip('.')}{f' ({trouble})' if trouble else ''}. "
            "Do what it waits for, then run the cell again."
        ) from None
    finally:
        await watch.close()


async def settled_facts(sources: FactSources, handle: WorkflowHandle[Any, Any]) -> Facts:
    """What the server and the workers' rows say of a run at this moment.

    Raises:
        LabError: There is no such workflow, or the server does not answer.
    """
    watch = RunWatch(sources, handle, lambda: None)
    try:
        await watch.start()
        return await watch.settled()
    finally:
        await watch.close()
