"""A `ReplayTrace` as the viewer's payload: columns with interned texts, so that a page grows by little a step.

`static/trace.js` reads it. In `steps` each column has one entry a step:

    how       "r" from history, "l" executed now, "q" query: one letter a step
    worker    place in `workers`, or -1; at: milliseconds since `start`, or None. Left out if no step has one.
    first     with last: the history events that came with it, 0 for none
    jobs      text, event, kind (a text), and again for the next job
    lines     place in `paths`: line numbers in the order executed, -(file + 1) switching to another file
    waiting   place in `waits`: text, task (a text), line, file, and again
    commands  text, line, file, event, and again
    effects   of the steps that have side effects only: text, line, file, and again
    state     name (a text), text, and again: what differs from the step before. locals: the same.
    failure   step -> text, for the steps that have one
    cut       the steps in which more lines ran than are kept. Left out if there is none.

A text is its place in `texts`, a file its place in `files`; 0 stands for no line and for no event. In `events`, `after`
is each event's milliseconds after the one before, and `id` is there only if the numbers are not 1, 2, 3 …
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from stagedflow.replay.sources import class_lines
from stagedflow.replay.trace import Command, Failure, ReplayStep, ReplayTrace, SideEffect, TraceEvent, WorkerLife
from stagedflow.widgets.escaping import MAX_ACCOUNT, short_names, visible

VERSION = 1
MAX_SOURCE_LINE = 2_000
GONE = -1
"""Stands for the text of a name that is no longer there."""


def payload_text(payload: Mapping[str, Any]) -> str:
    """A payload as JSON, the same text for the same payload."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


def payload_bytes(payload: Mapping[str, Any]) -> bytes:
    """The same in UTF-8: what the widget sends."""
    return payload_text(payload).encode()


def encode(trace: ReplayTrace) -> dict[str, Any]:
    """All that the viewer shows of a trace, ready for `json`."""
    return Encoder().encode(trace)


class _Table:
    """Each value once, in the order of first use."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, key: Any, value: Any = None) -> int:
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = len(self.values)
            self.values.append(key if value is None else value)
        return found


class _Row(NamedTuple):
    """One step: what it has in each column."""

    first: int
    last: int
    jobs: list[int]
    lines: int
    waiting: int
    commands: list[int]
    state: list[int]
    locals: list[int]
    effects: list[int]
    failure: int | None
    at: int | None


class Encoder:
    """Makes the payload of one trace after another: steps and events that two of them share are told once."""

    def __init__(self) -> None:
        self._begin(ReplayTrace())

    def _begin(self, trace: ReplayTrace) -> None:
        self.trace = trace
        self.texts = _Table()
        self.paths = _Table()
        self.waits = _Table()
        self.files = _Table()
        if trace.file:
            self.files.place(trace.file)
        self._seen: dict[str, int] = {}
        self._rows: list[_Row] = []
        self._events: list[tuple[int, int, int]] = []
        self.start = _start(trace)

    def encode(self, trace: ReplayTrace) -> dict[str, Any]:
        """All that the viewer shows of a trace, ready for `json`."""
        if not _goes_on(self.trace, trace) or _start(trace) != self.start:
            self._begin(trace)
        del self._rows[_shared(self.trace.steps, trace.steps) :]
        del self._events[_shared(self.trace.events, trace.events) :]
        self.trace = trace
        before = trace.steps[len(self._rows) - 1] if self._rows else None
        for step in trace.steps[len(self._rows) :]:
            self._rows.append(self._row(step, before))
            before = step
        for event in trace.events[len(self._events) :]:
            self._events.append((self._text(event.type), self._text(event.text), self._since_start(event.at) or 0))
        lives = {life.pid: life for life in trace.lives}
        pids = list(dict.fromkeys([*lives, *trace.workers]))
        return {
            "version": VERSION,
            "type": visible(trace.workflow_type),
            "start": self.start,
            "workers": [_worker(pid, lives.get(pid)) for pid in pids],
            "steps": self._steps({pid: index for index, pid in enumerate(pids)}),
            "events": self._events_in_columns(),
            "failure": self._failure(trace.failure) if trace.failure else None,
            "notes": [visible(note) for note in trace.notes],
            "paths": self.paths.values,
            "waits": self.waits.values,
            "files": self._files(),
            "texts": self.texts.values,
        }

    def _text(self, text: str) -> int:
        # Kept by the text as it came: the same one is made visible only once.
        found = self._seen.get(text)
        if found is None:
            found = self._seen[text] = self.texts.place(visible(text))
        return found

    def _since_start(self, at: float | None) -> int | None:
        return None if not at or self.start is None else round((at - self.start) * 1000)

    def _row(self, step: ReplayStep, before: ReplayStep | None) -> _Row:
        return _Row(
            first=step.event_ids[0] if step.event_ids else 0,
            last=step.event_ids[-1] if step.event_ids else 0,
            jobs=[n for j in step.jobs for n in (self._text(j.text), j.event_id or 0, self._text(j.kind))],
            lines=self._path(step),
            waiting=self._waiting(step),
            commands=[n for c in step.commands for n in self._command(c)],
            state=self._differences(before.state if before else {}, step.state),
            locals=self._differences(before.locals if before else {}, step.locals),
            effects=[n for e in step.side_effects for n in self._placed(e)],
            failure=self._text(step.failure) if step.failure else None,
            at=self._since_start(step.at),
        )

    def _steps(self, place: Mapping[int | None, int]) -> dict[str, Any]:
        steps, rows = self.trace.steps, self._rows
        columns: dict[str, Any] = {
            "how": "".join("q" if s.query else "r" if s.is_replaying else "l" for s in steps),
            "first": [row.first for row in rows],
            "last": [row.last for row in rows],
            "jobs": [row.jobs for row in rows],
            "lines": [row.lines for row in rows],
            "waiting": [row.waiting for row in rows],
            "commands": [row.commands for row in rows],
            "state": [row.state for row in rows],
            "locals": [row.locals for row in rows],
            "effects": {str(i): row.effects for i, row in enumerate(rows) if row.effects},
            "failure": {str(i): row.failure for i, row in enumerate(rows) if row.failure is not None},
        }
        if place:
            columns["worker"] = [place.get(s.worker, -1) for s in steps]
        if cut := [i for i, s in enumerate(steps) if s.cut]:
            columns["cut"] = cut
        if any(s.at for s in steps):
            columns["at"] = [row.at for row in rows]
        return columns

    def _path(self, step: ReplayStep) -> int:
        path: list[int] = []
        current = self.trace.file
        for file, line in step.lines:
            if file != current:
                path.append(-(self.files.place(file) + 1))
                current = file
            path.append(line)
        return self.paths.place(tuple(path))

    def _waiting(self, step: ReplayStep) -> int:
        flat: list[int] = []
        for wait in step.waiting:
            where = self.files.place(wait.file or self.trace.file) if wait.line else 0
            flat += [self._text(wait.text), self._text(wait.task), wait.line or 0, where]
        return self.waits.place(tuple(flat))

    def _command(self, command: Command) -> tuple[int, ...]:
        return *self._placed(command), command.event_id or 0

    def _placed(self, told: Command | SideEffect) -> tuple[int, int, int]:
        where = self.files.place(told.file or self.trace.file) if told.line else 0
        return self._text(told.text), told.line or 0, where

    def _differences(self, before: Mapping[str, str], state: Mapping[str, str]) -> list[int]:
        """The names whose text is not that of the state before, each with its text."""
        if state is before:
            return []
        changed = [n for name, text in state.items() if before.get(name) != text
                   for n in (self._text(name), self._text(text))]  # fmt: skip
        return changed + [n for name in before if name not in state for n in (self._text(name), GONE)]

    def _events_in_columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "type": [type for type, _, _ in self._events],
            "text": [text for _, text, _ in self._events],
            "after": _steps_between([at for _, _, at in self._events]),
        }
        events = self.trace.events
        if any(e.id != n for n, e in enumerate(events, 1)):
            columns["id"] = [e.id for e in events]
        return columns

    def _failure(self, failure: Failure) -> dict[str, Any]:
        expected, actual = failure.expected, failure.actual
        file, line = self._site(failure)
        return {
            "kind": failure.kind,
            "text": visible(failure.text, limit=MAX_ACCOUNT),
            "message": visible(failure.message, limit=MAX_ACCOUNT, keep="\n"),
            "step": failure.step,
            "expected": expected and self._expected(expected),
            "actual": actual and visible(actual.text),
            "line": line,
            "file": self.files.place(file) if file else 0,
        }

    def _site(self, failure: Failure) -> tuple[str, int]:
        """The line of the command that did not fit, or that at which the code stopped; `("", 0)` if it is not known."""
        if failure.actual and failure.actual.line:
            return failure.actual.file or self.trace.file, failure.actual.line
        if failure.line:
            return failure.file or self.trace.file, failure.line
        if failure.step not in range(len(self.trace.steps)):
            return "", 0
        step = self.trace.steps[failure.step]
        # Of a step that was cut, the last line kept is not where it stopped; but the recorder adds a deadlock's.
        known = step.lines and (not step.cut or failure.kind == "deadlock")
        return step.lines[-1] if known else ("", 0)

    def _expected(self, event: TraceEvent) -> dict[str, Any]:
        return {"id": event.id, "type": visible(event.type), "text": visible(event.text)}

    def _files(self) -> list[dict[str, Any]]:
        names = short_names(self.files.values)
        ran = [n for s in self.trace.steps for f, n in s.lines if f == self.trace.file] if self.trace.sources else []
        found = []
        for file in self.files.values:
            text = self.trace.sources.get(file, "")
            # Not splitlines(): Python's own line numbers know no other line end.
            lines = (
                [visible(line, limit=MAX_SOURCE_LINE, keep="\t") for line in text.removesuffix("\n").split("\n")]
                if text
                else []
            )
            focus = class_lines(text, ran) if file == self.trace.file else range(0)
            found.append({"name": names[file], "lines": lines, "focus": [focus.start, focus.stop - 1]})
        return found


def _steps_between(moments: Sequence[int]) -> list[int]:
    """Each moment less the one before: a few digits instead of many."""
    return [now - before for before, now in zip([0, *moments], moments, strict=False)]


def _start(trace: ReplayTrace) -> float | None:
    """The time from which milliseconds are counted."""
    return min((m for m in (*(e.at for e in trace.events), *(s.at for s in trace.steps)) if m), default=None)


def _goes_on(old: ReplayTrace, new: ReplayTrace) -> bool:
    """True if a trace is another one with more steps, in which at most more events of jobs and commands are known."""
    same = _shared(old.steps, new.steps)
    if 2 * same < len(old.steps):
        return False  # so little would be gained that nobody need look closer
    return (old.file, old.failure) == (new.file, None) and (
        [_without_events(step) for step in old.steps[same:]]
        == [_without_events(step) for step in new.steps[same : len(old.steps)]]
    )


def _without_events(step: ReplayStep) -> ReplayStep:
    return replace(step, jobs=(), commands=tuple(replace(command, event_id=None) for command in step.commands))


def _shared(old: Sequence[object], new: Sequence[object]) -> int:
    """How many objects both begin with."""
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a is not b), min(len(old), len(new)))


def _worker(pid: int, life: WorkerLife | None) -> dict[str, Any]:
    return {"name": visible(life.name) if life else "?", "pid": pid, "how": life.how if life else None}
