"""Values as bounded, deterministic text."""

import array
import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import gc
import json
import pathlib
import reprlib
import subprocess
import sys
import sysconfig
import time
import tracemalloc
import uuid
import weakref
from collections.abc import Callable, Iterator, KeysView, Mapping
from types import MappingProxyType, SimpleNamespace, new_class
from typing import Any, NamedTuple

import pytest

from stagedflow.replay.values.safe_text import HIDDEN, attributes_of, safe_names, safe_text, without_secrets

ran: list[str] = []
"""Which code of the learner's was run."""


def marking(name: str, answer: Any = None) -> Any:
    """A method that tells that it was called."""

    def method(self: object, *_: object) -> Any:
        ran.append(name)
        return answer

    return method


class Meta(type):
    """Python asks this, if it asks the class in the usual way."""

    def __getattribute__(cls, name: str) -> Any:
        ran.append(f"{name} of the class")
        return super().__getattribute__(name)

    __hash__ = marking("hash of the class", 1)
    __eq__ = marking("eq of the class", False)
    __instancecheck__ = marking("instancecheck of the class", False)
    __subclasscheck__ = marking("subclasscheck of the class", False)
    __repr__ = marking("repr of the class", "mine")


class Asked:
    """A learner's object that tells whenever its code is run."""

    def __getattribute__(self, name: str) -> Any:
        ran.append(f"attribute {name}")
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        ran.append(f"missing attribute {name}")
        raise AttributeError(name)

    __class__ = property(marking("class", list))  # type: ignore[assignment]
    __name__ = property(marking("name", "mine"))
    amount_twice = property(marking("property", 10))
    data = property(marking("data", [1]))


ANSWERS: dict[str, Any] = {
    "__repr__": "mine", "__str__": "mine", "__format__": "mine", "__len__": 3, "__bool__": True, "__hash__": 1,
    "__eq__": False, "__lt__": False, "__iter__": iter(()), "__contains__": False, "__getitem__": 1, "__index__": 1,
    "__int__": 1, "__float__": 1.0, "__dir__": [], "__length_hint__": 1, "__reversed__": iter(()), "keys": (),
    "items": (), "values": (), "utcoffset": None, "tzname": None, "dst": None, "done": True, "cancelled": True,
    "get_name": "mine", "as_posix": "mine",
}  # fmt: skip
for _name, _answer in ANSWERS.items():
    setattr(Asked, _name, marking(_name, _answer))


def asked(name: str, *bases: type) -> Any:
    return new_class(name, (Asked, *bases), {"metaclass": Meta})


AList, ADict, ASet, ATuple = (asked(f"A{kind.__name__}", kind) for kind in (list, dict, set, tuple))
AnInt, AFloat, AString, ABytes = (asked(f"A{kind.__name__}", kind) for kind in (int, float, str, bytes))
AnError, APath, AZone = (
    asked("AnError", Exception),
    asked("APath", pathlib.PurePosixPath),
    asked("AZone", datetime.tzinfo),
)
ADeque, ACounter, AFuture = (
    asked("ADeque", collections.deque),
    asked("ACounter", collections.Counter),
    asked("AFuture", asyncio.Future),
)


class Thing(Asked, metaclass=Meta):
    def __init__(self) -> None:
        object.__setattr__(self, "amount", 5)


class Slotted(Asked):
    __slots__ = ("amount", "unset")

    def __init__(self) -> None:
        object.__setattr__(self, "amount", 5)


@dataclasses.dataclass(repr=False)
class Data(Asked):
    amount: int
    note: str = dataclasses.field(default="", repr=False)


class Pair(NamedTuple):
    amount: int

    __repr__ = marking("repr of a named tuple", "mine")


class Kind(enum.Enum):
    THING = Thing()

    __repr__ = marking("repr of a member", "mine")


class AUserList(collections.UserList[Any]):
    __repr__ = marking("repr of a UserList", "mine")


class AMapping(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return len(ran.append("getitem") or key)

    def __init__(self) -> None:
        self.amount = 5

    __len__ = marking("len", 1)
    __repr__ = marking("repr of a mapping", "mine")

    def __iter__(self) -> Iterator[str]:
        ran.append("iter")
        return iter(("a",))


class Decorated:
    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        ran.append("decorated repr")
        return "mine"


class Descriptor:
    __get__ = marking("get of a descriptor", lambda: "mine")


class Described:
    __repr__: Any = Descriptor()


class Acts:
    __repr__ = marking("repr of a method's object", "mine")

    def act(self) -> None: ...


def a_queue(thing: object) -> "asyncio.Queue[Any]":
    queue: asyncio.Queue[Any] = asyncio.Queue()
    queue.put_nowait(thing)
    return queue


def with_a_dict_of_its_own() -> Any:
    thing = Thing()
    object.__setattr__(thing, "__dict__", ADict({"amount": 5}))
    return thing


THING, T = Thing(), "Thing(amount=5)"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Thing, T),
        (Slotted, "Slotted(amount=5)"),
        (with_a_dict_of_its_own, T),
        (lambda: Data(5), "Data(amount=5)"),
        (lambda: Pair(5), "Pair(amount=5)"),
        (lambda: Kind.THING, f"<Kind.THING: {T}>"),
        (Decorated, "Decorated()"),
        (Described, "Described()"),
        (AMapping, "AMapping(amount=5)"),
        (lambda: AList([1, THING]), f"Alist([1, {T}])"),
        (lambda: ADict({"a": THING}), f"Adict({{'a': {T}}})"),
        (lambda: {THING: {THING}}, f"{{{T}: {{{T}}}}}"),
        (lambda: ASet({1, 2}), "Aset({1, 2})"),
        (lambda: ATuple((1, 2)), "Atuple([1, 2])"),
        (lambda: ADeque([1]), "ADeque([1])"),
        (lambda: ACounter(), "ACounter({})"),
        (lambda: (AnInt(5), AFloat(0.5)), "(5, 0.5)"),
        (lambda: [AString("abc"), ABytes(b"abc")], "[Astr(), Abytes()]"),
        (lambda: AnError(5, THING), f"AnError(5, {T})"),
        (lambda: AFuture(loop=asyncio.new_event_loop()), "<AFuture, pending>"),
        (lambda: AUserList([THING]), f"AUserList([{T}])"),
        (lambda: collections.UserDict(a=THING), f"UserDict({{'a': {T}}})"),
        (lambda: KeyError(THING), f"KeyError({T})"),
        (lambda: a_queue(THING), f"<Queue of deque([{T}]), 1 unfinished>"),
        (lambda: MappingProxyType({"a": THING}), f"mappingproxy({{'a': {T}}})"),
        (lambda: MappingProxyType(AMapping()), "mappingproxy(AMapping(amount=5))"),
        (lambda: {"a": THING}.values(), f"dict_values([{T}])"),
        (lambda: KeysView(AMapping()), "KeysView(_mapping=AMapping(amount=5))"),
        (lambda: functools.partial(int, THING), f"partial(func=<class 'int'>, args=({T},), keywords={{}})"),
        (lambda: slice(THING), f"slice(start=None, stop={T}, step=None)"),
        (lambda: collections.ChainMap({"a": THING}), f"ChainMap(maps=[{{'a': {T}}}])"),
        (lambda: datetime.datetime(2026, 1, 1, tzinfo=AZone()), "datetime.datetime(2026, 1, 1, 0, 0, tzinfo=AZone())"),
        (lambda: Acts().act, "<bound method Acts.act of Acts>"),
        (lambda: weakref.ref(THING), "<ReferenceType>"),
        (lambda: [Thing], f"[<class '{__name__}.Thing'>]"),
    ],
)  # fmt: skip
def test_no_code_of_the_learners_is_run(make: Callable[[], object], told: str) -> None:
    value = make()
    ran.clear()
    assert (safe_text(value), ran) == (told, [])
    attributes_of(value)
    assert (safe_names({"value": value}), ran) == ({"value": told}, [])


def test_code_of_the_learners_that_a_librarys_own_repr_calls_is_not_run() -> None:
    path = APath("/a")
    ran.clear()
    assert safe_text(path).startswith("APath(")
    assert safe_text(decimal.Context(prec=3)).startswith("Context(prec=3")
    assert ran == []


def test_a_trace_hook_is_in_its_place_again_after_a_librarys_repr() -> None:
    def hook(*_: object) -> None: ...

    before = sys.gettrace()
    try:
        sys.settrace(hook)
        safe_text([functools.partial(int, THING), asyncio.Lock()])
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is hook


@pytest.mark.parametrize(
    "value",
    [
        uuid.UUID(int=5), pathlib.PurePosixPath("/a"), decimal.Decimal("1.5"), datetime.timedelta(1),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.date(2026, 1, 1), functools.partial(int, "5"),
    ],
)  # fmt: skip
def test_what_a_library_tells_of_its_own_is_told(value: object) -> None:
    assert safe_text(value) == repr(value)


def in_a_library(source: str) -> Any:
    """A class named `Made` of a module that lies among Python's own."""
    names: dict[str, Any] = {}
    exec(compile(source, f"{sysconfig.get_paths()['stdlib']}/made.py", "exec"), names)
    return names["Made"]


@pytest.mark.parametrize("error", ["ValueError", "RecursionError", "GeneratorExit", "BaseException"])
def test_a_librarys_repr_that_fails_is_told_by_its_attributes_and_not_raised(error: str) -> None:
    value = in_a_library(f"class Made:\n    def __repr__(self): raise {error}")()
    value.amount = 5
    assert safe_text([1, value]) == "[1, Made(amount=5)]"


def test_the_sdks_interrupt_of_a_workflow_task_is_never_swallowed() -> None:
    made = in_a_library(
        "class _InterruptDeadlockError(BaseException): pass\n"
        "class Made:\n    def __repr__(self): raise _InterruptDeadlockError"
    )
    for held in (made(), [made()], {made()}, {"a": collections.UserList([made()])}):
        with pytest.raises(BaseException) as raised:
            safe_names({"value": held})
        assert type(raised.value).__name__ == "_InterruptDeadlockError"


class NeverMade(collections.UserList[int]):
    def __init__(self) -> None: ...


class HasNoLength(list[int]):
    def __len__(self) -> int:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (NeverMade(), "NeverMade()"),
        (HasNoLength([1]), "HasNoLength([1])"),
        (uuid.UUID.__new__(uuid.UUID), "UUID()"),
        (asyncio.Queue.__new__(asyncio.Queue), "Queue()"),
    ],
)
def test_an_object_that_was_never_made_whole_is_told_by_what_it_has(value: object, told: str) -> None:
    assert safe_text([value]) == f"[{told}]"
    assert safe_names({"a": value, "b": 1}) == {"a": told, "b": "1"}


def test_a_value_is_told_even_where_python_has_no_stack_left() -> None:
    def deeper(told: list[str]) -> None:
        told.append(safe_text([[uuid.UUID(int=5)]]))
        deeper(told)

    told: list[str] = []
    gc.collect()
    gc.disable()  # what other tests have left has no stack to be finalized on either
    try:
        with pytest.raises(RecursionError):
            deeper(told)
    finally:
        gc.enable()
    assert told[0] == "[[UUID('00000000-0000-0000-0000-000000000005')]]"


def test_sets_within_sets_end() -> None:
    value: frozenset[Any] = frozenset(range(30))
    for _ in range(4):
        value = frozenset({frozenset({value, n}) for n in range(30)})
    began = time.thread_time()
    assert len(safe_text(value)) <= 200
    assert time.thread_time() - began < 2  # of this thread's own; all of it would take many times as long


class Base:
    __slots__ = ("__mine", "first")

    def __init__(self) -> None:
        self.__mine = 1
        self.first = 2


class Derived(Base):
    def __init__(self) -> None:
        super().__init__()
        self.last = 3
        self.__dict__[4] = "odd"  # type: ignore[index]


def test_attributes_are_those_in_slots_and_in_the_dict() -> None:
    assert attributes_of(Derived()) == {"_Base__mine": 1, "first": 2, "last": 3, "4": "odd"}
    assert attributes_of(Slotted()) == attributes_of(Thing()) == {"amount": 5}
    assert attributes_of(5) == attributes_of(object()) == attributes_of(Base.__new__(Base)) == {}


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


OWN = in_a_library("""
class Made:
    def __repr__(self):
        return "Own(user='ada', auth_token='a b', token=None, cookies=['c3po', 'r2d2'], x=1)"
""")()


class Holds:
    def __init__(self, password: str) -> None:
        self.user, self.password = "ada", password

    def __repr__(self) -> str:
        return f"Holds({self.password})"


class Colour(enum.Enum):
    RED = 1


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
    tracemalloc.start()
    try:
        told = safe_text(value)
        assert tracemalloc.get_traced_memory()[1] < 100_000  # bytes at the peak; `repr` takes megabytes
    finally:
        tracemalloc.stop()
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
        (OWN, f"Own(user='ada', auth_token={HIDDEN}, token=None, cookies={HIDDEN}"),
        (ValueError("x", "password='hunter2'"), f"ValueError('x', \"password={HIDDEN}"),
        ({b"password": "hunter2"}, f"{{b'password': {HIDDEN}}}"),
        ({("ada", "password"): "hunter2"}, f"{{('ada', 'password'): {HIDDEN}}}"),
        (Holds("hunter2"), f"Holds(user='ada', password={HIDDEN})"),
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


def test_an_attribute_of_ones_own_cannot_bring_in_characters_that_break_what_it_is_written_to() -> None:
    class Hostile:
        __repr__ = marking("repr", "mine")

    hostile = Hostile()
    vars(hostile).update({"a\n\x00\ud800\u202eb": 1, "long" * 1_000_000: 2})
    told = safe_text(hostile)
    assert told.startswith(r"Hostile(a\n\x00\ud800\u202eb=1, longlong")
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
        "from stagedflow.replay.values.safe_text import safe_text\n"
        "print(safe_text({'pear', 'apple', 'fig', (1, 2), 3}), safe_text(frozenset({10, 9, 1})))"
    )
    told = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300,
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"api_keys":["AAA111","BBB222"]}', f'{{"api_keys":{HIDDEN}}}'),
        ('{"credentials":{"user":"bob","pin":"hunter2"},"n":1}', f'{{"credentials":{HIDDEN},"n":1}}'),
        ('[{"Password": 1234, "n": [1, 2]}]', f'[{{"Password":{HIDDEN},"n":[1,2]}}]'),
        ('{"pass\\u0077ord":"hunter2"}', f'{{"password":{HIDDEN}}}'),
        (r'"{\"token\":[\"hunter2\"]}"', rf'"{{\"token\":{HIDDEN}}}"'),
        ('"Authorization: Bearer hunter2, hunter2"', f'"Authorization:{HIDDEN}"'),
        ('{"password":"hunter2","name":"Zo\u00eb"}', f'{{"password":{HIDDEN},"name":"Zo\u00eb"}}'),
        ('{"password":"hunter2","name":"Zo\\u00eb"}', f'{{"password":{HIDDEN},"name":"Zo\\u00eb"}}'),
        ('{"n":1,"api_keys":["AAA111","BB', f'{{"n":1,"api_key{HIDDEN}'),
        ('{"n":1,"pass\\u0077ord":"hunt', f'{{"n":1,"password{HIDDEN}'),
        ("password hunter2", f"password{HIDDEN}"),
        ('{"tokens":' + "[" * 40_000 + '"hunter2"' + "]" * 40_000 + "}", f'{{"token{HIDDEN}'),
        (json.dumps({"n": 1, "secrets": ["hunter2"] * 20_000}), f'{{"n": 1, "secret{HIDDEN}'),
    ],
)
def test_of_a_payload_the_whole_value_under_a_name_that_looks_secret_is_hidden(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.50, "b":  [1 ,2]}', '"a token bucket"', '{"has_password": true, "token": null}', "not JSON", "",
        '{"a": "\\u0041\\ud800", "secrecy": 1e400}', '{"text":"a cookie and a secret"}',
    ],
)  # fmt: skip
def test_a_payload_without_a_secret_is_shown_exactly_as_it_came(text: str) -> None:
    assert without_secrets(text) == text
