"""What a reader cannot see is made visible wherever a text is shown: in panel, timeline, course and saved page."""

from dataclasses import replace
from pathlib import Path

import pytest

from stagedflow.course.help import Help
from stagedflow.course.outcome import INCORRECT, Outcome
from stagedflow.course.predictions import Prediction, Revealed
from stagedflow.course.progress_report import LessonProgress, Progress
from stagedflow.history.runs import Event, Run
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityCount
from stagedflow.replay.trace import ReplayStep, ReplayTrace, WorkerLife
from stagedflow.widgets.escaping import escape
from stagedflow.widgets.panel import parts
from stagedflow.widgets.panel.actions import actions
from stagedflow.widgets.panel.snapshot import Snapshot
from stagedflow.widgets.panel.verdict import verdict
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.timeline import story, timeline
from stagedflow.widgets.viewer.page import page

HIDDEN = "\x00\x1b\x07\x85\x9b\u200b\u202e\u2066\ufeff\u2028\ud800"
TEXT = f"pay{HIDDEN}load"
SEEN = "pay\\x00\\x1b\\x07\\x85\\x9b\\u200b\\u202e\\u2066\\ufeff\\u2028\\ud800load"


def shown() -> dict[str, str]:
    life = WorkerLife(TEXT, 11, 900.0, 950.0, "crashed", True)
    events = (
        Event(1, "WORKFLOW_EXECUTION_STARTED", 900.0, {"workflow_type": TEXT}),
        Event(2, "WORKFLOW_EXECUTION_SIGNALED", 900.0, {"name": TEXT, "args": (TEXT,)}),
        Event(3, "ACTIVITY_TASK_SCHEDULED", 900.0, {"activity_type": TEXT, "activity_id": "1", "start_to_close": 9.0}),
        Event(4, "WORKFLOW_EXECUTION_FAILED", 901.0, {"message": TEXT}),
    )
    facts = Facts(TEXT, "r", Run(events), lives=(life,), counts={TEXT: ActivityCount(1, 0)})
    trace = ReplayTrace.of([ReplayStep(0, False, worker=11)], workflow_type=TEXT, file=TEXT)
    outcome = Outcome(TEXT, INCORRECT, TEXT.replace("\u2028", ""))
    revealed = Revealed(TEXT, TEXT, TEXT)
    progress = Progress((LessonProgress(TEXT, {TEXT: INCORRECT}, 0),), TEXT)
    prediction = Prediction("00-hidden", TEXT, (TEXT, "other"))
    snapshot = Snapshot.of(facts)
    told = Help(TEXT, TEXT)
    return {
        "heading": parts.heading(facts, ""),
        "track": parts.stage_track(facts),
        "now": parts.waiting_now(facts, 1_000.0),
        "lives": parts.workers((life,)),
        "ledger": parts.ledger(facts),
        "notice": parts.notice(TEXT),
        "refusals": parts.refusals(actions(replace(facts, run=Run(()), trouble=TEXT), None, TEXT)),
        "verdict": verdict(ReplayTrace(), (replace(life, records=False),)) + verdict(trace, (life,)),
        "timeline": as_svg(timeline(facts, now=1_000.0), width=820),
        "timeline's text": timeline(facts, now=1_000.0).text(),
        "story": "\n".join(story(facts)),
        "snapshot": "".join(snapshot._repr_mimebundle_().values()),
        "page": page({}, title=TEXT, fallback="").partition("<style>")[0],
        "outcome": outcome._repr_html_(),
        "outcome's text": repr(outcome),
        "revealed": revealed._repr_html_(),
        "revealed's text": repr(revealed),
        "progress": progress._repr_html_(),
        "progress's text": repr(progress),
        "help": told._repr_html_(),
        "help's text": repr(told),
        "question": prediction.children[0].value,
        "options": str(prediction.children[1]._options_labels[0]),
        "question's text": repr(prediction),
    }


@pytest.fixture(autouse=True)
def _own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))


def test_hidden_characters_are_shown_as_signs_wherever_a_text_is_shown() -> None:
    raw = {place: sorted(set(HIDDEN) & set(text)) for place, text in shown().items()}
    assert {place: found for place, found in raw.items() if found} == {}
    silent = [place for place, text in shown().items() if "\\u202e" not in text]
    assert silent == []


def test_what_a_reader_can_see_stays_as_it_is() -> None:
    kept = "naïve 設定 \xa0 a\tb\nc 👩\u200d🔧"
    assert escape(kept) == kept
    assert escape(TEXT) == SEEN
    assert escape("<'\"&>") == "&lt;&#x27;&quot;&amp;&gt;"


def test_one_and_the_same_place_escapes_for_all() -> None:
    package = Path(__file__).parents[2] / "stagedflow"
    own = [path.name for path in package.rglob("*.py") if "from html import" in path.read_text(encoding="utf-8")]
    assert own == ["escaping.py"]
