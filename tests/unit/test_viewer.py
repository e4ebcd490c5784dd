"""The widget without a kernel, the saved page as text, and the table for where neither runs."""

import base64
import hashlib
import json
import re
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stagedflow.errors import LabError
from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.assets import script
from stagedflow.widgets.viewer.compare import CompareViewer, compare
from stagedflow.widgets.viewer.table import html_table, text_table
from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.viewer_traces import FILE, FLASH, GATE, STEPS, cut, hostile, long, parted, recovered, replayed

WIDGET = "application/vnd.jupyter.widget-view+json"


class Tags(HTMLParser):
    """The tags of a page with their attributes, and the text of each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data


@pytest.fixture
def saved(tmp_path: Path) -> str:
    return ReplayViewer(recovered()).save_html(tmp_path / "page.html").read_text(encoding="utf-8")


def test_it_begins_at_the_first_step_at_a_failure_or_where_it_is_told() -> None:
    assert ReplayViewer(replayed()).step == 0
    assert ReplayViewer(parted()).step == 2
    assert ReplayViewer(replayed(), step=-1).step == 3
    assert ReplayViewer(replayed(), step=99).step == 3
    assert ReplayViewer(ReplayTrace()).step == 0


def test_a_new_trace_reaches_the_page() -> None:
    viewer = ReplayViewer(replayed(STEPS[0]))
    viewer.trace = replayed()
    assert viewer.trace == replayed()
    assert json.loads(viewer._payload)["steps"]["how"] == "rrrr"


def test_while_it_is_paused_a_new_trace_is_kept_and_sent_only_then() -> None:
    viewer = ReplayViewer(replayed(STEPS[0]))
    viewer.paused = True
    viewer.trace = replayed()
    assert (len(viewer.trace.steps), json.loads(viewer._payload)["steps"]["how"]) == (4, "r")
    viewer.paused = False
    assert json.loads(viewer._payload)["steps"]["how"] == "rrrr"


def test_the_saved_page_holds_what_the_widget_sends(tmp_path: Path) -> None:
    viewer = ReplayViewer(hostile())
    page = viewer.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert json.loads(Tags(page).inside["script"][0]) == json.loads(viewer._payload)


def test_a_trace_may_be_set_from_any_thread() -> None:
    viewer = ReplayViewer(ReplayTrace())
    threads = [
        threading.Thread(target=setattr, args=(viewer, "trace", replayed(*STEPS[:n]))) for n in (1, 2, 3, 4, 1, 2, 3, 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(viewer._payload)["steps"]["how"]) == len(viewer.trace.steps)


def test_its_repr_is_short_and_stable() -> None:
    assert repr(ReplayViewer(replayed())) == "ReplayViewer(Rollout: 4 steps)"
    assert re.fullmatch(r"CompareViewer\(Comparison\(.*\)\)", repr(CompareViewer(compare(replayed(), parted()))))


def test_a_cell_gets_the_widget_and_a_table_for_where_no_widget_runs() -> None:
    data, _ = ReplayViewer(recovered())._repr_mimebundle_()
    assert WIDGET in data
    assert data["text/plain"] == text_table(recovered())
    assert data["text/html"] == html_table(recovered())


def test_a_comparison_shows_itself_as_a_widget_with_the_same_fallbacks() -> None:
    comparison = compare(replayed(), parted())
    data, _ = comparison._repr_mimebundle_()
    assert WIDGET in data
    assert data["text/plain"].startswith(comparison.text)
    assert data["text/html"].count("<table>") == 2


def test_the_saved_page_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    one, two = (ReplayViewer(recovered()).save_html(tmp_path / name) for name in ("a.html", "b.html"))
    assert one.read_bytes() == two.read_bytes()


def test_the_saved_page_names_nothing_outside_itself(saved: str) -> None:
    tags = Tags(saved).tags
    assert not [a for _, attributes in tags for a in ("src", "href", "srcset", "action") if a in attributes]
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", saved))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of SVG's namespace, which nobody fetches
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|import\(", saved)


def test_the_saved_page_allows_its_own_script_and_style_alone(saved: str) -> None:
    found = Tags(saved)
    metas = {a.get("http-equiv"): a["content"] for tag, a in found.tags if tag == "meta" and "http-equiv" in a}
    policy = dict(part.strip().split(" ", 1) for part in str(metas["Content-Security-Policy"]).split(";"))

    def hash_of(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    data, script = found.inside["script"]
    assert policy == {
        "default-src": "'none'",
        "script-src": hash_of(script),
        "style-src": hash_of(found.inside["style"][0]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert json.loads(data)["type"] == "Rollout"
    assert not [tag for tag, a in found.tags if "style" in a or any(name.startswith("on") for name in a)]


@pytest.mark.parametrize("entry", ["widget", "page"])
def test_the_renderer_builds_no_markup_from_text(entry: str) -> None:
    code = script("stagedflow.widgets.viewer", entry)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", code)
    assert "</" not in code


def test_hostile_texts_cannot_leave_the_pages_data(tmp_path: Path) -> None:
    page = ReplayViewer(hostile()).save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    found = Tags(page)
    assert [tag for tag, _ in found.tags if tag in ("script", "img", "svg")] == ["script", "script"]
    assert found.inside["title"] == ["Replay of <script>window.hacked = 1</script>"]
    assert json.loads(found.inside["script"][0])["type"] == "<script>window.hacked = 1</script>"


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"was not saved: .* cannot be written \(No such file or directory\)"):
        ReplayViewer(replayed()).save_html(tmp_path / "missing" / "page.html")
    with pytest.raises(LabError, match="Is a directory"):
        compare(replayed(), parted()).save_html(tmp_path)


def test_the_text_table_has_one_row_a_step() -> None:
    lines = text_table(recovered()).splitlines()
    assert lines[0] == "Rollout: 7 steps (workflow activations), 4 of them executed now"
    starts = [line.split("  ")[0] for line in lines[3:] if line[0] != " "]
    assert starts == ["1", "2", "3", "4", "5", "6", "7"]
    assert "● executed now, worker A" in text_table(recovered())
    assert "complete the workflow (event 21)" in lines[-1]


def test_the_tables_say_of_a_step_that_not_all_its_lines_are_kept() -> None:
    words = "… more ran than are kept; of the first 2: 14, 16"
    assert f"<td>{words}</td>" in html_table(cut())
    assert "more ran than are kept" in " ".join(text_table(cut()).split())
    assert "are kept" not in text_table(replayed())


def test_the_tables_name_the_file_of_lines_that_ran_in_another_module() -> None:
    helper = "/lib/prices/rates.py"
    alone = replace(STEPS[1], lines=((helper, 3), (helper, 4)))
    mixed = replace(STEPS[2], lines=((FILE, GATE), (helper, 7), (FILE, FLASH)))
    trace = replayed(STEPS[0], alone, mixed)
    shown = html_table(trace)
    assert "<td>rates.py 3–4</td>" in shown and f"<td>{GATE}–{FLASH}; rates.py 7</td>" in shown
    assert "no lines" not in shown and "/lib" not in shown
    assert "rates.py 3–4" in text_table(trace)


def test_the_tables_say_which_attribute_is_gone() -> None:
    assert "<td>log is gone</td>" in html_table(replayed(STEPS[0], replace(STEPS[1], state={"stage": "0"})))


def test_the_text_table_tells_a_failure_first() -> None:
    assert text_table(parted()).splitlines()[1].startswith("! At event 15 history has the activity flash")


def test_a_long_trace_is_a_short_table_that_says_how_much_it_leaves_out() -> None:
    table = html_table(long(100))
    assert table.count("<tr>") == 41
    assert table.endswith("<p>… and 160 more steps, after step 20</p>")
    assert "… and 160 more steps, after step 20" in text_table(long(100))


def test_the_html_table_is_plain_and_escaped() -> None:
    table = html_table(hostile())
    tags = {tag for tag, attributes in Tags(table).tags if not attributes}
    assert tags == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert not [a for _, a in Tags(table).tags if a]
    assert "&lt;script&gt;" in table
