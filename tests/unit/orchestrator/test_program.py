"""Tests of programs as workers, and of those that come with agentrl."""

import asyncio
import math
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Usage
from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.guard import Guarded
from agentrl.orchestrator.program import Program, ProgramWorker, Reply, load_program
from agentrl.orchestrator.programs.calculator import (
    NoArithmeticError,
    calculator,
    expressions,
    shown,
    value,
)
from agentrl.orchestrator.programs.python import program_of
from agentrl.orchestrator.programs.retriever import Index
from agentrl.orchestrator.worker import Descriptor, Request, Seen, WorkerFailedError
from agentrl.suite.worker import GuardSpec
from agentrl.task import Task


def request(instruction: str, *seen: str) -> Request:
    sees = tuple(Seen(f"n{i}", "work", text) for i, text in enumerate(seen))
    return Request(Task("t"), (Message("user", instruction),), instruction, "me", 0, sees)


def reversing(asked: Request) -> str:
    """A function as a user writes one."""
    return asked.instruction[::-1]


def shouting(mark: str = "!") -> Callable[[Request], str]:
    """A function that makes one."""
    return lambda asked: asked.instruction.upper() + mark


def said(program: Program, asked: Request) -> str:
    return asyncio.run(ProgramWorker("p", program).answer(asked)).text


def test_a_function_answers_and_its_characters_are_counted() -> None:
    worker = ProgramWorker("p", reversing, Descriptor(4.0, 8.0))

    answer = asyncio.run(worker.answer(request("desserts")))

    assert answer.text == "stressed"
    assert answer.generation.usage == Usage(2, 2)
    assert answer.generation.cost_usd == pytest.approx((2 * 4 + 2 * 8) / 1e6)


def test_a_coroutine_function_answers_on_the_loop() -> None:
    async def here(asked: Request) -> str:
        return threading.current_thread().name

    assert said(here, request("x")) == threading.current_thread().name


def test_a_plain_function_has_a_thread_of_its_own() -> None:
    assert said(lambda _: threading.current_thread().name, request("x")) == "agentrl-p"


def test_a_program_may_count_for_itself() -> None:
    worker = ProgramWorker("p", lambda _: Reply("x", Usage(700, 30)), Descriptor(1.0, 1.0))

    assert asyncio.run(worker.answer(request("x"))).generation.cost_usd == pytest.approx(730 / 1e6)


@pytest.mark.parametrize("error", [ValueError("odd"), StopIteration("odd"), KeyError("odd")])
def test_what_a_function_raises_is_a_failure_of_the_worker(error: Exception) -> None:
    def fails(asked: Request) -> str:
        raise error

    with pytest.raises(WorkerFailedError, match="odd"):
        asyncio.run(Guarded(ProgramWorker("p", fails)).answer(request("x")))


def test_functions_that_hang_do_not_use_up_the_threads_of_others() -> None:
    release = threading.Event()
    hanging = Guarded(
        ProgramWorker("p", lambda _: str(release.wait(30))),
        GuardSpec(timeout_s=0.05, concurrency=80, break_after=100),
    )

    async def many_hang_and_one_works() -> str:
        hung = await asyncio.gather(
            *(hanging.answer(request("x")) for _ in range(64)), return_exceptions=True
        )
        assert all(isinstance(one, WorkerFailedError) for one in hung)
        return (await ProgramWorker("q", reversing).answer(request("ko"))).text

    try:
        assert asyncio.run(many_hang_and_one_works()) == "ok"
    finally:
        release.set()


def test_a_users_function_is_loaded_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_workers_for_a_test.py").write_text(
        "def one(request): return 'one'\ndef maker(word): return lambda request: word\n"
    )
    monkeypatch.chdir(tmp_path)

    assert said(load_program("my_workers_for_a_test:one", None), request("x")) == "one"
    made = load_program("my_workers_for_a_test:maker", {"word": "two"})
    assert said(made, request("x")) == "two"


@pytest.mark.parametrize(
    ("function", "options", "problem"),
    [
        ("calculater", None, r"no function 'calculater' \(did you mean calculator\?\)"),
        ("no_such_module:f", None, "cannot be imported"),
        ("math:sqr", None, r"'math' has no 'sqr' \(did you mean sqrt\?\)"),
        ("math:pi", None, "expected a function of a request"),
        ("retriever", {"flie": "x"}, "options: .*; it takes: file, top"),
        ("retriever", {"file": "/nowhere"}, "/nowhere: cannot be read"),
    ],
)
def test_a_function_that_cannot_be_used_says_why(
    function: str, options: dict[str, Any] | None, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        load_program(function, options)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Compute 17 * (3 + 4).", "119"),
        ("What is 1,234 + 1?", "1235"),
        ("6 \N{MULTIPLICATION SIGN} 7 =", "42"),
        ("First 1 + 1, then 2^10", "1024"),
        ("(5 - 3) / 4", "0.5"),
        ("sqrt(16) + max(1, 2)", "6"),
        ("-3 + 10", "7"),
        ("0.1 + 0.2", "0.3"),
    ],
)
def test_a_calculator_works_out_what_stands_in_its_instruction(text: str, result: str) -> None:
    assert said(calculator(), request(text)) == result


def test_a_calculator_looks_at_what_it_sees_where_its_instruction_holds_nothing() -> None:
    assert said(calculator(), request("Work it out.", "2 + 2", "so it is 3 * 5")) == "15"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Add the numbers.", "no arithmetic"),
        ("1 / 0", "division by zero"),
        ("9**9**9", "larger than"),
        ("2**0.5**-999999", "no value|not finite"),
        ("(1 + ", "no arithmetic"),
        ("1e308 * 10", "not finite"),
    ],
)
def test_a_calculator_says_what_it_cannot_do(text: str, problem: str) -> None:
    answer = said(calculator(), request(text))

    assert answer.startswith("Not calculated: ")
    assert re.search(problem, answer)


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('true')",
        "().__class__",
        "[1] * 10**9",
        "'a' * 9",
        "lambda: 1",
        "True + 1",
        "round(1, ndigits=2)",
        "f(1)",
        "(-8) ** 0.5",
        "1" + " + 1" * 3000,
    ],
)
def test_code_is_no_arithmetic(code: str) -> None:
    with pytest.raises(NoArithmeticError):
        value(code)


@given(st.integers(-999, 999), st.sampled_from("+-*"), st.integers(0, 999), st.integers(1, 99))
def test_a_calculator_agrees_with_python(a: int, sign: str, b: int, c: int) -> None:
    text = f"({a} {sign} {b}) / {c}"

    assert float(shown(value(text))) == pytest.approx(eval(text), rel=1e-10)
    assert expressions(f"Please compute {text} now") == [text]


@given(st.text("0123456789+-*/%(). ,e^", max_size=40))
def test_a_calculator_always_comes_to_an_end(text: str) -> None:
    answer = said(calculator(), request(text + " 1 + 1"))

    assert answer.startswith("Not calculated: ") or math.isfinite(float(answer))


def test_the_last_program_is_run_and_the_instructions_goes_first() -> None:
    seen = "```python\nprint('seen')\n```"

    assert program_of(request("Run it.", seen)) == "print('seen')\n"
    assert program_of(request("```py\nprint(1)\n```", seen)) == "print(1)\n"
    assert program_of(request("Nothing here.")) is None


def test_rare_words_decide_what_is_retrieved() -> None:
    index = Index(["the cat sat", "the dog sat", "the zebra sat on the cat", "nothing"])

    assert index.search("the zebra", 2)[0] == "the zebra sat on the cat"
    assert index.search("dog", 5) == ["the dog sat"]
    assert index.search("unheard-of", 5) == []


def test_retrieval_scores_by_okapi_bm25() -> None:
    index = Index(["a b", "a a c d"])
    # Of 2 passages with 3 words on average both hold "a": rarity log(1 + 0.5 / 2.5).
    rarity = math.log(1.2)

    assert index.score({"a"}, 0) == pytest.approx(rarity * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2 / 3)))
    assert index.score({"a"}, 1) == pytest.approx(
        rarity * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 4 / 3))
    )


def test_a_retriever_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n\n ")

    with pytest.raises(UsageError, match="holds no passage"):
        load_program("retriever", {"file": str(tmp_path / "empty.txt")})
    with pytest.raises(UsageError, match="top is 0"):
        load_program("retriever", {"file": str(tmp_path / "empty.txt"), "top": 0})
