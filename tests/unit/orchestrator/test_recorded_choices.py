"""Tests of the benchmarks of recorded answers: tables that are played, and RouteLLM's protocol."""

import random
from pathlib import Path

import numpy as np
import pytest

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import scratch_policy
from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env
from agentrl.orchestrator.replay.baselines import Result
from agentrl.orchestrator.replay.table import Table, read_table
from agentrl.orchestrator.replay.zeroeval import read_zeroeval
from agentrl.orchestrator.standing import CHOICE_FACTS
from agentrl.suite.agent import EnvSpec
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task
from benchmarks.routellm import quality
from benchmarks.zeroeval_conductor import Outcome, halves, matched, played_by_env
from benchmarks.zeroeval_plot import Panel, draw
from benchmarks.zeroeval_policy import NEVER, Game, Lattice, Settings, train
from tests.unit.orchestrator.recordings import MODELS, write_zeroeval


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zeroeval(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def table(folder: Path) -> Table:
    return read_table(read_zeroeval(folder, ["sums"]), MODELS, "exact")


def choice_env(folder: Path, skills: list[float], asks: int) -> TextEnv:
    known = {"kind": "replay", "format": "zeroeval", "says": "graded", "answer_tokens": 120}
    each = zip(MODELS, skills, strict=True)
    workers = {model: {**known, "performance": {"sums": skill}} for model, skill in each}
    inner = {"id": "agentrl.orchestrator.replay.env:Recorded-v0"}
    options = {"env": inner, "asks": asks, "compare": "exact"}
    pool = {"recordings": str(folder), "workers": workers}
    return build_env(
        EnvSpec(id="agentrl/Choice-v0", options=options),
        SandboxSpec(),
        OrchestratorSpec.model_validate({"pool": pool, "cache": False}),
    )


def test_a_table_tells_the_same_facts_as_the_environment(folder: Path, table: Table) -> None:
    """Along episodes that are played by chance, every row of every decision."""
    skills, asks = [0.9, 0.7, 0.6, 0.4], 3
    env = choice_env(folder, skills, asks)
    game = Game(table, np.array(skills), asks, np.full(4, 120.0))
    chance = random.Random(0)
    for row, item in enumerate(table.items[:12]):
        data = {"question": item.question, "answer": item.answer, "item": item.id}
        env.reset(seed=0, options={"task": Task(item.id, group="sums", data=data)})
        order, spent = np.full((1, 4), NEVER), np.zeros(1)
        for turn in range(asks + 1):
            rows, legal, _ = game.facts(np.array([row]), order, spent)
            choices = env.choices()
            assert choices is not None
            told = dict(zip(choices.actions, choices.facts, strict=True))
            named = [f"ask Model {model}" for model in range(4)] + ["vote"]
            named += [f"take Model {model}" for model in range(4)]
            there = [name for name, may in zip(named, legal[0], strict=True) if may]
            assert sorted(there) == sorted(told)
            expected = [told[name] for name in there]
            np.testing.assert_allclose(rows[0][legal[0]], expected, atol=1e-5)
            asking = [a for a in choices.actions if a.startswith("ask")]
            if not asking:
                break
            action = chance.choice(asking)
            model = int(action.rpartition(" ")[2])
            env.step(action)
            order[0, model], spent[0] = turn, spent[0] + table.usd[row, model]


def test_a_policy_comes_to_the_same_looked_up_and_played(folder: Path, table: Table) -> None:
    policy = scratch_policy(Layout(CHOICE_FACTS), 8, seed=3)
    weights = policy.flat
    weights[-8:] = np.random.default_rng(0).normal(size=8)
    policy = policy.with_flat(weights, 1)
    half = halves(table, 0)

    played = Game(half.held_out, half.skills, 3, half.lengths).play(policy)

    right, usd = played_by_env(str(folder), "zeroeval", half, half.held_out, policy, 3)
    assert right == pytest.approx(100 * played.right.mean())
    assert usd == pytest.approx(played.usd.mean())


def test_halves_share_no_item(table: Table) -> None:
    half = halves(table, 1)
    training = {item.id for item in half.training.items}
    held_out = {item.id for item in half.held_out.items}

    assert not training & held_out
    assert len(training | held_out) == len(table)


def test_dear_money_is_spared_and_cheap_money_spent(table: Table) -> None:
    game = Game(table, table.correct.mean(0), 2)
    settings = Settings(first=40, steps=40, tasks=20, hidden=8)

    lavish, thrifty = train(Lattice(game), [0.001, 20.0], 0, settings)

    assert game.play(thrifty).usd.mean() < 0.5 * game.play(lavish).usd.mean()
    assert game.play(lavish).right.mean() >= table.correct.mean(0).max() - 0.05


def test_a_fixed_policy_is_matched_by_a_point_as_good_that_costs_no_more() -> None:
    curve = [Result("learned", 79.8, 1.0)]

    assert matched(Result("as good, within noise", 80.0, 1.0), curve)
    assert not matched(Result("better", 80.2, 1.0), curve)
    assert not matched(Result("cheaper", 79.8, 0.9), curve)


def test_a_coin_reaches_what_lies_between_two_points() -> None:
    points = (Result("thrifty", 60.0, 1.0), Result("lavish", 80.0, 3.0))
    fixed = Result("fixed", 69.0, 2.0)
    outcome = Outcome(points, (fixed,), Result("oracle", 99.0, 0.1))

    assert not outcome.wins(outcome.curve)
    assert outcome.gain(outcome.line) == pytest.approx(1.0)
    assert outcome.wins(outcome.line)


def test_a_plot_has_a_panel_for_each_task_and_names_what_it_shows() -> None:
    curve = [Result("alpha 1", 50.0, 0.1), Result("alpha 0.1", 70.0, 1.0)]
    panel = Panel("sums & more", curve, [Result("big", 65.0, 2.0)], Result("oracle", 90.0, 0.2))

    svg = draw([panel, panel])

    assert svg.count("sums &amp; more") == 2
    assert "big: 65.00 / 2.000" in svg


def test_a_router_that_knows_who_gains_goes_half_the_way_at_once() -> None:
    """Of 100 prompts the strong model gains on 20: the best router needs a fifth for all of it."""
    weak, strong = np.zeros(100, bool), np.zeros(100, bool)
    weak[50:] = strong[50:] = True
    strong[:20] = True
    scores = np.linspace(1.0, 0.0, 100)

    found = quality(scores, strong, weak)

    assert found.cpt50 == pytest.approx(10.0)
    assert found.cpt80 == pytest.approx(16.0)
    # The way is gone after 20% of the calls: the mean over all shares is 0.1 + 0.8.
    assert found.apgr == pytest.approx(0.9)


def test_a_router_without_a_clue_goes_the_way_in_step() -> None:
    chance = np.random.default_rng(0)
    weak, strong = chance.random(20_000) < 0.5, chance.random(20_000) < 0.9

    found = quality(chance.random(20_000), strong, weak)

    assert found.cpt50 == pytest.approx(50.0, abs=3)
    assert found.apgr == pytest.approx(0.5, abs=0.02)
