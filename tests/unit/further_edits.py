"""Edits of fixture workflows at what has no activity or timer: each is replayed on the original's history."""

from datetime import timedelta

from temporalio import workflow

SOON = timedelta(seconds=10)


@workflow.defn(name="ChildInOneStep")
class OtherChild:
    """Another child workflow."""

    @workflow.run
    async def run(self, item: str) -> str:
        await workflow.execute_child_workflow("Unpacking", item, id="same-id")
        return ""


@workflow.defn(name="ChildInOneStep")
class OtherChildId:
    """The same child workflow with another id."""

    @workflow.run
    async def run(self, item: str) -> str:
        await workflow.execute_child_workflow("Packing", item, id="other-id")
        return ""


@workflow.defn(name="LocalActivity")
class NoLocalActivity:
    """The local activity is gone."""

    @workflow.run
    async def run(self, item: str) -> str:
        await workflow.sleep(1)
        return ""


@workflow.defn(name="OneActivity")
class LocalInPlace:
    """A local activity in place of an activity."""

    @workflow.run
    async def run(self, item: str) -> str:
        return str(await workflow.execute_local_activity("pack", item, start_to_close_timeout=SOON))


@workflow.defn(name="OneActivity")
class SignalsInPlace:
    """A signal to another workflow in place of an activity."""

    @workflow.run
    async def run(self, item: str) -> str:
        await workflow.get_external_workflow_handle("other").signal("hello")
        return ""


@workflow.defn(name="OneActivity")
class ContinuesInPlace:
    """Continue-as-new in place of an activity."""

    @workflow.run
    async def run(self, item: str) -> str:
        workflow.continue_as_new(item)


@workflow.defn(name="OneActivity")
class MemoBefore:
    """A memo before the activity."""

    @workflow.run
    async def run(self, item: str) -> str:
        workflow.upsert_memo({"owner": "Ada"})
        return str(await workflow.execute_activity("pack", item, start_to_close_timeout=SOON))


@workflow.defn(name="Shipping")
class PatchForgotten:
    """What the patch brought was taken out again."""

    @workflow.run
    async def run(self, item: str) -> str:
        packed = await workflow.execute_activity("pack", item, start_to_close_timeout=SOON)
        return str(await workflow.execute_activity("ship", packed, start_to_close_timeout=SOON))
