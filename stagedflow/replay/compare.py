"""Two traces in step: their activations side by side, and the first at which they differ."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import PurePath
from typing import Any

from stagedflow.errors import LabError
from stagedflow.replay.sources import class_lines
from stagedflow.replay.trace import ReplayStep, ReplayTrace

_PLACE = re.compile(r" at \S+:\d+(?=,|$)")
"""A file and line in a wait's words: an edit moves them without changing what is waited for."""
_NONE = {"asked to": "gave no command", "waits for": "waits for nothing"}
_MOST_WORDS = 3
"""Things of one kind that are told in words."""


@dataclass(frozen=True)
class Pair:
    """Two steps that the same history events brought, or one that stands alone.

    Attributes:
        a: The step of the first trace, or None if it has none here.
        b: The step of the second trace, or None if it has none here.
        differs: What is not the same: of "alone", "lines", "commands", "waiting", "state", "locals" and "failure".
        text: The differences in plain words; "" if there are none.
    """

    a: ReplayStep | None
    b: ReplayStep | None
    differs: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two traces in step.

    Attributes:
        a: The first trace.
        b: The second trace.
        pairs: Their steps side by side, in order.
        names: What the two are called, such as ("as deployed", "edited").
    """

    a: ReplayTrace
    b: ReplayTrace
    pairs: tuple[Pair, ...]
    names: tuple[str, str] = field(default=("the first trace", "the second trace"))

    @property
    def first_difference(self) -> int | None:
        """The index of the first pair that differs, or None if none does."""
        return next((index for index, pair in enumerate(self.pairs) if pair.differs), None)

    @property
    def summary(self) -> str:
        """How much is the same, and where the two differ first, in a few words."""
        one, two = self.names
        many = f"{_sentence(one)} has {_many(len(self.a.steps))}, {two} {_many(len(self.b.steps))}."
        first = self.first_difference
        if first is None:
            return f"{many} All of them do the same."
        same = sum(not pair.differs for pair in self.pairs)
        return (
            f"{many} {_many(same)} {'does' if same == 1 else 'do'} the same. They differ first at {self._place(first)}."
        )

    @property
    def text(self) -> str:
        """What is the same and what differs first, in plain words; and how a replay failed, if one did."""
        first = self.first_difference
        words = [self.summary, *([_sentence(self.pairs[first].text)] if first is not None else [])]
        for name, trace in zip(self.names, (self.a, self.b), strict=True):
            if trace.failure:
                words.append(f"The replay of {name} ends there: {trace.failure.text}{_failed_line(trace)}")
        return " ".join(words)

    def _place(self, index: int) -> str:
        pair = self.pairs[index]
        step = pair.a or pair.b
        events = _events(step) if step else ""
        place = " and ".join(
            f"step {s.index + 1} of {name}" for s, name in zip((pair.a, pair.b), self.names, strict=True) if s
        )
        return f"{place}{f' ({events})' if events else ''}"

    def __repr__(self) -> str:
        first = self.first_difference
        found = "no difference" if first is None else f"first difference at pair {first}"
        return f"Comparison({len(self.pairs)} pairs, {found})"


def compare(
    a: ReplayTrace, b: ReplayTrace, *, names: tuple[str, str] = ("the first trace", "the second trace")
) -> Comparison:
    """Lay two traces side by side: steps that the same history events brought are a pair.

    Typical is the same history replayed against two versions of the code. If these are not the same, lines are
    compared by their text, so that lines that an edit only moved are no difference.

    Args:
        a: The first trace.
        b: The second trace.
        names: What to call the two.

    Raises:
        LabError: One of them is no trace.
    """
    for trace in (a, b):
        if not isinstance(trace, ReplayTrace):
            raise LabError(f"`compare` takes two traces, as `await record_replay(...)` gives them; not {_kind(trace)}.")
    exact = _same_code(a, b)
    left, right = _Side(a, exact), _Side(b, exact)
    pairs: list[Pair] = []
    next_a = next_b = 0
    for at_a, at_b in [*_counterparts(a.steps, b.steps), (len(a.steps), len(b.steps))]:
        pairs += [Pair(step, None, ("alone",), f"only {names[0]} has it.") for step in a.steps[next_a:at_a]]
        pairs += [Pair(None, step, ("alone",), f"only {names[1]} has it.") for step in b.steps[next_b:at_b]]
        if at_a < len(a.steps):
            pairs.append(_pair(left, a.steps[at_a], right, b.steps[at_b], names))
        next_a, next_b = at_a + 1, at_b + 1
    return Comparison(a, b, tuple(pairs), names)


def _kind(thing: object) -> str:
    name = type(thing).__name__
    return "a coroutine: await it first" if name == "coroutine" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _counterparts(a: Sequence[ReplayStep], b: Sequence[ReplayStep]) -> list[tuple[int, int]]:
    """The places of those steps that are pairs, in order."""
    left, right = _keys(a), _keys(b)
    # What only one of them has is left out before: the matcher takes its time for each gap.
    both = set(left) & set(right)
    of_a, of_b = ([n for n, key in enumerate(keys) if key in both] for keys in (left, right))
    match = SequenceMatcher(None, [left[n] for n in of_a], [right[n] for n in of_b], autojunk=False)
    blocks = match.get_matching_blocks()
    return [(of_a[block.a + n], of_b[block.b + n]) for block in blocks for n in range(block.size)]


def _keys(steps: Sequence[ReplayStep]) -> list[tuple[object, ...]]:
    """What makes two steps a pair: the last event that came, which is the start of their workflow task.

    A step without events, such as a query, is told by the event before it and its reason, and counted among its like:
    with one key for all of them, each step would be laid beside each other.
    """
    keys: list[tuple[object, ...]] = []
    seen, alike = 0, Counter[str]()
    for step in steps:
        if step.event_ids:
            seen, alike = step.event_ids[-1], Counter()
            keys.append((seen,))
        else:
            alike[step.reason] += 1
            keys.append((seen, step.reason, alike[step.reason]))
    return keys


@dataclass(frozen=True)
class _Side:
    """A trace, and how its parts are made comparable: with line numbers, or with the lines' text."""

    trace: ReplayTrace
    exact: bool
    _texts: dict[str, list[str]] = field(default_factory=dict)

    def line(self, file: str, number: int) -> str:
        """A line's text without its indentation; file and number if the text is not known."""
        if file not in self._texts:
            self._texts[file] = self.trace.sources.get(file, "").split("\n")
        lines = self._texts[file]
        text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        return text or f"{PurePath(file).name}:{number}"

    def place(self, file: str, number: int) -> object:
        return (PurePath(file).name, number) if self.exact else self.line(file, number)

    def parts(self, step: ReplayStep) -> dict[str, Sequence[object]]:
        """What is compared, by the names that `Pair.differs` uses."""
        # Without the line of the await: where other lines ran, "lines" says so.
        waits = [(w.task, _PLACE.sub("", w.text)) for w in step.waiting]
        failure = self.trace.failure
        failed = failure.text if failure and failure.step == step.index else None
        return {
            "lines": [self.place(*line) for line in step.lines],
            "commands": [c.text for c in step.commands],
            "waiting": sorted(waits),
            "state": sorted(step.state.items()),
            "locals": sorted(step.locals.items()),
            "failure": [step.failure, failed],
        }


def _pair(left: _Side, one: ReplayStep, right: _Side, two: ReplayStep, names: tuple[str, str]) -> Pair:
    parts, others = left.parts(one), right.parts(two)
    lines_differ = _lines_differ(one, parts["lines"], two, others["lines"])
    differs = tuple(name for name in parts if (lines_differ if name == "lines" else parts[name] != others[name]))
    tell = {
        "lines": lambda: _lines(left, one, right, two),
        "commands": lambda: _versus("asked to", [c.text for c in one.commands], [c.text for c in two.commands]),
        "waiting": lambda: _versus("waits for", [w.text for w in one.waiting], [w.text for w in two.waiting]),
        "state": lambda: _values("", one.state, two.state),
        "locals": lambda: _values("local ", one.locals, two.locals),
        "failure": lambda: (),
    }
    told = [(names[n], words) for name in differs for n, words in enumerate(tell[name]()) if words]
    sides = [f"{name} " + ", ".join(words for of, words in told if of == name) for name in names if told]
    text = "; ".join(sides) + "." if sides else "one of them fails there." if differs else ""
    return Pair(one, two, differs, text)


def _lines_differ(one: ReplayStep, ran: Sequence[object], two: ReplayStep, other: Sequence[object]) -> bool:
    """True if other lines ran, as far as is known: of a step that was cut, what came after those kept is not."""
    shared = min(len(ran), len(other))
    ended = [not step.cut and len(lines) == shared for step, lines in ((one, ran), (two, other))]
    return ran[:shared] != other[:shared] or ended[0] != ended[1]


def _lines(left: _Side, one: ReplayStep, right: _Side, two: ReplayStep) -> tuple[str, str]:
    """The first lines at which the two ways through the code part."""
    ways = [side.parts(step)["lines"] for side, step in ((left, one), (right, two))]
    shortest = min(map(len, ways))
    at = next((n for n in range(shortest) if ways[0][n] != ways[1][n]), shortest)
    return _line_words(left, one, at), _line_words(right, two, at)


def _line_words(side: _Side, step: ReplayStep, at: int) -> str:
    if at >= len(step.lines):
        return "ran further lines, which are not kept" if step.cut else "ran no further line"
    file, number = step.lines[at]
    return f"ran line {number} ({side.line(file, number)})"


def _versus(verb: str, one: Sequence[str], two: Sequence[str]) -> tuple[str, str]:
    left, right = (f"{verb} {_listed(texts)}" if texts else _NONE[verb] for texts in (one, two))
    return left, right


def _values(what: str, one: Any, two: Any) -> tuple[str, str]:
    names = [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)][:_MOST_WORDS]
    sides = (_listed([f"{what}{name} = {values.get(name, '(none)')}" for name in names]) for values in (one, two))
    left, right = sides
    return f"has {left}", f"has {right}"


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:_MOST_WORDS])
    return shown + (f" and {len(texts) - _MOST_WORDS} more" if len(texts) > _MOST_WORDS else "") or "nothing"


def _same_code(a: ReplayTrace, b: ReplayTrace) -> bool:
    """True if line numbers mean the same in both: the same files, and in them the same class."""

    def code(trace: ReplayTrace) -> object:
        ran = (line for step in trace.steps for file, line in step.lines if file == trace.file)
        files = {PurePath(file).name: text for file, text in trace.sources.items()}
        return files, class_lines(trace.sources.get(trace.file, ""), ran)

    return code(a) == code(b)


def _failed_line(trace: ReplayTrace) -> str:
    """The line that made the command which history does not hold, as text."""
    command = trace.failure.actual if trace.failure else None
    if command is None or command.line is None:
        return ""
    text = _Side(trace, exact=False).line(command.file or trace.file, command.line)
    return f" Line {command.line}: {text}"


def _events(step: ReplayStep) -> str:
    if not step.event_ids:
        return ""
    first, last = step.event_ids[0], step.event_ids[-1]
    return f"event {first}" if first == last else f"events {first}–{last}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _many(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'}"
