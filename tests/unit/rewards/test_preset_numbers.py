"""Presets on small groups, against numbers worked out by hand from the papers' formulas."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agentrl.envs.build import env_class
from agentrl.episode import Episode
from agentrl.rewards.build import build_labelers
from agentrl.rewards.check import check_facts
from agentrl.rewards.compose import annotate_batch, compose
from agentrl.rewards.state import RewardState
from agentrl.rewards.transforms import sigmoid
from tests.unit.rewards.episodes import episode, spec

OK = {"format_ok": 1.0}


def rewards(preset: str, *group: Episode, state: RewardState | None = None) -> list[float]:
    """Return what each episode earns in all, each alone with its group."""
    composed = compose(spec({"preset": preset}), group, state or RewardState())
    return [sum(turns) for turns in composed]


def spending(name: str, usd: float, *, right: bool = True, well: bool = True) -> Episode:
    facts = {"format_ok": float(well), "worker_usd": usd}
    return episode(name, [facts], success=float(right))


def labelled(preset: str, group: Sequence[Episode]) -> list[Episode]:
    (labeler,) = build_labelers(spec({"preset": preset}).labels).values()
    return asyncio.run(labeler.label(group))


@pytest.mark.parametrize(
    ("submitted", "patch", "resolved", "expected"),
    [(0, 1, 0, 0.0), (1, 0, 0, 0.1), (1, 1, 0, 0.3 + 0.03), (1, 1, 1, 1.0 + 0.03)],
    ids=["not handed in", "empty patch", "fails the tests", "passes them"],
)
def test_g_ra(submitted: float, patch: float, resolved: float, expected: float) -> None:
    steps = [{"format_ok": 1.0, "tool_ok": 1.0}, {"format_ok": 1.0, "tool_ok": 0.0}]
    results = {"submitted": submitted, "patch_nonempty": patch, "resolved": resolved}

    assert rewards("g-ra", episode("a", steps, outcome=results)) == pytest.approx([expected])


def test_direct_accumulation_pays_for_steps_that_lead_nowhere() -> None:
    busy = episode("a", [{"format_ok": 1.0, "tool_ok": 1.0}] * 50, submitted=0.0)
    done = episode("b", [{"format_ok": 1.0, "tool_ok": 1.0}], submitted=1.0, patch_nonempty=1.0)

    assert rewards("direct", busy, done) == pytest.approx([1.0, 0.32])
    assert rewards("g-ra", busy, done) == pytest.approx([0.0, 0.32])


def routed(name: str, usd: float, *, right: float = 1.0, form: float = 1.0) -> Episode:
    """Return an episode of Router-v0 that asked one worker and then answered."""
    asked = {"format_ok": 1.0, "worker_usd": 3 * usd, "worker_usd_out": usd}
    return episode(name, [asked, {"format_ok": 1.0}], success=right, format_valid=form)


def test_router_r1() -> None:
    """Costs 0, 4, 16 have the roots 0, 2, 4; of these P5 is 0.2 and P95 is 3.8."""
    group = [routed("cheap", 0.0), routed("middle", 4.0), routed("dear", 16.0)]
    wrong, broken = routed("wrong", 4.0, right=0.0), routed("broken", 0.0, form=0.0)
    _, state = annotate_batch(spec({"preset": "router-r1"}), [group])

    assert rewards("router-r1", *group, wrong, broken, state=state) == pytest.approx(
        [0.4 + 0.6, 0.4 + 0.6 * 0.5, 0.4, 0.0, -1.0]
    )
    assert compose(spec({"preset": "router-r1"}), [broken], state) == [(0.0, -1.0)]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 0.7, 0.8, 0.9])
def test_router_r1_at_the_papers_alphas(alpha: float) -> None:
    """A cost of 1 between the roots 0 and 4: cheapness 1 - (1 - 0.2) / 3.6 = 7 / 9."""
    reward = spec({"preset": "router-r1", "cost": {"cheap": {"alpha": alpha}}})
    group = [routed("a", 0.0), routed("b", 4.0), routed("c", 16.0)]
    _, state = annotate_batch(reward, [group])

    ((_, earned),) = compose(reward, [routed("d", 1.0)], state)

    assert earned == pytest.approx(1 - alpha + alpha * 7 / 9)


def test_router_r1_with_token_f1() -> None:
    """A score of 0.5 at the middle cost: 0.4 * 0.5 + 0.6 * 0.5; a score of 0 earns nothing."""
    terms = {"success": None, "score": 1.0}
    only_if = {"fact": "score", "above": 0, "at_least": None}
    reward = spec({"preset": "router-r1", "terms": terms, "cost": {"cheap": {"only_if": only_if}}})
    group = [
        replace(routed(str(usd), usd), outcome={"score": score, "format_valid": 1.0})
        for usd, score in ((0.0, 1.0), (4.0, 0.5), (16.0, 0.0))
    ]

    (first, half, none), _ = annotate_batch(reward, [group])[0][0], None

    assert (first.reward, half.reward, none.reward) == pytest.approx((1.0, 0.5, 0.0))


def test_the_gated_router_r1() -> None:
    """Form 0.1, answer 1: what is right keeps 0.4 of the 1.1 and earns 0.6 for being cheap."""
    group = [
        spending("cheap", 0.0),
        spending("middle", 4.0),
        spending("dear", 16.0),
        spending("wrong", 0.0, right=False),
        spending("broken", 0.0),
    ]
    forms = [1.0, 1.0, 1.0, 1.0, 0.0]
    group = [
        replace(one, outcome={**one.outcome, "format_valid": form})
        for one, form in zip(group, forms, strict=True)
    ]
    _, state = annotate_batch(spec({"preset": "router-r1-gated"}), [group[:3]])

    assert rewards("router-r1-gated", *group, state=state) == pytest.approx(
        [0.44 + 0.6, 0.44 + 0.3, 0.44, 0.1, 0.0]
    )


@pytest.mark.parametrize(("reads", "right", "expected"), [(0, 0, 0.0), (1, 0, 0.5), (1, 1, 1.0)])
def test_conductor(reads: float, right: float, expected: float) -> None:
    one = episode("a", [{"format_ok": reads}], success=right)

    assert rewards("conductor", one) == [expected]


@pytest.mark.parametrize(
    ("well", "right", "thought", "expected"),
    [(1, 1, 0.7, 2.7), (1, 0, 0.7, 1.0), (0, 1, 0.7, 1.7), (0, 0, 0.7, 0.0)],
)
def test_posterior_grpo(well: float, right: float, thought: float, expected: float) -> None:
    """R_f + R_o + R_o R_t."""
    one = episode("a", [OK, {"format_ok": well}], success=right, thinking=thought)

    assert rewards("posterior-grpo", one) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("right", "expected"), [(1, (0.2, 0.9, 1.0)), (0, (-0.8, -0.1, 0.0))], ids=["right", "wrong"]
)
def test_renorm(right: float, expected: tuple[float, ...]) -> None:
    """r_t = process + outcome - 1 before the last turn, which earns the outcome."""
    one = episode("a", [{"process": 0.2}, {"process": 0.9}, {"process": 0.5}], success=right)

    assert compose(spec({"preset": "renorm"}), [one])[0] == pytest.approx(expected)


def test_verpo() -> None:
    """Rates 1 and 1/2, half a unit apart, are not alike at sigma 0.1: N = 1 + exp(-12.5)."""
    turns = [{"test_a": 1.0, "test_b": 0.0}, {"test_a": 1.0, "test_b": 1.0}]
    density = 1 + math.exp(-(0.5**2) / (2 * 0.1**2)) + 0.001
    a, b = math.exp(-2 * 1.0) / density, math.exp(-2 * 0.5) / density
    share = a / (a + b)

    (earned,) = compose(spec({"preset": "verpo"}), [episode("x", turns, success=1.0)])

    assert earned == pytest.approx((0.5 * share, 0.5 + 0.95**2))


def test_grpo_lambda() -> None:
    """Of five groups only the best pays for length: z = -1 and 1 for its two right answers."""

    def group(task: str, solved: int) -> list[Episode]:
        sizes = [10, 30, 50, 70, 90]
        return [
            episode(f"{task}{n}", task=task, tokens=[size], success=float(n < solved))
            for n, size in enumerate(sizes)
        ]

    groups = [group("a", 2), group("b", 1), group("c", 1), group("d", 0), group("e", 0)]
    (best, other, *_), _ = annotate_batch(spec({"preset": "grpo-lambda"}), groups)

    assert [e.reward for e in best] == pytest.approx(
        [1 - 0.6 * sigmoid(-1), 1 - 0.6 * sigmoid(1), 0, 0, 0]
    )
    assert [e.reward for e in other] == pytest.approx([1, 0, 0, 0, 0])


def test_laser() -> None:
    group = [
        episode("short", tokens=[1024], success=1.0),
        episode("long", tokens=[1025], success=1.0),
        episode("wrong", tokens=[10], success=0.0),
    ]

    assert rewards("laser", *group) == pytest.approx([1.5, 1.0, 0.0])


def test_laser_d_follows_what_each_difficulty_takes() -> None:
    """A group all of whose answers are right is easy: its target becomes the median, 200."""
    easy = [episode(str(n), tokens=[n], success=1.0) for n in (100, 200, 300)]
    (done,), state = annotate_batch(spec({"preset": "laser-d"}), [easy])
    hard = [episode("h", tokens=[900], success=1.0), *(episode(f"w{n}") for n in range(3))]

    assert {e.id: e.reward for e in done} == pytest.approx({"100": 1.5, "200": 1.5, "300": 1.0})
    assert rewards("laser-d", *hard, state=state)[0] == pytest.approx(1.5)


def test_wmact() -> None:
    """R_outcome N_eff / N."""
    turns = [{"grounded": 1.0}, {"grounded": 0.0}, {"grounded": 1.0}, {}]

    assert rewards("wmact", episode("a", turns, success=1.0)) == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("step", "tokens", "expected"),
    [(0, 1024, 1.6), (0, 512, 1.35), (0, 2048, 1.1), (50, 512, 1.6), (100, 256, 1.6)],
)
def test_train_long_think_short(step: int, tokens: int, expected: float) -> None:
    """The budget is 1024, halfway down 512 (the root of the product) and 256 at the end."""
    one = episode("a", [OK], tokens=[tokens], success=1.0)

    assert rewards("train-long-think-short", one, state=RewardState(step=step)) == pytest.approx(
        [expected]
    )


def test_constrained() -> None:
    """2000 tokens are 1 (thousand) above the limit: the multiplier grows by its rate of 0.05."""
    dear = episode("a", tokens=[2000], success=1.0)
    (first,), state = annotate_batch(spec({"preset": "constrained"}), [[dear]])

    assert first[0].reward == pytest.approx(1.0)
    assert state.multipliers == pytest.approx({"tokens": 0.05})
    assert rewards("constrained", dear, state=state) == pytest.approx([1.0 - 0.05 * 1.0])


def test_ensemble() -> None:
    """Mean 0.6, variance (0.04 + 0 + 0.04) / 3."""
    one = episode("a", outcome={"judge-a": 0.4, "judge-b": 0.6, "judge-c": 0.8})

    assert rewards("ensemble", one) == pytest.approx([0.6 - 0.5 * 0.08 / 3])


def test_par_compares_with_each_reference_of_the_task() -> None:
    """The first values of the task, 0 and 2, stay its references."""
    section = {"preset": "par", "terms": {"quality": {"transforms": [
        {"kind": "sigmoid", "reference": "samples", "samples": 2}]}}}  # fmt: skip
    first = [episode("a", quality=0.0), episode("b", quality=2.0)]
    _, state = annotate_batch(spec(section), [first])

    ((reward,),) = compose(spec(section), [episode("c", quality=3.0)], state)

    assert reward == pytest.approx((sigmoid(3.0) + sigmoid(1.0)) / 2)


def test_heron_ranks_by_success_then_score_then_tokens() -> None:
    group = [
        episode("solved", tokens=[90], success=1.0, score=1.0),
        episode("near", tokens=[90], success=0.0, score=0.8),
        episode("as near and brief", tokens=[10], success=0.0, score=0.75),
        episode("far", tokens=[1], success=0.0, score=0.1),
    ]

    assert rewards("heron", *labelled("heron", group)) == pytest.approx([1, 1 / 3, 2 / 3, 0])


def test_arenarl_gives_the_winner_one_and_the_places_their_ranks() -> None:
    """Losers of one round with as many points share the mean of their ranks."""
    group = [episode(str(n), success=0.0, score=n / 8) for n in range(8)]
    earned = rewards("arenarl", *labelled("arenarl", group))

    assert earned[7] == 1.0
    assert sum(earned) == pytest.approx(sum(n / 7 for n in range(8)))
    assert max(earned[:7]) < 1.0


@pytest.mark.parametrize("preset", ["router-r1", "grpo-lambda", "laser-d", "verpo", "par", "g-ra"])
def test_a_group_of_one_and_one_of_equals_divide_by_nothing(preset: str) -> None:
    lone = episode("a", [{**OK, "test_a": 1.0}], tokens=[5], success=1.0, quality=1.0)
    same = [replace(lone, id=name) for name in "abc"]

    assert all(map(math.isfinite, rewards(preset, lone)))
    assert len({round(r, 12) for r in rewards(preset, *same)}) == 1


def test_router_r1_on_an_environment_that_judges_turn_by_turn() -> None:
    gates = {"format": {"when": {"fact": "format_ok", "reduce": "min"}}}
    reward = spec({"preset": "router-r1", "gates": gates})
    one = episode("a", [{"format_ok": 0.0}, {"format_ok": 1.0}], success=1.0)

    assert compose(reward, [one]) == [(0.0, -1.0)]


@pytest.mark.parametrize(
    ("preset", "env_id"),
    [
        ("g-ra", "agentrl/SWE-v0"),
        ("direct", "agentrl/SWE-v0"),
        ("verpo", "agentrl/Code-v0"),
        ("mle-instrumented", "agentrl/Code-v0"),
        ("ssl", "agentrl/Code-v0"),
        ("toolrl", "agentrl/QA-v0"),
        ("star-r1", "agentrl/QA-v0"),
        ("spa", "agentrl/TextWorld-v0"),
        ("vsrm", "agentrl/Maze-v0"),
        ("carl", "agentrl/Sokoban-v0"),
        ("wmact", "agentrl/Maze-v0"),
        ("laser-d", "agentrl/QA-v0"),
        ("router-r1", "agentrl/Router-v0"),
        ("router-r1-gated", "agentrl/Router-v0"),
        ("conductor", "agentrl/Conductor-v0"),
        ("constrained", "agentrl/Gym-v0"),
        ("train-long-think-short", "agentrl/QA-v0"),
        ("outcome", "agentrl/Choice-v0"),
    ],
)
def test_an_environment_states_what_a_preset_asks_for(preset: str, env_id: str) -> None:
    check_facts(spec({"preset": preset}), env_class(env_id).stated(), env_id)
