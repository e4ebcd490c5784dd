"""Values as bounded, deterministic text."""

import pytest

from stagedflow.replay.safe_text import safe_names, safe_text


class Rude:
    def __repr__(self) -> str:
        raise ValueError("no")


class deque:
    """A learner's class that is named like one which `reprlib` knows."""

    def __repr__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize("rude", [Rude(), deque()])
def test_a_repr_that_raises_is_told_and_not_raised(rude: object) -> None:
    assert type(rude).__name__ in safe_text(rude)
    assert safe_text([rude]) and "0x" not in safe_text(rude)


def test_no_memory_address_is_left() -> None:
    assert safe_text(object()) == "<object object>"


def test_a_long_value_is_cut() -> None:
    for value in ("x" * 10_000, list(range(10_000)), dict.fromkeys(range(100), "y" * 500)):
        assert len(safe_text(value)) <= 200


def test_a_value_that_holds_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "..." in safe_text(loop)


def test_names_are_sorted_and_bounded() -> None:
    assert list(safe_names({"b": 1, "a": 2}).items()) == [("a", "2"), ("b", "1")]
    assert len(safe_names({f"n{i:03}": i for i in range(100)})) == 50
