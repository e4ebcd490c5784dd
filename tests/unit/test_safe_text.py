"""Values as bounded, deterministic text."""

import array
import asyncio
import collections
import dataclasses
import enum
import json
import subprocess
import sys
import time
from collections.abc import Callable
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from stagedflow.replay.safe_text import HIDDEN, safe_names, safe_text


class Rude:
    def __repr__(self) -> str:
        raise ValueError("no")


class Leaves:
    def __repr__(self) -> str:
        raise SystemExit


class NoText:
    def __repr__(self) -> str:
        return 5  # type: ignore[return-value]


class deque:
    """A learner's class that is named like one which `reprlib` knows."""

    def __repr__(self) -> str:
        raise ValueError("no")


class Pretends(list[int]):
    def __iter__(self) -> Any:
        raise ValueError("no")

    def __len__(self) -> int:
        return 1_000


@dataclasses.dataclass
class Account:
    user: str
    password: str
    notes: list[Any] = dataclasses.field(default_factory=list)


class Login(NamedTuple):
    user: str
    api_key: str


class Own:
    def __repr__(self) -> str:
        return "Own(user='ada', auth_token='a b', cookie: c3po)"


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("rude", "error"),
    [(Rude(), "ValueError"), (deque(), "ValueError"), (Leaves(), "SystemExit"), (NoText(), "TypeError")],
)
def test_a_repr_that_fails_is_told_and_not_raised(rude: object, error: str) -> None:
    told = f"<{type(rude).__name__}: its repr raised {error}>"
    assert safe_text(rude) == told
    assert safe_text([1, rude]) == f"[1, {told}]"


def test_no_memory_address_is_left() -> None:
    assert safe_text(object()) == "<object object>"
    assert safe_text(len.__call__) == "<method-wrapper '__call__' of builtin_function_or_method object>"


@pytest.mark.parametrize(
    ("make", "begins"),
    [
        (lambda: "x" * 1_000_000, "(1,000,000 long) 'xxx"),
        (lambda: b"x" * 1_000_000, "(1,000,000 long) b'xxx"),
        (lambda: list(range(1_000_000)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 999,990 more]"),
        (lambda: tuple(range(1_000_000)), "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 999,990 more)"),
        (lambda: dict.fromkeys(range(1_000_000)), "{0: None, 1: None"),
        (lambda: dict.fromkeys(range(1_000_000)).keys(), "dict_keys([0, 1, 2"),
        (lambda: set(range(1_000_000)), "<set of 1,000,000>"),
        (lambda: collections.deque(range(1_000_000)), "deque([0, 1, 2"),
        (lambda: collections.OrderedDict.fromkeys(range(1_000_000)), "OrderedDict({0: None"),
        (lambda: collections.UserList(range(1_000_000)), "UserList([0, 1, 2"),
        (lambda: array.array("i", range(1_000_000)), "array([0, 1, 2"),
        (lambda: MappingProxyType(dict.fromkeys(range(1_000_000))), "mappingproxy({0: None"),
        (lambda: 10**1_000_000, "<int of about 1,000,001 digits>"),
        (lambda: [["x" * 100] * 1_000] * 1_000, "[['xxx"),
        (lambda: Account("ada", "x", list(range(1_000_000))), "Account(user='ada', password="),
    ],
)
def test_of_a_huge_value_no_more_is_looked_at_than_is_shown(make: Callable[[], Any], begins: str) -> None:
    value = make()
    began = time.perf_counter()
    told = safe_text(value)
    assert time.perf_counter() - began < 0.02  # `repr` takes from 10 ms to minutes
    assert told.startswith(begins)
    assert len(told) <= 200


def test_a_value_that_holds_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert safe_text(loop) == "[...]"
    holder: dict[str, object] = {}
    holder["self"] = holder
    assert safe_text(holder) == "{'self': ...}"
    account = Account("ada", "x")
    account.notes.append(account)
    assert safe_text(account) == f"Account(user='ada', password={HIDDEN}, notes=[...])"


def test_a_deeply_nested_value_ends() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert safe_text(deep) == "[[[[[…]]]]]"


def test_a_value_beside_itself_is_told_twice() -> None:
    same = [1]
    assert safe_text([same, same]) == "[[1], [1]]"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"password": "hunter2"}, f"{{'password': {HIDDEN}}}"),
        ({"list": [{"X-Api-Key": "k"}]}, f"{{'list': [{{'X-Api-Key': {HIDDEN}}}]}}"),
        (Account("ada", "hunter2"), f"Account(user='ada', password={HIDDEN}, notes=[])"),
        (Login("ada", "k"), f"Login(user='ada', api_key={HIDDEN})"),
        (SimpleNamespace(user="ada", privateKey="k"), f"namespace(user='ada', privateKey={HIDDEN})"),
        (Own(), f"Own(user='ada', auth_token={HIDDEN}, cookie: {HIDDEN})"),
        ({"has_password": True, "token": None}, "{'has_password': True, 'token': None}"),
        ({"keyboard": "qwerty", "passenger": 1}, "{'keyboard': 'qwerty', 'passenger': 1}"),
    ],
)
def test_what_stands_under_a_name_that_looks_secret_is_hidden(value: object, told: str) -> None:
    assert safe_text(value).replace("SimpleNamespace", "namespace") == told


@pytest.mark.parametrize(
    "name",
    [
        "password", "db_passwd", "PASSPHRASE", "token", "accessToken", "secret", "client_secret", "api_key", "apikey",
        "authorization", "credentials", "private_key", "session_key", "bearer", "cookie", "pwd",
    ],
)  # fmt: skip
def test_an_attribute_whose_name_looks_secret_is_hidden(name: str) -> None:
    assert safe_names({name: "hunter2", "stage": 1}) == {name: HIDDEN, "stage": "1"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("\x00\x1b[31m\u202e\ud800\u2028", r"'\x00\x1b[31m\u202e\ud800\u2028'"),
        (["\x07"], r"['\x07']"),
        ({"\u202e": 1}, r"{'\u202e': 1}"),
        ("<script>\"'</script>", "'<script>\"\\'</script>'"),
    ],
)
def test_characters_that_cannot_be_seen_are_made_visible(value: object, told: str) -> None:
    assert safe_text(value) == told


def test_a_repr_of_ones_own_cannot_bring_in_characters_that_break_what_it_is_written_to() -> None:
    class Hostile:
        def __repr__(self) -> str:
            return "a\n\x00\ud800\u202eb" + "x" * 1_000_000

    told = safe_text(Hostile())
    assert told.startswith(r"a\n\x00\ud800\u202eb")
    assert len(told) <= 200 and told.isprintable()
    assert json.loads(json.dumps(told).encode().decode()) == told


def test_a_subclass_is_told_by_the_built_in_type_without_code_of_its_own() -> None:
    assert safe_text(Pretends([1, 2])).startswith("Pretends([1, 2")


@pytest.mark.parametrize(
    "value",
    [
        0, -5, 2**64, 1.5, None, True, "", "it's", b"a\x00", (), (1,), (1, 2), [], [1, "a"], {}, {"a": (1, [2])},
        set(), frozenset(), Colour.RED, range(5), 1j, ValueError("x"), int, NotImplemented,
    ],
)  # fmt: skip
def test_a_small_value_is_told_as_python_tells_it(value: object) -> None:
    assert safe_text(value) == repr(value)


def test_keys_that_cannot_be_sorted_keep_their_order() -> None:
    assert safe_text({1: "a", "b": 2, None: 3}) == "{1: 'a', 'b': 2, None: 3}"


def test_a_set_is_the_same_text_in_every_process() -> None:
    code = (
        "from stagedflow.replay.safe_text import safe_text\n"
        "print(safe_text({'pear', 'apple', 'fig', (1, 2), 3}), safe_text(frozenset({10, 9, 1})))"
    )
    told = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
                       env={"PYTHONHASHSEED": str(seed)}).stdout
        for seed in range(3)
    }  # fmt: skip
    assert told == {"{'apple', 'fig', 'pear', (1, 2), 3} frozenset({1, 9, 10})\n"}


def test_names_are_sorted_and_bounded() -> None:
    assert list(safe_names({"b": 1, "a": 2}).items()) == [("a", "2"), ("b", "1")]
    assert len(safe_names({f"n{i:03}": i for i in range(100)})) == 50


def test_names_that_are_no_names_are_made_some() -> None:
    strange: dict[Any, Any] = {"b\n": 1, 5: 2, "x" * 1_000: 3, None: 4}
    told = safe_names(strange)
    assert told == {r"b\n": "1", "5": "2", "x" * 199 + "…": "3", "None": "4"}


async def test_a_task_is_told_by_what_it_runs_and_whether_it_is_done() -> None:
    async def deliver() -> None:
        await asyncio.sleep(0)

    task = asyncio.create_task(deliver())
    named = asyncio.create_task(deliver(), name="activity: charge (workflow: Order, id: o-1, run: r-1)")
    assert safe_text([task, named]) == (
        "[<Task of test_a_task_is_told_by_what_it_runs_and_whether_it_is_done.<locals>.deliver, pending>, "
        "<activity: charge, pending>]"
    )
    named.cancel()
    await asyncio.wait([task, named])
    assert safe_text(task).endswith(", done>")
    assert safe_text(named) == "<activity: charge, cancelled>"
    assert safe_text(asyncio.get_running_loop().create_future()) == "<Future, pending>"
