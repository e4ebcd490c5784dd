"""What a check says, as text and as HTML: the same words, a sign beside the colour, everything escaped."""

from html.parser import HTMLParser

import pytest

from stagedflow.course import Outcome
from stagedflow.course.outcome import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED


def words_in(html: str) -> str:
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html)
    return " ".join(" ".join(found).split())


@pytest.mark.parametrize("status", [NOT_ATTEMPTED, INCORRECT, CORRECT, CANNOT_CHECK])
def test_both_forms_say_the_same(status: str) -> None:
    outcome = Outcome("never_go_back", status, "Seen: <1> & 2.\nNext: go on.")
    assert repr(outcome).splitlines()[1:] == ["Seen: <1> & 2.", "Next: go on."]
    html = outcome._repr_html_()
    for word in (status, "never_go_back", "Seen: <1> & 2.", "Next: go on.", repr(outcome)[0]):
        assert word in words_in(html)
    assert "<1>" not in html


def test_each_status_has_a_sign_of_its_own() -> None:
    signs = {repr(Outcome("x", s, ""))[0] for s in (NOT_ATTEMPTED, INCORRECT, CORRECT, CANNOT_CHECK)}
    assert len(signs) == 4
