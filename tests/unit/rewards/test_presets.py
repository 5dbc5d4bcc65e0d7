"""Rewards by the name of their paper."""

from itertools import pairwise

import pytest
import yaml

from agentrl.rewards.check import asked_facts
from agentrl.rewards.compose import annotate, compose
from agentrl.rewards.transforms import sigmoid
from agentrl.suite.reward.presets import preset_names, preset_yaml
from agentrl.suite.reward.spec import RewardSpec
from tests.unit.rewards.episodes import episode, spec

WANTED = [
    "g-ra",
    "spa",
    "router-r1",
    "conductor",
    "posterior-grpo",
    "verpo",
    "renorm",
    "carl",
    "par",
    "clip-delta",
    "grpo-lambda",
    "laser",
    "wmact",
    "toolrl",
    "arenarl",
    "ssl",
    "star-r1",
    "mle-instrumented",
]


def test_every_paper_that_is_asked_for_has_a_preset() -> None:
    assert set(WANTED) <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_plain_yaml_with_its_paper_in_its_head(name: str) -> None:
    text = preset_yaml(name)
    assert text.startswith("# ")
    assert RewardSpec.model_validate(yaml.safe_load(text)) == spec({"preset": name})
    assert list(asked_facts(spec({"preset": name})))


def test_what_stands_beside_a_preset_is_laid_over_it() -> None:
    merged = spec(
        {
            "preset": "g-ra",
            "terms": {"tool_ok": 0.2, "format_ok": None},
            "gates": {"handed-in": None},
        }
    )
    assert merged.preset is None
    assert list(merged.terms) == ["outcome", "tool_ok"]
    assert (merged.terms["tool_ok"].weight, merged.terms["tool_ok"].level) == (0.2, 1)
    assert not merged.gates


def test_an_unknown_preset_suggests_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no reward preset is called 'g-rra'.*did you mean g-ra"):
        spec({"preset": "g-rra"})


def test_direct_accumulation_is_g_ra_without_its_gate() -> None:
    gated, direct = spec({"preset": "g-ra"}), spec({"preset": "direct"})
    assert direct.terms == gated.terms
    assert gated.gates
    assert not direct.gates
    farming = episode("a", [{"format_ok": 1.0, "tool_ok": 1.0}] * 10, submitted=0)
    assert sum(compose(direct, [farming])[0]) == pytest.approx(0.2)
    assert sum(compose(gated, [farming])[0]) == 0.0


@pytest.mark.parametrize(("parsed", "right", "expected"), [(0, 0, 0.0), (1, 0, 0.5), (1, 1, 1.0)])
def test_conductor(parsed: float, right: float, expected: float) -> None:
    one = episode("a", [{"format_ok": parsed}], success=right)
    assert sum(compose(spec({"preset": "conductor"}), [one])[0]) == expected


def test_spa_adds_contribution_and_half_the_grounding() -> None:
    """r_t = alpha * c_t + beta * g_t with alpha 1 and beta 0.5 (arXiv 2505.20732)."""
    signals = [{"contribution": 0.3, "grounded": 1.0}, {"contribution": 0.7, "grounded": 0.0}]
    rewards = compose(spec({"preset": "spa"}), [episode("a", signals, success=1.0)])[0]
    assert rewards == pytest.approx((0.8, 0.7))


def test_clip_and_delta_bound_what_any_step_can_still_earn() -> None:
    """alpha * (sum of deltas of min(PRM - eta, 0)) + correct (arXiv 2410.15115), by hand."""
    signals = [{"process": 0.9}, {"process": 0.2}, {"process": 0.4}, {"process": 0.8}]
    one = episode("a", signals, success=1.0)
    rewards = compose(spec({"preset": "clip-delta"}), [one])[0]
    assert rewards == pytest.approx((0.1 * 0.3, 0.1 * (-0.3 + 0.1), 0.1 * -0.1, 1.0))


def test_par_is_centred_on_the_groups_own_values_at_first() -> None:
    group = [episode("a", quality=0.0), episode("b", quality=2.0)]
    first, second = (one.reward for one in annotate(spec({"preset": "par"}), group))
    assert first == pytest.approx((sigmoid(0) + sigmoid(-2)) / 2)
    assert second == pytest.approx((sigmoid(2) + sigmoid(0)) / 2)


def test_toolrl_is_format_plus_correctness() -> None:
    one = episode("a", [{"tool_format": 1.0, "tool_correctness": -1.5}])
    assert compose(spec({"preset": "toolrl"}), [one]) == [(-0.5,)]


def test_carl_multiplies_progress_by_the_share_of_turns_in_form() -> None:
    signals = [{"progress": 0.5, "format_ok": 1.0}, {"progress": 0.3, "format_ok": 0.0}]
    rewards = compose(spec({"preset": "carl"}), [episode("a", signals)])[0]
    assert rewards == pytest.approx((0.25, 0.15))


def test_ssl_tiers_keep_the_order_and_amplify_the_top() -> None:
    worth = [
        sum(compose(spec({"preset": "ssl"}), [episode("a", score=score)])[0])
        for score in (0.1, 0.3, 0.6, 0.8, 1.0)
    ]
    assert worth == sorted(worth)
    steps = [high - low for low, high in pairwise(worth)]
    assert steps == sorted(steps)


def test_star_r1_makes_guessing_everything_worthless() -> None:
    guessing = episode("a", selection_recall=1, selection_over=1, selection_inaction=0)
    silent = episode("b", selection_recall=0, selection_over=0, selection_inaction=1)
    earned = [sum(r) for r in compose(spec({"preset": "star-r1"}), [guessing, silent])]
    assert earned == [0.0, -1.0]


@pytest.mark.parametrize(
    ("score", "milestones", "expected"), [(0.8, 1.0, 0.8), (0.0, 3 / 7, -10 + 0.3)]
)
def test_mle_instrumented(score: float, milestones: float, expected: float) -> None:
    """-10 for a failure, 0.1 for each of seven milestones on the way, the score for a success."""
    one = episode("a", score=score, milestones=milestones)
    assert sum(compose(spec({"preset": "mle-instrumented"}), [one])[0]) == pytest.approx(expected)
