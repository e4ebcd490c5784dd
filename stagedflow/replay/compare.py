"""Two traces in step: their activations side by side, and the first at which they differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path, PurePath
from typing import Any

from stagedflow.replay.sources import class_lines
from stagedflow.replay.trace import ReplayStep, ReplayTrace

_PLACE = re.compile(r" at \S+:\d+$")
"""A file and line at the end of a wait's words: an edit moves them without changing what is waited for."""
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
    """Two traces in step. A notebook shows it as a viewer in which one slider moves both.

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

    def save_html(self, path: str | Path) -> Path:
        """Write both traces in step as one self-contained page that needs neither a kernel nor a network.

        Args:
            path: The file to write; one that is there is replaced.

        Returns:
            The same path.

        Raises:
            LabError: The file cannot be written.
        """
        # Here, so that the replay package needs no Jupyter.
        from stagedflow.widgets.viewer_compare import save_comparison

        return save_comparison(self, path)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from stagedflow.widgets.viewer_compare import CompareViewer

        return CompareViewer(self)._repr_mimebundle_(**kwargs)

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
    """
    match = SequenceMatcher(None, [_key(s) for s in a.steps], [_key(s) for s in b.steps], autojunk=False)
    exact = _same_code(a, b)
    left, right = _Side(a, exact), _Side(b, exact)
    pairs: list[Pair] = []
    for tag, a1, a2, b1, b2 in match.get_opcodes():
        if tag == "equal":
            both = zip(a.steps[a1:a2], b.steps[b1:b2], strict=True)
            pairs += [_pair(left, one, right, two, names) for one, two in both]
        else:
            pairs += [Pair(step, None, ("alone",), f"only {names[0]} has it.") for step in a.steps[a1:a2]]
            pairs += [Pair(None, step, ("alone",), f"only {names[1]} has it.") for step in b.steps[b1:b2]]
    return Comparison(a, b, tuple(pairs), names)


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
        waits = [(w.task, w.text if self.exact else _PLACE.sub("", w.text)) for w in step.waiting]
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
    differs = tuple(name for name in parts if parts[name] != others[name])
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


def _lines(left: _Side, one: ReplayStep, right: _Side, two: ReplayStep) -> tuple[str, str]:
    """The first lines at which the two ways through the code part."""
    ways = [side.parts(step)["lines"] for side, step in ((left, one), (right, two))]
    shortest = min(map(len, ways))
    at = next((n for n in range(shortest) if ways[0][n] != ways[1][n]), shortest)
    return _line_words(left, one, at), _line_words(right, two, at)


def _line_words(side: _Side, step: ReplayStep, at: int) -> str:
    if at >= len(step.lines):
        return "ran no further line"
    file, number = step.lines[at]
    return f"ran line {number} ({side.line(file, number)})"


def _versus(verb: str, one: Sequence[str], two: Sequence[str]) -> tuple[str, str]:
    return f"{verb} {_listed(one)}", f"{verb} {_listed(two)}"


def _values(what: str, one: Any, two: Any) -> tuple[str, str]:
    names = [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)][:_MOST_WORDS]
    sides = (_listed([f"{what}{name} = {values.get(name, '(none)')}" for name in names]) for values in (one, two))
    left, right = sides
    return f"has {left}", f"has {right}"


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:_MOST_WORDS])
    return shown + (f" and {len(texts) - _MOST_WORDS} more" if len(texts) > _MOST_WORDS else "") or "nothing"


def _key(step: ReplayStep) -> tuple[str, object]:
    """What makes two steps a pair: the last event that came, which is the start of their workflow task."""
    return ("event", step.event_ids[-1]) if step.event_ids else ("reason", step.reason)


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
