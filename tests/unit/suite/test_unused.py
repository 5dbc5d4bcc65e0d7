"""Keys that would have no effect."""

from pathlib import Path

import pytest

from agentrl.errors import SuiteError
from agentrl.suite import load_suite
from agentrl.suite.presets import PRESETS
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.unused import unused_keys
from agentrl.training.plan import check_training

SUITE = """\
name: counting
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}
tasks: {inline: [{id: a}, {id: b}]}
agent:
  model: {backend: transformers, scratch: {hidden_size: 32, layers: 1}}
train: {steps: 2}
"""


def spec(tmp_path: Path, *overrides: str) -> SuiteSpec:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return load_suite(path, overrides).spec


def unused(tmp_path: Path, *overrides: str) -> list[str]:
    return [".".join(one.key) for one in unused_keys(spec(tmp_path, *overrides))]


@pytest.mark.parametrize("algorithm", PRESETS)
def test_every_switch_of_a_preset_has_an_effect(tmp_path: Path, algorithm: str) -> None:
    assert unused(tmp_path, f"train.algorithm={algorithm}") == []


@pytest.mark.parametrize(
    ("override", "enabling"),
    [
        ("policy.sync=restart", "policy.engine=vllm"),
        ("policy.engine_args=[--x]", "policy.engine=vllm"),
        ("train.critic.lr=0.1", "train.algorithm=ppo"),
        ("train.critic.warmup_steps=3", "train.algorithm=ppo"),
        ("train.critic.clip=null", "train.algorithm=ppo"),
        ("train.sampler.adaptive.rounds=9", "train.sampler.kind=adaptive"),
        ("train.sampler.curriculum.low=0.3", "train.sampler.kind=curriculum"),
        ("train.sampler.refills=5", "train.sampler.equal_rewards=refill"),
        ("train.loss.kl_coefficient=0.2", "train.loss.kl=loss"),
        ("train.loss.constant=7", "train.loss.aggregate=constant"),
        (
            "train.loss.imitation.below_success=0.5",
            "train.schedules={train.loss.imitation.coefficient: {end: 0.1}}",
        ),
        ("train.sft={attempts: 3}", "train.sft.source=best_of_n"),
        (
            "train.schedules={train.loss.kl_coefficient: {end: 0.1}}",
            "train.loss.kl=reward",
        ),
    ],
)
def test_a_key_without_effect_is_found_and_the_switch_it_needs_gives_it_one(
    tmp_path: Path, override: str, enabling: str
) -> None:
    assert len(unused(tmp_path, override)) == 1
    assert unused(tmp_path, override, enabling) == []


def test_a_shared_critic_has_no_warm_up_and_a_copied_one_no_coefficient(tmp_path: Path) -> None:
    ppo = "train.algorithm=ppo"
    assert unused(tmp_path, ppo, "train.critic.coefficient=1") == ["train.critic.coefficient"]
    assert unused(tmp_path, ppo, "train.critic.trunk=shared", "train.critic.epochs=2") == [
        "train.critic.epochs"
    ]


def test_without_rl_its_options_may_stay(tmp_path: Path) -> None:
    assert unused(tmp_path, "train.steps=0", "train.critic.lr=0.1") == []


def test_training_refuses_it_by_name_and_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE + "rollouts: {attempts: 4}\n")
    with pytest.raises(SuiteError, match=r"suite\.yaml:7: rollouts\.attempts: .* no effect"):
        check_training(load_suite(path))


def test_a_resolved_suite_is_still_accepted(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    path.write_text(load_suite(path).resolved())
    assert list(unused_keys(load_suite(path).spec)) == []
