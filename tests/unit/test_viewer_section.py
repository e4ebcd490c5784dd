"""The panel's replay section: a viewer that nobody sees costs nothing, and is up to date once it is opened."""

import json

import pytest

from stagedflow.widgets.closing import close_whole
from stagedflow.widgets.panel.replay_section import ReplaySection
from stagedflow.widgets.viewer import viewer as viewer_module
from tests.viewer_traces import STEPS, recovered, replayed


def steps_drawn(section: ReplaySection) -> int:
    return len(json.loads(section.viewer._payload)["steps"]["how"])


def test_while_it_is_closed_nothing_is_sent_and_the_trace_is_kept() -> None:
    section = ReplaySection()
    section.show(replayed(STEPS[0]))
    section.button.value = False
    for count in (2, 3, 4):
        assert section.show(replayed(*STEPS[:count])) == ""
    assert steps_drawn(section) == 1
    assert len(section.viewer.trace.steps) == 4
    assert section.button.description == "Replay"
    section.button.value = True
    assert section.button.description == "Hide replay"
    assert steps_drawn(section) == 4
    section.show(recovered())
    assert steps_drawn(section) == 7


def test_the_same_trace_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    section, trace = ReplaySection(), replayed()
    section.show(trace)
    monkeypatch.delattr(viewer_module, "payload_bytes")  # whoever encodes once more fails
    section.show(trace)
    section.button.value = False
    section.button.value = True
    assert section.trouble.value == ""


def test_closing_the_whole_closes_the_viewer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    section, closed = ReplaySection(), []
    monkeypatch.setattr(section.viewer, "close", lambda: closed.append(section.viewer))
    close_whole(section)
    section.close()
    assert closed == [section.viewer]


def test_a_viewer_that_cannot_be_drawn_says_so_each_time_and_on_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    section = ReplaySection()
    section.button.value = False
    section.show(replayed())
    monkeypatch.delattr(viewer_module, "payload_bytes")
    section.button.value = True
    assert "The viewer cannot be drawn: NameError" in section.trouble.value
    for _ in range(2):
        with pytest.raises(NameError):
            section.show(section.viewer.trace)
