"""The presets: what each paper's name stands for, and who wins where the suite says more."""

import re
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.suite.presets import PRESETS, merged
from agentrl.suite.train import TrainSpec

_OF_NO_PAPER = {
    "reinforce": "Williams, 1992",
    "ppo_turn": "one advantage a turn",
    "turn_rloo": "credit by turn",
    "concurrent_il": "beside RL",
}
"""Presets whose source is no arXiv paper, and what they say of themselves instead."""

_DEFAULTS: dict[str, Any] = {
    "advantage.baseline": "none",
    "advantage.scale": "none",
    "advantage.credit": "episode",
    "advantage.centre": 0.0,
    "advantage.gamma": 1.0,
    "loss.ratio": "none",
    "loss.clip_low": None,
    "loss.clip_high": None,
    "loss.kl": "none",
    "loss.aggregate": "token_mean",
    "loss.positive_weight": 1.0,
    "loss.negative_weight": 1.0,
    "loss.entropy": 0.0,
    "sampler.equal_rewards": "skip",
    "sampler.kind": "uniform",
    "epochs": 1,
}

_CLIPPED = {"loss.ratio": "token", "loss.clip_low": 0.2, "loss.clip_high": 0.2}

# Written from the papers, not from the presets. What is not named has the value of _DEFAULTS.
_SIGNED: dict[str, Any] = {"advantage.centre": 0.5, "sampler.equal_rewards": "keep"}
_PAPERS: dict[str, dict[str, Any]] = {
    # DeepSeekMath, eq. 3: (r - mean) / std in the group; 1/|o| within an output, 1/G over them.
    "grpo": _CLIPPED
    | {
        "advantage.baseline": "group_mean",
        "advantage.scale": "group_std",
        "loss.aggregate": "sequence_mean",
    },
    # Dr. GRPO: neither the division by std nor that by the length of an output.
    "dr_grpo": _CLIPPED | {"advantage.baseline": "group_mean", "loss.aggregate": "constant"},
    # RLOO: the mean of the others, not divided by anything.
    "rloo": _CLIPPED | {"advantage.baseline": "leave_one_out"},
    # DAPO: clip-higher (0.2, 0.28), token-level loss, dynamic sampling, no KL penalty.
    "dapo": {
        "advantage.baseline": "group_mean",
        "advantage.scale": "group_std",
        "loss.ratio": "token",
        "loss.clip_low": 0.2,
        "loss.clip_high": 0.28,
        "sampler.equal_rewards": "refill",
    },
    # Practitioner's Guide, best of appendix A: clip 0.2, KL 0.01 in the reward, gamma 1, no
    # entropy bonus, generalised advantage estimation over all tokens.
    "ppo": _CLIPPED
    | {
        "advantage.baseline": "value",
        "advantage.credit": "token",
        "loss.kl": "reward",
        "loss.kl_coefficient": 0.01,
        "sampler.equal_rewards": "keep",
    },
    # GSPO, section 5.1: one ratio a sequence, clipped at 3e-4 and 4e-4.
    "gspo": {
        "advantage.baseline": "group_mean",
        "advantage.scale": "group_std",
        "loss.ratio": "sequence",
        "loss.clip_low": 3e-4,
        "loss.clip_high": 4e-4,
        "loss.aggregate": "sequence_mean",
    },
    # ReMax: REINFORCE against the reward of the greedy rollout.
    "remax": {"advantage.baseline": "greedy", "sampler.equal_rewards": "keep"},
    # TOPR: positives unweighted, negatives by a ratio cut to [0, 1], no KL.
    "topr": _SIGNED | {"loss.ratio": "taper"},
    # Negative reinforcement: positives not at all, or at a tenth (W-REINFORCE).
    "nsr": _CLIPPED | _SIGNED | {"loss.positive_weight": 0.0},
    "w_reinforce": _CLIPPED | _SIGNED | {"loss.positive_weight": 0.1},
    # COPO: a group of equal rewards is judged against the whole batch.
    "copo": _CLIPPED
    | {
        "advantage.baseline": "group_mean",
        "advantage.scale": "group_std",
        "loss.aggregate": "sequence_mean",
        "sampler.equal_rewards": "global",
    },
}


def says(train: TrainSpec) -> dict[str, Any]:
    """What a section says of every switch of ``_DEFAULTS``, and its KL coefficient where it has a
    penalty."""

    def value(key: str) -> Any:
        found: Any = train
        for part in key.split("."):
            found = getattr(found, part)
        return found

    penalty = [] if train.loss.kl == "none" else ["loss.kl_coefficient"]
    return {key: value(key) for key in [*_DEFAULTS, *penalty]}


def section(**own: Any) -> TrainSpec:
    return TrainSpec.model_validate(own)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_section_that_can_be_trained_with(name: str) -> None:
    assert section(algorithm=name).algorithm == name


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_where_it_is_from(name: str) -> None:
    text = " ".join((PRESETS[name].__doc__ or "").split())

    if name in _OF_NO_PAPER:
        assert _OF_NO_PAPER[name] in text
    else:
        assert re.search(r"\(arXiv \d{4}\.\d{5}\)", text)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_sets_something_of_its_own(name: str) -> None:
    others = [PRESETS[other]() for other in PRESETS if other != name]

    assert PRESETS[name]()
    assert PRESETS[name]() not in others


@pytest.mark.parametrize("name", PRESETS)
def test_a_switch_that_the_suite_sets_wins_over_the_preset(name: str) -> None:
    train = section(algorithm=name, epochs=5, sampler={"refills": 9}, loss={"entropy": 0.5})

    assert (train.epochs, train.sampler.refills, train.loss.entropy) == (5, 9, 0.5)
    others = says(section(algorithm=name)) | {"epochs": 5, "loss.entropy": 0.5}
    assert says(train) == others, "and every other switch is still the preset's"


@pytest.mark.parametrize("name", PRESETS)
def test_merging_again_changes_nothing(name: str) -> None:
    own = {"algorithm": name, "loss": {"entropy": 0.01}}
    once = merged(own)

    assert merged(once) == once


@pytest.mark.parametrize("name", PRESETS)
def test_a_section_written_out_in_full_is_the_same_section(name: str) -> None:
    train = section(algorithm=name)

    assert TrainSpec.model_validate(train.model_dump(mode="json")) == train


def test_a_limit_that_the_suite_takes_away_stays_away() -> None:
    train = section(algorithm="dapo", loss={"clip_high": None})
    again = TrainSpec.model_validate(train.model_dump(mode="json"))

    assert (train.loss.clip_low, train.loss.clip_high) == (0.2, None)
    assert again == train


def test_merging_leaves_the_suite_and_the_presets_as_they_were() -> None:
    own = {"algorithm": "grpo", "loss": {"clip_high": 0.5}}
    before, preset = deepcopy(own), PRESETS["grpo"]()
    result = merged(own)
    result["loss"]["clip_low"] = 99.0
    result["advantage"]["scale"] = "none"

    assert own == before
    assert PRESETS["grpo"]() == preset


def test_a_preset_made_of_another_leaves_that_one_alone() -> None:
    before = PRESETS["grpo"](), PRESETS["rloo"]()
    for name in ("copo", "unlikeliness", "ahpo", "concurrent_il"):
        PRESETS[name]()

    assert (PRESETS["grpo"](), PRESETS["rloo"]()) == before


def test_a_suite_that_names_no_algorithm_gets_grpo() -> None:
    assert section() == section(algorithm="grpo")


def test_a_wrong_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ValidationError, match=r"unknown algorithm 'grop' .did you mean grpo.*known: "
    ) as caught:
        section(algorithm="grop")

    [error] = caught.value.errors()
    listed = error["msg"].partition("known: ")[2].split(", ")
    assert listed == list(PRESETS)


def test_an_unknown_name_brings_no_switches() -> None:
    assert merged({"algorithm": "grop", "epochs": 2}) == {"algorithm": "grop", "epochs": 2}


@pytest.mark.parametrize("name", _PAPERS)
def test_a_preset_says_what_its_paper_says(name: str) -> None:
    assert says(section(algorithm=name)) == _DEFAULTS | _PAPERS[name]


def test_unlikeliness_is_grpo_that_passes_twice_and_lowers_the_likelier_successes() -> None:
    train = section(algorithm="unlikeliness")

    assert says(train) == says(section(algorithm="grpo")) | {"epochs": 2}
    assert train.loss.unlikeliness == 0.25


def test_a_difference_to_a_mean_is_never_divided_where_a_preset_is_unbiased() -> None:
    unbiased = [name for name in PRESETS if "unbiased" in (PRESETS[name].__doc__ or "")]

    assert unbiased == ["reinforce", "rloo", "remax", "turn_rloo"]
    for name in unbiased:
        advantage = section(algorithm=name).advantage
        assert advantage.scale == "none"
        assert advantage.baseline in ("none", "leave_one_out", "greedy")


def test_an_expert_is_imitated_always_or_only_where_the_group_fails() -> None:
    always, where_it_fails = section(algorithm="concurrent_il"), section(algorithm="ahpo")

    assert always.loss.imitation.coefficient > 0
    assert always.loss.imitation.below_success == 1.0
    assert where_it_fails.loss.imitation.coefficient > 0
    assert 0 < where_it_fails.loss.imitation.below_success < 1


def test_only_presets_with_a_value_or_a_greedy_episode_can_do_with_one_episode_a_task() -> None:
    alone = {name for name in PRESETS if not section(algorithm=name).advantage.needs_group}

    alone.remove("sep_cma_es")
    for name in {*PRESETS} - {"sep_cma_es"}:
        if name in alone:
            assert section(algorithm=name, group_size=1).group_size == 1
        else:
            with pytest.raises(ValidationError, match="'group_size' must be at least 2"):
                section(algorithm=name, group_size=1)
    assert alone == {
        *("reinforce", "reinforce_pp", "remax", "ppo", "ppo_turn"),
        *("topr", "nsr", "w_reinforce"),
    }


def test_an_evolution_needs_candidates_to_compare() -> None:
    assert section(algorithm="sep_cma_es").group_size == 16
    with pytest.raises(ValidationError, match="their number, must be at least 4"):
        section(algorithm="sep_cma_es", group_size=3)


def test_the_presets_of_this_file_exist() -> None:
    assert {*_PAPERS, *_OF_NO_PAPER} <= set(PRESETS)
