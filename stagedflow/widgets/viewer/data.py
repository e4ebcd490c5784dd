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
from typing import Any

from stagedflow.replay.sources import class_lines
from stagedflow.replay.trace import Command, Failure, ReplayStep, ReplayTrace, SideEffect, TraceEvent
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
    return _Encoder(trace).payload()


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


class _Encoder:
    def __init__(self, trace: ReplayTrace) -> None:
        self.trace = trace
        self.texts = _Table()
        self.paths = _Table()
        self.waits = _Table()
        self.files = _Table()
        if trace.file:
            self.files.place(trace.file)
        self._seen: dict[str, int] = {}
        lives = {life.pid: life for life in trace.lives}
        self.pids = list(dict.fromkeys([*lives, *trace.workers]))
        self.workers = [
            {"name": visible(lives[pid].name), "pid": pid, "how": lives[pid].how}
            if pid in lives
            else {"name": "?", "pid": pid, "how": None}
            for pid in self.pids
        ]
        moments = [m for m in (*(e.at for e in trace.events), *(s.at for s in trace.steps)) if m]
        self.start = min(moments, default=None)

    def payload(self) -> dict[str, Any]:
        trace = self.trace
        steps = self._steps()
        events = self._events()
        failure = self._failure(trace.failure) if trace.failure else None
        return {
            "version": VERSION,
            "type": visible(trace.workflow_type),
            "start": self.start,
            "workers": self.workers,
            "steps": steps,
            "events": events,
            "failure": failure,
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

    def _steps(self) -> dict[str, Any]:
        steps = self.trace.steps
        place = {pid: index for index, pid in enumerate(self.pids)}
        columns = {
            "how": "".join("q" if s.query else "r" if s.is_replaying else "l" for s in steps),
            "first": [s.event_ids[0] if s.event_ids else 0 for s in steps],
            "last": [s.event_ids[-1] if s.event_ids else 0 for s in steps],
            "jobs": [
                [n for j in s.jobs for n in (self._text(j.text), j.event_id or 0, self._text(j.kind))] for s in steps
            ],
            "lines": [self._path(s) for s in steps],
            "waiting": [self._waiting(s) for s in steps],
            "commands": [[n for c in s.commands for n in self._command(c)] for s in steps],
            "state": self._differences([s.state for s in steps]),
            "locals": self._differences([s.locals for s in steps]),
            "effects": {
                str(i): [n for e in s.side_effects for n in self._placed(e)]
                for i, s in enumerate(steps)
                if s.side_effects
            },
            "failure": {str(i): self._text(s.failure) for i, s in enumerate(steps) if s.failure},
        }
        if place:
            columns["worker"] = [place.get(s.worker, -1) if s.worker is not None else -1 for s in steps]
        if cut := [i for i, s in enumerate(steps) if s.cut]:
            columns["cut"] = cut
        if any(s.at for s in steps):
            columns["at"] = [self._since_start(s.at) for s in steps]
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

    def _differences(self, states: Sequence[Mapping[str, str]]) -> list[list[int]]:
        """For each state the names whose text is not that of the state before, each with its text."""
        found: list[list[int]] = []
        before: Mapping[str, str] = {}
        for state in states:
            flat: list[int] = []
            if state is not before:
                for name, text in state.items():
                    if before.get(name) != text:
                        flat += [self._text(name), self._text(text)]
                for name in before:
                    if name not in state:
                        flat += [self._text(name), GONE]
            found.append(flat)
            before = state
        return found

    def _events(self) -> dict[str, Any]:
        events = self.trace.events
        columns: dict[str, Any] = {
            "type": [self._text(e.type) for e in events],
            "text": [self._text(e.text) for e in events],
            "after": _steps_between([self._since_start(e.at) or 0 for e in events]),
        }
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
