"""A signal or an update without a handler is said: usually it was renamed."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from stagedflow.replay.definitions import definition_of
from stagedflow.replay.saved.handlers import missing_handlers
from stagedflow.replay.trace import Command, Job, ReplayStep


@workflow.defn
class Order:
    @workflow.run
    async def run(self) -> None: ...

    @workflow.signal
    def confirm(self) -> None: ...

    @workflow.update
    def set_price(self) -> None: ...


@workflow.defn
class TakesAll:
    @workflow.run
    async def run(self) -> None: ...

    @workflow.signal(dynamic=True)
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None: ...


def step(*jobs: tuple[str, str]) -> ReplayStep:
    return ReplayStep(0, True, jobs=tuple(Job(kind, text) for kind, text in jobs))


def test_each_name_without_a_handler_is_told_once_with_those_that_there_are() -> None:
    came = step(("signal_workflow", "signal approve(1)"), ("do_update", 'update set_cost("x")'))
    told = missing_handlers(definition_of(Order), [came, came])
    assert len(told) == 2
    assert "no handler for the signal approve" in told[0] and "It has: confirm." in told[0]
    assert "no handler for the update set_cost" in told[1] and "rejects" in told[1]


def test_names_with_a_handler_and_other_jobs_are_not_told() -> None:
    came = step(("signal_workflow", "signal confirm()"), ("do_update", "update set_price(3)"), ("fire_timer", "timer"))
    assert missing_handlers(definition_of(Order), [came]) == ()


def test_a_dynamic_handler_takes_every_name() -> None:
    assert missing_handlers(definition_of(TakesAll), [step(("signal_workflow", "signal approve()"))]) == ()


@workflow.defn
class Bracketed:
    @workflow.run
    async def run(self) -> None: ...

    @workflow.signal(name="approve(now)")
    def approve(self) -> None: ...


def test_a_name_may_hold_a_parenthesis() -> None:
    signal = Job("signal_workflow", "signal approve(now)(1)", key="approve(now)")
    other = Job("signal_workflow", "signal approve(later)(1)", key="approve(later)")
    assert missing_handlers(definition_of(Bracketed), [ReplayStep(0, True, jobs=(signal,))]) == ()
    (told,) = missing_handlers(definition_of(Bracketed), [ReplayStep(0, True, jobs=(other,))])
    assert "no handler for the signal approve(later):" in told


def test_nothing_is_said_where_code_sets_its_handlers_while_it_runs() -> None:
    came = step(("signal_workflow", "signal approve(1)"))
    sets = {"order.py": "workflow.set_signal_handler('approve', self.approve)"}
    assert missing_handlers(definition_of(Order), [came], sets) == ()
    assert missing_handlers(definition_of(Order), [came], {"order.py": "workflow.set_update_handler"}) != ()


def test_an_update_that_was_accepted_had_its_handler() -> None:
    came = Job("do_update", "update set_cost(1)", key="update::7")
    accepted = Command("update_response", "accept update set_cost", key="update:accept:7")
    assert missing_handlers(definition_of(Order), [ReplayStep(0, True, jobs=(came,), commands=(accepted,))]) == ()
    assert missing_handlers(definition_of(Order), [ReplayStep(0, True, jobs=(came,))]) != ()
