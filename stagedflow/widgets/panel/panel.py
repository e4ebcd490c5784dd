"""The panel: a staged workflow's stages, buttons, workers, timeline and replay, live in a notebook."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import ipywidgets
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from stagedflow.background import on_lab_loop, submit
from stagedflow.errors import LabError, LabTimeout
from stagedflow.history.runs import GATES
from stagedflow.lab.facts import Facts
from stagedflow.lab.lab import Lab
from stagedflow.lab.rpc import RPC_TIMEOUT, server_trouble
from stagedflow.lab.until import settled_facts
from stagedflow.lab.watch import RunWatch
from stagedflow.lab.worker import WorkerProcess
from stagedflow.replay import _sdk
from stagedflow.staged import StagedWorkflow
from stagedflow.widgets.assets import asset_text
from stagedflow.widgets.closing import close_whole
from stagedflow.widgets.panel import parts
from stagedflow.widgets.panel.actions import Action, actions, holder_of, short_seconds
from stagedflow.widgets.panel.buttons import new_buttons, row
from stagedflow.widgets.panel.replay_section import ReplaySection
from stagedflow.widgets.panel.snapshot import Snapshot
from stagedflow.widgets.panel.verdict import verdict
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.tale import Teller
from stagedflow.widgets.timeline.timeline import timeline

REDRAW_SECONDS = 0.1
"""The least time between two drawings: a burst of events is one picture."""
IDLE_SHARE = 5
"""A long run takes longer to draw: for so many times as long, nothing is drawn after it, and the kernel stays free."""
SNAPSHOT_SECONDS = 15
WIDTH = 820
"""The timeline's width in pixels: a notebook's column on a small laptop."""
TICK_SECONDS = 1.0
"""A countdown and a running attempt are drawn anew this often."""

_panels: dict[tuple[int, str], "StagePanel"] = {}
"""The living panel of each workflow: a cell run again replaces its panel."""


class StagePanel(ipywidgets.VBox):
    """Watch one workflow and act on it. The panel never queries: a query would use up the replay.

    Every button is a line of code, too: `await panel.advance(1)`, `await lab.worker.crash()`,
    `await lab.worker.stop()`, `await lab.start_worker()`, `await lab.skip_sticky_wait(handle)`,
    `await lab.shorten_start_to_close(handle)`.

    Args:
        lab: The lab.
        handle: The workflow, from `client.start_workflow` or `client.get_workflow_handle`.

    Attributes:
        buttons: The `ipywidgets.Button`s by name: "advance 1", "crash", "stop", "start", "skip sticky", "shorten".
        replay: What the workers really did, up to now; `replay.viewer` is its `ReplayViewer`.
    """

    def __init__(self, lab: Lab, handle: WorkflowHandle[Any, Any]) -> None:
        self._lab = lab
        self._workflow = handle
        self._facts = Facts(workflow_id=handle.id, run_id="")
        self._teller = Teller()
        self._dirty = asyncio.Event()
        self._message = ""
        self._trouble = False
        self._ended = False
        self.buttons = new_buttons()
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: self._clicked(name))
        self.replay = ReplaySection()
        self._choice = ipywidgets.Dropdown(description="acts on", layout=ipywidgets.Layout(width="270px"))
        areas = ("heading", "track", "now", "message", "why", "lives", "timeline", "ledger")
        self._areas = {name: ipywidgets.HTML() for name in areas}
        self._areas |= {"replay": self.replay.verdict, "viewer": self.replay.trouble}
        style = ipywidgets.HTML(f"<style>{asset_text('stagedflow.widgets.panel', 'panel.css')}</style>")
        a, b = self._areas, self.buttons
        super().__init__(
            [
                style, a["heading"], a["track"], a["now"],
                row("Signals", [b[f"advance {n}"] for n in range(1, GATES + 1)]),
                row("Worker", [b["crash"], b["stop"], b["start"], self._choice]),
                a["lives"],
                row("Operator's shortcuts", [b["skip sticky"], b["shorten"]]),
                row("Step by step", [self.replay.button]),
                a["message"], a["why"], self.replay, a["timeline"], a["ledger"],
            ]
        )  # fmt: skip
        self.add_class("sf-panel")
        if older := _panels.pop((id(lab), handle.id), None):
            older.close()
        _panels[(id(lab), handle.id)] = self
        self._stop_listening = lab.listen(self._touch)
        self._draw()
        self._choice.observe(lambda _: self._touch(), "value")
        self._life: Future[None] = submit(self._live())

    @on_lab_loop
    async def advance(self, stage: int) -> None:
        """Send the signal `advance_stage(stage)`, after checking it as a careful client would.

        Raises:
            LabError: The stage is no integer, negative, beyond the last or already passed; or the workflow has ended.
        """
        if not isinstance(stage, int) or isinstance(stage, bool):
            raise LabError(f"A stage is an integer from 1 to {GATES}; {stage!r} is none. Nothing was sent.")
        if not 1 <= stage <= GATES:
            raise LabError(
                f"There are {GATES} gates, so a stage is from 1 to {GATES}; {stage} is not. Nothing was sent."
            )
        facts = await settled_facts(self._lab.fact_sources, self._workflow)
        if facts.run.closed:
            raise LabError(
                f"Workflow {self._workflow.id!r} has {facts.run.status}: there is nobody to signal. Start a new run."
            )
        if facts.run.stage >= stage:
            raise LabError(
                f"Stage {facts.run.stage} is reached already and a stage never goes back: {stage} would change "
                "nothing. Nothing was sent."
            )
        handle = self._lab.client.get_workflow_handle(self._workflow.id, run_id=facts.run_id)
        try:
            await handle.signal(StagedWorkflow.advance_stage, stage, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            raise LabError(f"Signal stage {stage} was not sent: {server_trouble(error)}.") from None

    def snapshot(self) -> Snapshot:
        """The story so far as a picture with alt text, the same bytes for the same story: for a saved notebook."""
        try:
            return Snapshot.of(submit(settled_facts(self._lab.fact_sources, self._workflow)).result(SNAPSHOT_SECONDS))
        except FutureTimeout:
            raise LabTimeout(f"No snapshot: the Temporal server gave no answer in {SNAPSHOT_SECONDS} s.") from None

    def close(self) -> None:
        """Stop watching and remove the panel. The workflow and the workers go on."""
        if not self._ended:
            self._ended = True
            self._stop_listening()
            if _panels.get((id(self._lab), self._workflow.id)) is self:
                del _panels[(id(self._lab), self._workflow.id)]
            self._life.cancel()
            close_whole(self)
        super().close()

    async def _live(self) -> None:
        """Draw whenever something has changed, until the panel or the lab is closed."""
        watch = RunWatch(self._lab.fact_sources, self._workflow, self._dirty.set)
        try:
            await watch.start()
            self._dirty.set()
            while not self._lab.closed:
                began = time.monotonic()
                if self._dirty.is_set():  # else only a clock has moved on
                    self._dirty.clear()
                    self._facts = watch.facts()
                self._draw()
                await asyncio.sleep(max(REDRAW_SECONDS, IDLE_SHARE * (time.monotonic() - began)))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._dirty.wait(), self._next_tick())
            self._say("The lab is closed: this panel shows its last moment.", trouble=True)
        except LabError as error:
            self._say(str(error), trouble=True)
        except Exception as error:
            self._say(f"The panel stopped: {type(error).__name__}: {error}. Run its cell again.", trouble=True)
        finally:
            await watch.close()
            self._draw()

    def _next_tick(self) -> float | None:
        waits = self._facts.waits_for()
        moving = not self._facts.server_ended and (waits.deadline is not None or self._facts.run.open_activities)
        return TICK_SECONDS if moving else None

    def _draw(self) -> None:
        now, facts, lab = time.time(), self._facts, self._lab
        over = "the lab is closed" if lab.closed else "the lab's server has ended" if facts.server_ended else ""
        if over:
            refusal = f"{over}: run the cell with Lab.start() again"
            found = {name: Action(b.description, refusal) for name, b in self.buttons.items()}
        else:
            self._offer_choice()
            found = actions(facts, self._worker(), lab.next_worker_name())
        for name, action in found.items():
            button = self.buttons[name]
            button.description = action.label
            button.disabled = bool(action.refusal)
            button.tooltip = f"{action.label}: not now, {action.refusal}" if action.refusal else action.label
        trouble = " ".join(
            [
                f"The run cannot be followed now: {facts.trouble}." if facts.trouble else "",
                f"The ledger is incomplete: {facts.unwritten}." if facts.unwritten else "",
                _sdk.untried(),
            ]
        ).strip()
        at_gate = None if over or facts.run.closed else facts.run.gate is not None
        self._show("message", lambda: parts.notice(trouble or self._message, trouble=bool(trouble) or self._trouble))
        self._show("heading", lambda: parts.heading(facts, lab.web_ui, over=bool(over)))
        self._show("track", lambda: parts.stage_track(facts))
        self._show("now", lambda: "" if over else parts.waiting_now(facts, now))
        self._show("why", lambda: parts.refusals(found))
        self._show("lives", lambda: parts.workers(facts.lives))
        self._show("ledger", lambda: parts.ledger(facts))
        self._show("timeline", lambda: self._timeline(now))
        self._show("replay", lambda: verdict(facts.trace, facts.lives, at_gate=at_gate))
        self._show("viewer", lambda: self.replay.show(facts.trace))

    def _timeline(self, now: float) -> str:
        picture = timeline(self._facts, now=now, teller=self._teller) if self._facts.run.events else None
        return as_svg(picture, width=WIDTH) if picture else ""

    def _worker(self) -> WorkerProcess | None:
        """The worker to crash or stop: the one chosen, or whoever has the workflow, or the lab's current one."""
        holder = holder_of(self._facts)
        alive = {w.identity: w for w in self._lab.workers.values() if w.alive}
        return self._lab.workers.get(self._choice.value or "") or alive.get(holder) or self._lab.worker

    def _offer_choice(self) -> None:
        alive = tuple(w.name for w in self._lab.workers.values() if w.alive)
        options = (("whoever has the workflow", ""), *((f"worker {name}", name) for name in alive))
        if self._choice.options != options:
            chosen = self._choice.value
            self._choice.options = options
            self._choice.value = chosen if chosen in alive else ""
        self._choice.layout.display = None if len(alive) > 1 else "none"

    def _show(self, area: str, draw: Callable[[], str]) -> None:
        try:
            html = draw()
        except Exception as error:  # one part that cannot be drawn must not take the others with it
            html = parts.notice(f"The {area} cannot be drawn: {type(error).__name__}: {error}", trouble=True)
        if self._areas[area].value != html:
            self._areas[area].value = html

    def _say(self, text: str, *, trouble: bool = False) -> None:
        self._message, self._trouble = text, trouble
        self._dirty.set()

    def _touch(self) -> None:
        """From any thread: something outside the run has changed."""
        submit(_call(self._dirty.set))

    def _clicked(self, name: str) -> None:
        """Runs in the kernel's thread, or in a subshell's: hand the work to the lab's loop and return at once."""
        submit(self._do(name))

    async def _do(self, name: str) -> None:
        label = self.buttons[name].description
        self._say(f"{label} …")
        self._draw()
        try:
            await self._deed(name)()
            self._say(f"{label}: done.")
        except LabError as error:
            self._say(str(error), trouble=True)
        except Exception as error:
            self._say(f"{label} did not work: {type(error).__name__}: {error}", trouble=True)
        if self._life.done():
            self._draw()

    def _deed(self, name: str) -> Callable[[], Awaitable[Any]]:
        worker = self._worker()
        if name.startswith("advance"):
            return lambda: self.advance(int(name.split()[1]))
        if name in ("crash", "stop"):
            if worker is None:
                raise LabError("No worker was started yet. Start one.")
            return worker.crash if name == "crash" else worker.stop
        if name == "start":
            return lambda: self._lab.start_worker(**(worker.serves if worker else {}))
        if name == "skip sticky":
            return lambda: self._lab.skip_sticky_wait(self._workflow)
        return lambda: self._lab.shorten_start_to_close(self._workflow, seconds=short_seconds(self._facts))

    def __repr__(self) -> str:
        return f"StagePanel({self._workflow.id!r})"


async def _call(function: Callable[[], None]) -> None:
    function()
