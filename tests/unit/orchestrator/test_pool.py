"""Tests of pools: names, parts, prompts, prices."""

import asyncio
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import SuiteError, UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.pool import Pool, build_pool, described
from agentrl.orchestrator.self_worker import SelfWorker
from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError
from agentrl.suite.load import load_suite
from agentrl.suite.orchestrator import OrchestratorSpec, PoolSpec
from agentrl.suite.pool_file import pool_spec, read_pool
from agentrl.task import Task
from agentrl.testing.workers import FakeWorker

REQUEST = Request(Task("t1"), (Message("user", "Hello"),), "Hello")


def pool_of(*names: str) -> Pool:
    return Pool([FakeWorker(name, f"{name} says so") for name in names])


def test_workers_have_their_order_and_their_names() -> None:
    pool = pool_of("ann", "bob", "cid")

    assert pool.names() == ("ann", "bob", "cid")
    assert pool.names(anonymous=True) == ("Model 0", "Model 1", "Model 2")
    assert pool["bob"] is pool["Model 1"]
    assert "Model 2" in pool
    assert "Model 3" not in pool
    assert len(pool) == 3


def test_an_unknown_worker_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no worker 'anne' .*did you mean ann\?"):
        pool_of("ann", "bob")["anne"]


@pytest.mark.parametrize("name", ["Model 99", "Model -1", "Model " + "9" * 5000, "Model \u0663"])
def test_a_place_that_is_none_is_no_worker(name: str) -> None:
    assert name not in pool_of("ann", "bob")


def test_two_workers_need_two_names() -> None:
    with pytest.raises(UsageError, match="same name: ann, ann"):
        pool_of("ann", "ann")


def test_a_pool_is_not_empty() -> None:
    with pytest.raises(UsageError, match="at least one worker"):
        Pool([])


@given(st.integers(1, 8), st.data())
def test_a_sub_pool_is_seeded_and_keeps_the_order(size: int, data: st.DataObject) -> None:
    names = [f"w{i}" for i in range(8)]
    pool, seed = pool_of(*names), data.draw(st.integers())

    drawn = pool.sub_pool(size, seed).names()

    assert drawn == pool.sub_pool(size, seed).names()
    assert len(drawn) == size
    assert list(drawn) == [name for name in names if name in drawn]


def test_a_shuffled_sub_pool_comes_in_every_order() -> None:
    pool = pool_of("a", "b", "c")
    drawn = {pool.sub_pool(2, seed, shuffle=True).names() for seed in range(100)}

    assert len(drawn) == 6
    assert pool.sub_pool(2, 7, shuffle=True).names() == pool.sub_pool(2, 7, shuffle=True).names()


def test_every_sub_pool_is_as_likely_as_any_other() -> None:
    pool, draws = pool_of("a", "b", "c", "d", "e"), 4000
    seen = Counter(pool.sub_pool(2, seed).names() for seed in range(draws))

    expected = draws / 10
    chi_squared = sum((seen[pair] - expected) ** 2 / expected for pair in combinations("abcde", 2))

    assert len(seen) == 10
    assert chi_squared < 27.9  # 9 degrees of freedom, p = 0.001


@pytest.mark.parametrize("size", [0, 3, -1])
def test_a_sub_pool_cannot_be_larger_than_the_pool(size: int) -> None:
    with pytest.raises(UsageError, match=f"a sub-pool of {size} is asked for, of a pool of 2"):
        pool_of("a", "b").sub_pool(size, 0)


def test_a_sub_pool_shares_the_workers_and_does_not_close_them() -> None:
    worker = FakeWorker("a")
    pool = Pool([worker])
    part = pool.sub_pool(1, 0)

    asyncio.run(part.close())
    assert part["a"] is pool["a"]
    assert worker.closed == 0

    asyncio.run(pool.close())
    assert worker.closed == 1


def test_a_worker_that_was_not_drawn_can_stand_in_but_is_not_offered() -> None:
    pool = pool_of("a", "b", "c")
    part = pool.sub_pool(1, 0)
    (absent, *_) = [name for name in pool.names() if name not in part.names()]

    assert part[absent] is pool[absent]
    assert absent not in part


def test_every_worker_is_closed_even_if_one_fails_to() -> None:
    class Stubborn(FakeWorker):
        async def close(self) -> None:
            raise RuntimeError("no")

    after = FakeWorker("b")
    with pytest.raises(RuntimeError, match="no"):
        asyncio.run(Pool([Stubborn("a"), after]).close())
    assert after.closed == 1


def test_a_worker_is_described_by_what_is_known() -> None:
    known = Descriptor(0.15, 0.6, latency_s=1.2, context_window=8192, performance={"math": 0.914})
    text = described("ann", known)

    assert text == (
        "ann: 0.15 / 0.6 USD per 1M tokens in / out; about 1.2 s; 8192 tokens of context; math 91%"
    )
    assert described("bob", Descriptor()) == "bob"


def test_an_anonymous_worker_is_not_given_away_by_its_description() -> None:
    known = Descriptor(tags=("math",), description="Ann, the well-known model")
    pool = Pool([FakeWorker("ann", descriptor=known)])

    assert pool.describe(anonymous=True) == "Model 0: math"
    assert pool.describe() == "ann: Ann, the well-known model; math"


def test_a_missing_price_matters_only_where_cost_is_asked_for() -> None:
    pool = Pool([FakeWorker("a"), FakeWorker("b", descriptor=Descriptor(price_in=1.0))])

    assert asyncio.run(pool["b"].answer(REQUEST)).generation.cost_usd == 0.0
    with pytest.raises(UsageError, match=r"the budget needs .* no price for b; give each"):
        pool.require_prices("the budget")


def test_the_conductor_answers_only_where_somebody_is_behind_it() -> None:
    async def plan(request: Request) -> Answer:
        return await FakeWorker("me", "planned").answer(request)

    pool = Pool([SelfWorker("me", Descriptor()), FakeWorker("a")])

    with pytest.raises(WorkerFailedError, match="is the conductor"):
        asyncio.run(pool["me"].answer(REQUEST))
    bound = pool.with_self(plan)
    assert asyncio.run(bound["me"].answer(REQUEST)).text == "planned"
    assert bound["a"] is pool["a"]


INLINE = {
    "workers": {
        "cheap": {
            "kind": "model",
            "model": {"backend": "scripted", "answers": ["5"]},
            "price_in": 1,
            "price_out": 2,
            "tags": ["math"],
        },
        "adder": {"kind": "program", "function": "calculator", "skill": "adding"},
        "me": {"kind": "self"},
    }
}


def test_a_pool_is_built_from_a_suite() -> None:
    pool = build_pool(PoolSpec.model_validate(INLINE))

    assert pool.names() == ("cheap", "adder", "me")
    assert pool["adder"].descriptor.tags == ("adding",)
    answer = asyncio.run(pool["cheap"].answer(REQUEST))
    assert answer.text == "5"
    assert answer.generation.cost_usd == pytest.approx((1 * 1 + 1 * 2) / 1e6)


def test_prices_of_a_models_own_section_are_used_where_the_worker_has_none() -> None:
    model = {
        "backend": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:1/v1",
        "prices": {"input": 2, "output": 8, "cached_input": 1},
        "context_window": 99,
    }
    spec = PoolSpec.model_validate(
        {"workers": {"a": {"kind": "model", "model": model}, "b": {"kind": "self"}}}
    )

    known = build_pool(spec)["a"].descriptor

    assert (known.price_in, known.price_out, known.price_cached) == (2, 8, 1)
    assert known.context_window == 99


def test_a_pool_file_names_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "facts.txt").write_text("The sky is blue.\n\nGrass is green.")
    file = tmp_path / "pool.yaml"
    file.write_text(
        "workers:\n  library:\n    kind: program\n    function: retriever\n"
        "    options: {file: facts.txt, top: 1}\n"
    )

    pool = build_pool(read_pool(file))

    request = Request(Task("t"), (Message("user", "sky"),), "What color is the sky?")
    assert asyncio.run(pool["library"].answer(request)).text == "The sky is blue."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "workers: {a: {kind: self, prise_in: 1}}",
            r"workers\.a\.prise_in: unknown key .*price_in",
        ),
        ("workers: {a: {kind: wizard}}", r"workers\.a: .*'wizard'"),
        ("workers: {a: {kind: self, price_in: -1}}", r"workers\.a\.price_in: .*greater than"),
        ("workers: {}", "workers: "),
        ("- a", "expected a mapping with 'workers'"),
        ("a: [", "no YAML"),
    ],
)
def test_a_pool_file_that_cannot_be_used_says_where(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(text)

    with pytest.raises(SuiteError, match=problem) as caught:
        read_pool(file)
    assert str(file) in str(caught.value)


def test_a_pool_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot read the pool: No such file"):
        read_pool(tmp_path / "none.yaml")


def test_a_fallback_must_be_a_worker_of_the_pool(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"fallback 'cheep' is no worker .*did you mean cheap"):
        OrchestratorSpec.model_validate({"pool": INLINE, "fallback": "cheep"})

    file = tmp_path / "pool.yaml"
    file.write_text("workers: {me: {kind: self}}")
    spec = OrchestratorSpec.model_validate({"pool": str(file), "fallback": "you"})
    with pytest.raises(SuiteError, match="the fallback 'you' is no worker"):
        pool_spec(spec)


def test_a_sub_pool_of_a_suite_fits_its_pool() -> None:
    with pytest.raises(ValueError, match=r"sub_pool\.size is 4, and the pool has 3 workers"):
        OrchestratorSpec.model_validate({"pool": INLINE, "sub_pool": {"size": 4}})


def test_a_mistake_in_a_suites_pool_is_named_with_its_line(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: x\nenv: {id: agentrl/QA-v0}\ntasks: {generate: {count: 1}}\n"
        "agent: {kind: expert}\norchestrator:\n  pool:\n    workers:\n"
        "      a:\n        kind: self\n        guard: {concurency: 1}\n"
    )

    with pytest.raises(SuiteError) as caught:
        load_suite(suite)
    assert str(caught.value) == (
        f"{suite}:10: orchestrator.pool.workers.a.guard.concurency: unknown key "
        "(did you mean concurrency?)"
    )
