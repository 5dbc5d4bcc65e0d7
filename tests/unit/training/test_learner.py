"""One step of learning, with a real model of transformers."""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.errors import DivergedError, UsageError
from agentrl.suite.train import TrainSpec
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics, described
from agentrl.training.policy import Policy
from agentrl.training.ranks import Ranks
from agentrl.training.sample import Batch, Sample, Trajectory

VOCABULARY = 64
RATE = 1e-3
PROMPT = (1, 2, 3)
ANSWERS = ((10, 11, 12), (20, 21), (30, 31, 32, 33), (40,))
"""Of the four episodes of a lesson, two in each group."""


def tiny_policy(seed: int = 0) -> Policy:
    import transformers

    untyped: Any = transformers
    config = untyped.Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(untyped.Qwen2ForCausalLM(config))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep tiny matrices on one thread: with more, busy cores wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def policy() -> Policy:
    return tiny_policy()


def spec_with(algorithm: str = "reinforce", **train: Any) -> TrainSpec:
    optimiser = {"lr": RATE, **train.pop("optimiser", {})}
    given = {"algorithm": algorithm, "optimiser": optimiser, "steps": 10, **train}
    return TrainSpec.model_validate(given)


def sample(policy: Policy, name: str, prompt: Sequence[int], answer: Sequence[int]) -> Sample:
    """Return an answer as the policy sampled it."""
    before, after = len(prompt), len(answer)
    tokens = TokenSequence(
        token_ids=(*prompt, *answer),
        sampled=(False,) * before + (True,) * after,
        logprobs=(0.0,) * before + tuple(policy.logprobs(prompt, answer)),
        allowed=(None,) * (before + after),
        turns=(0,) * (before + after),
    )
    return Sample(name, tokens, Sampling())


def batch_of(policy: Policy, rewards: Sequence[float]) -> Batch:
    trajectories = tuple(
        Trajectory(f"e{n}", f"g{n // 2}", (reward,), success=reward >= 1, durations=(1.0,))
        for n, reward in enumerate(rewards)
    )
    samples = tuple(sample(policy, f"e{n}", PROMPT, ANSWERS[n]) for n in range(len(rewards)))
    return Batch(trajectories, samples)


def impossible(lesson: Lesson, *numbers: int) -> Lesson:
    """Return a lesson whose sampler found some episodes' tokens all but impossible.

    Their ratio is beyond every number, and with a negative advantage no clip bounds it.
    """
    samples = list(lesson.batch.samples)
    for number in numbers:
        tokens = samples[number].tokens
        wrong = tuple(-1000.0 if mine else 0.0 for mine in tokens.sampled)
        samples[number] = replace(samples[number], tokens=replace(tokens, logprobs=wrong))
    return replace(lesson, batch=replace(lesson.batch, samples=tuple(samples)))


def lesson_of(policy: Policy, *rewards: float) -> Lesson:
    batch = batch_of(policy, rewards)
    return Lesson(batch, batch.trajectories)


def learn(learner: Learner, lesson: Lesson, spec: TrainSpec, step: int = 1) -> dict[str, float]:
    metrics = Metrics()
    learner.learn(lesson, spec, step, metrics)
    return metrics.result()


def likelihoods(policy: Policy) -> list[float]:
    return [sum(policy.logprobs(PROMPT, answer)) for answer in ANSWERS]


def weights(policy: Policy) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in policy.state_dict().items()}


def same(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(value, right[name]) for name, value in left.items())


def count_updates(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that says how often AdamW stepped since."""
    steps: list[int] = []
    real: Any = torch.optim.AdamW.step

    def step(*args: Any, **kwargs: Any) -> Any:
        steps.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    return lambda: len(steps)


PRESETS = (
    *("reinforce", "rloo", "grpo", "dr_grpo", "gspo", "dapo", "bnpo", "turn_rloo", "topr"),
    *("reinforce_pp", "copo", "unlikeliness"),
)


@pytest.mark.parametrize("algorithm", PRESETS)
def test_what_earned_more_becomes_likelier_than_what_earned_less(
    policy: Policy, algorithm: str
) -> None:
    spec = spec_with(algorithm)
    before = likelihoods(policy)
    learn(Learner(policy, spec, tiny_policy()), lesson_of(policy, 1, -1, -1, 1), spec)
    won, lost, lost_too, won_too = (
        after - then for after, then in zip(likelihoods(policy), before, strict=True)
    )
    assert min(won, won_too) > max(lost, lost_too)


@pytest.mark.parametrize("reward", [1.0, -1.0])
def test_a_positive_advantage_raises_the_log_probability_and_a_negative_one_lowers_it(
    policy: Policy, reward: float
) -> None:
    spec = spec_with()
    before = likelihoods(policy)[0]
    seen = learn(Learner(policy, spec), lesson_of(policy, reward), spec)
    assert seen["advantage/mean"] == reward
    assert (likelihoods(policy)[0] - before) * reward > 0


def test_an_advantage_of_zero_changes_nothing(policy: Policy) -> None:
    spec = spec_with("rloo")
    before = weights(policy)
    seen = learn(Learner(policy, spec), lesson_of(policy, 1, 1), spec)
    assert same(weights(policy), before)
    assert seen["policy/grad_norm"] == 0.0


def test_an_episode_that_never_had_a_choice_teaches_nothing(policy: Policy) -> None:
    lesson = lesson_of(policy, 1.0)
    (one,) = lesson.batch.samples
    forced = tuple(
        (n,) if s else None for n, s in zip(one.tokens.token_ids, one.tokens.sampled, strict=True)
    )
    tokens = replace(one.tokens, allowed=forced, logprobs=(0.0,) * len(forced))
    batch = replace(lesson.batch, samples=(replace(one, tokens=tokens),))
    before = weights(policy)
    spec = spec_with()
    learn(Learner(policy, spec), Lesson(batch, batch.trajectories), spec)
    assert same(weights(policy), before)


def test_only_sampled_tokens_learn(policy: Policy) -> None:
    """With one sampled token the last layer learns from one state: its gradient has rank one."""
    spec = spec_with()
    head = policy.model.get_output_embeddings().weight
    (number,) = (n for n, p in enumerate(policy.parameters()) if p is head)
    with torch.no_grad():
        hidden = policy.model.model(input_ids=torch.tensor([[1, 2]])).last_hidden_state[0, -1]
    batch = Batch((Trajectory("e", "g", (1.0,)),), (sample(policy, "e", (1, 2), (10,)),))
    learner = Learner(policy, spec)
    learn(learner, Lesson(batch, batch.trajectories), spec)
    gradient = learner.state()["optimiser"]["state"][number]["exp_avg"]
    assert torch.linalg.matrix_rank(gradient, rtol=1e-4) == 1
    falling = (gradient @ hidden) > 0
    assert [token for token in range(VOCABULARY) if not falling[token]] == [10]


@pytest.mark.parametrize("algorithm", ["reinforce", "grpo", "gspo", "rloo", "ppo_turn"])
@pytest.mark.parametrize("budget", [1, 12])
def test_several_passes_learn_what_one_pass_learns(algorithm: str, budget: int) -> None:
    learnt = []
    for tokens in (8192, budget):
        policy = tiny_policy()
        spec = spec_with(algorithm, tokens_per_pass=tokens, optimiser={"lr": 1e-4})
        seen = learn(Learner(policy, spec), lesson_of(policy, 1, 0, 0, 1), spec)
        learnt.append((likelihoods(policy), seen))
    (whole, seen_whole), (parts, seen_parts) = learnt
    assert parts == pytest.approx(whole, abs=1e-5)
    assert seen_parts == pytest.approx(seen_whole, rel=1e-4, abs=1e-5)


def test_several_passes_have_the_gradient_of_one_pass() -> None:
    """The first moment is the gradient; a weight would also show the sign of rounding."""
    moments = []
    for tokens in (8192, 1):
        policy = tiny_policy()
        spec = spec_with("grpo", tokens_per_pass=tokens)
        learner = Learner(policy, spec)
        learn(learner, lesson_of(policy, 1, 0, 0, 1), spec)
        moments.append([own["exp_avg"] for own in learner.state()["optimiser"]["state"].values()])
    for whole, parts in zip(*moments, strict=True):
        torch.testing.assert_close(parts, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("minibatches", "epochs", "updates"),
    [(1, 1, 1), (2, 1, 2), (2, 3, 6), (4, 2, 8), (9, 2, 8)],
)
def test_there_is_an_update_for_each_minibatch_of_each_epoch(
    policy: Policy,
    monkeypatch: pytest.MonkeyPatch,
    minibatches: int,
    epochs: int,
    updates: int,
) -> None:
    """No minibatch is empty: four episodes make at most four."""
    spec = spec_with(minibatches=minibatches, epochs=epochs)
    learner = Learner(policy, spec)
    count = count_updates(monkeypatch)
    learn(learner, lesson_of(policy, 1, 0, 0, 1), spec)
    assert count() == updates


def test_the_order_of_episodes_is_decided_by_seed_and_step() -> None:
    def learnt(seed: int, step: int) -> dict[str, Tensor]:
        policy = tiny_policy()
        spec = spec_with(minibatches=4, seed=seed)
        learn(Learner(policy, spec), lesson_of(policy, 1, -1, -1, 1), spec, step)
        return weights(policy)

    assert same(learnt(0, 1), learnt(0, 1))
    others = [learnt(0, step) for step in range(2, 6)]
    assert not all(same(learnt(0, 1), other) for other in others)


def test_the_rate_follows_the_step(policy: Policy) -> None:
    spec = spec_with(optimiser={"schedule": "linear", "warmup_steps": 2})
    learner = Learner(policy, spec)
    lesson = lesson_of(policy, 1)
    rates = [learn(learner, lesson, spec, step)["policy/lr"] for step in (1, 2, 3, 7)]
    assert rates == pytest.approx([RATE / 2, RATE, RATE, RATE / 2])


@pytest.mark.parametrize("algorithm", ["reinforce", "grpo", "reinforce_pp"])
def test_a_reward_that_is_no_number_is_refused_by_the_name_of_its_episode(
    policy: Policy, algorithm: str
) -> None:
    spec = spec_with(algorithm)
    before = weights(policy)
    learner = Learner(policy, spec, tiny_policy())
    with pytest.raises(UsageError, match="episode 'e1', turn 0: the reward is nan"):
        learn(learner, lesson_of(policy, 1.0, math.nan), spec)
    assert same(weights(policy), before)


@pytest.mark.parametrize("algorithm", ["reinforce", "rloo", "ppo"])
def test_a_ratio_beyond_every_number_names_its_batch_and_leaves_the_weights(
    policy: Policy, algorithm: str
) -> None:
    spec = spec_with(algorithm, loss={"ratio": "token", "kl": "none"})
    before = weights(policy)
    lesson = impossible(lesson_of(policy, -1.0, 0.0), 0)
    with pytest.raises(DivergedError, match=r"loss of 2 episodes \(e0, e1\) is (nan|inf)"):
        learn(Learner(policy, spec), lesson, spec)
    assert same(weights(policy), before)


def test_a_message_about_many_episodes_names_some_of_them(policy: Policy) -> None:
    batch = batch_of(policy, (-1, -1, -1, -1))
    more = tuple(replace(t, episode_id=f"f{t.episode_id}") for t in batch.trajectories)
    samples = tuple(replace(s, episode_id=f"f{s.episode_id}") for s in batch.samples)
    both = Batch((*batch.trajectories, *more), (*batch.samples, *samples))
    spec = spec_with(loss={"ratio": "token"})
    lesson = impossible(Lesson(both, both.trajectories), 3)
    with pytest.raises(DivergedError, match=r"8 episodes \(e0, e1, e2, e3, \.\.\.\)"):
        learn(Learner(policy, spec), lesson, spec)


def test_of_several_passes_the_one_that_diverged_is_named(policy: Policy) -> None:
    spec = spec_with(tokens_per_pass=1, loss={"ratio": "token"})
    before = weights(policy)
    lesson = impossible(lesson_of(policy, -1, -1, -1, -1), 1)
    with pytest.raises(DivergedError, match=r"1 episodes \(e1\) is inf"):
        learn(Learner(policy, spec), lesson, spec)
    assert same(weights(policy), before)


def test_after_divergence_the_next_lesson_is_learnt_as_if_nothing_had_been(policy: Policy) -> None:
    spec = spec_with(tokens_per_pass=1, loss={"ratio": "token"})
    learner = Learner(policy, spec)
    lesson = lesson_of(policy, -1, -1, -1, -1)
    with pytest.raises(DivergedError):
        learn(learner, impossible(lesson, 1), spec)
    learn(learner, lesson, spec)
    other = tiny_policy()
    learn(Learner(other, spec), lesson, spec)
    assert same(weights(policy), weights(other))


def test_with_several_minibatches_the_weights_are_those_of_the_last_good_one(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_with(minibatches=2, loss={"ratio": "token"})
    lesson = impossible(lesson_of(policy, -1.0, -1.0), 0)
    updates = []
    for step in range(1, 9):
        own = tiny_policy()
        learner = Learner(own, spec)
        count = count_updates(monkeypatch)
        with pytest.raises(DivergedError, match=r"1 episodes \(e0\)"):
            learn(learner, lesson, spec, step)
        updates.append(count())
        assert all(bool(value.isfinite().all()) for value in weights(own).values())
        assert same(weights(own), weights(policy)) == (count() == 0)
    assert set(updates) == {0, 1}


def test_a_weight_that_is_no_number_is_found_before_an_update(policy: Policy) -> None:
    lesson = lesson_of(policy, 1, 0)
    spec = spec_with()
    learner = Learner(policy, spec)
    with torch.no_grad():
        next(policy.parameters())[PROMPT[0]] = math.nan
    before = weights(policy)
    with pytest.raises(DivergedError, match=r"\(e0, e1\) is nan.*last checkpoint"):
        learn(learner, lesson, spec)
    after = weights(policy)
    assert all(torch.equal(after[n].nan_to_num(), v.nan_to_num()) for n, v in before.items())


def critic_spec(trunk: str = "copy", **critic: Any) -> TrainSpec:
    section = {"trunk": trunk, "lr": 1e-2, "clip": None, **critic}
    return spec_with("ppo", critic=section, loss={"kl": "none"})


@pytest.mark.parametrize("trunk", ["copy", "shared"])
def test_the_critic_learns_what_episodes_bring(policy: Policy, trunk: str) -> None:
    """Before its first token all four episodes look alike, so a share of the loss stays."""
    spec = critic_spec(trunk)
    learner = Learner(policy, spec)
    seen = [learn(learner, lesson_of(policy, 1, 0, 0, 1), spec, step) for step in range(1, 16)]
    assert seen[0]["critic/value_mean"] == 0.0
    assert seen[0]["critic/loss"] == pytest.approx(0.2)
    assert seen[-1]["critic/loss"] == pytest.approx(0.05, abs=0.015)
    assert seen[-1]["critic/explained_variance"] > 0.5
    assert seen[-1]["critic/value_mean"] == pytest.approx(0.4, abs=0.15)  # four of ten tokens


def test_the_warm_up_of_the_critic_leaves_the_policy_alone(policy: Policy) -> None:
    spec = critic_spec(warmup_steps=2)
    learner = Learner(policy, spec)
    before = weights(policy)
    lesson = lesson_of(policy, 1, 0)
    seen = [learn(learner, lesson, spec, step) for step in (1, 2)]
    assert same(weights(policy), before)
    assert seen[1]["critic/loss"] < seen[0]["critic/loss"]
    assert "policy/loss" not in seen[0]
    assert "policy/loss" in learn(learner, lesson, spec, 3)
    assert not same(weights(policy), before)


def test_a_copied_critic_does_not_move_the_policy(policy: Policy) -> None:
    """Where the advantages are zero, the critic alone learns."""
    spec = critic_spec()
    before = weights(policy)
    lesson = lesson_of(policy, 0, 0)
    learner = Learner(policy, spec)
    learn(learner, lesson, spec)
    assert same(weights(policy), before)


@pytest.mark.parametrize("policy_epochs", [1, 2])
def test_the_critic_passes_over_a_batch_as_often_as_its_section_says(
    policy: Policy, monkeypatch: pytest.MonkeyPatch, policy_epochs: int
) -> None:
    spec = critic_spec(warmup_steps=1, epochs=3)
    spec = spec.model_copy(update={"epochs": policy_epochs, "minibatches": 2})
    learner = Learner(policy, spec)
    count = count_updates(monkeypatch)
    learn(learner, lesson_of(policy, 1, 0), spec)
    assert count() == 3 * 2


def test_a_critic_whose_loss_is_beyond_every_number_names_the_episodes_and_stays(
    policy: Policy,
) -> None:
    spec = critic_spec(warmup_steps=1)
    learner = Learner(policy, spec)
    before = copy.deepcopy(learner.state()["critic"])
    with pytest.raises(DivergedError, match=r"\(e0\) is inf"):
        learn(learner, lesson_of(policy, 1e30), spec)
    assert same(learner.state()["critic"], before)


def test_a_critic_whose_values_are_no_numbers_has_diverged(policy: Policy) -> None:
    spec = critic_spec()
    learner = Learner(policy, spec)
    state = copy.deepcopy(learner.state())
    state["critic"]["head.bias"].fill_(math.nan)
    learner.restore(state)
    before = weights(policy)
    with pytest.raises(DivergedError, match=r"critic is not finite; lower train\.critic\.lr"):
        learn(learner, lesson_of(policy, 1.0), spec)
    assert same(weights(policy), before)


def test_a_critic_learns_on_one_rank_only(policy: Policy) -> None:
    class Two(Ranks):
        def shard(self, model: torch.nn.Module) -> None:
            pass

    with pytest.raises(UsageError, match="learns on one rank only"):
        Learner(policy, critic_spec(), ranks=Two(0, 2))


RESUMED = {
    "grpo": lambda: spec_with("grpo", optimiser={"schedule": "cosine"}, minibatches=2),
    "copied critic": lambda: critic_spec("copy"),
    "shared critic": lambda: critic_spec("shared"),
}


@pytest.mark.parametrize("kind", RESUMED)
def test_a_restored_learner_goes_on_bit_for_bit(policy: Policy, kind: str) -> None:
    spec = RESUMED[kind]()
    lesson = lesson_of(policy, 1, 0, 0, 1)
    through = Learner(policy, spec)
    learn(through, lesson, spec, 1)
    saved, model = copy.deepcopy(through.state()), copy.deepcopy(weights(policy))
    seen = learn(through, lesson, spec, 2)

    other = tiny_policy(seed=1)
    other.model.load_state_dict(model)
    continued = Learner(other, spec)
    continued.restore(saved)
    assert learn(continued, lesson, spec, 2) == seen
    assert same(weights(other), weights(policy))
    if saved["critic"] is not None:
        assert same(continued.state()["critic"], through.state()["critic"])


def test_a_learner_without_a_critic_saves_none(policy: Policy) -> None:
    state = Learner(policy, spec_with("grpo")).state()
    assert state["critic"] is None
    assert state["critic_optimiser"] is None


@pytest.mark.parametrize("where", ["loss", "reward"])
@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_the_distance_to_a_reference_of_equal_weights_is_zero(
    policy: Policy, where: str, estimator: str
) -> None:
    spec = spec_with(loss={"kl": where, "kl_estimator": estimator, "kl_coefficient": 1.0})
    seen = learn(Learner(policy, spec, tiny_policy()), lesson_of(policy, 1, 0), spec)
    assert seen["policy/reference_kl"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("where", ["loss", "reward"])
def test_the_distance_to_another_reference_is_positive(policy: Policy, where: str) -> None:
    spec = spec_with(loss={"kl": where, "kl_estimator": "k3"})
    seen = learn(Learner(policy, spec, tiny_policy(seed=1)), lesson_of(policy, 1, 0), spec)
    assert seen["policy/reference_kl"] > 1e-4


def test_the_distance_in_the_loss_pulls_the_policy_to_the_reference(policy: Policy) -> None:
    reference = tiny_policy(seed=1)
    spec = spec_with(loss={"kl": "loss", "kl_estimator": "k2", "kl_coefficient": 1.0})
    lesson = lesson_of(policy, 0, 0, 0, 0)
    learner = Learner(policy, spec, reference)
    seen = [learn(learner, lesson, spec, step)["policy/reference_kl"] for step in range(1, 9)]
    assert seen[-1] < seen[0] / 2


def test_the_distance_in_the_reward_is_paid_by_each_episode(policy: Policy) -> None:
    reference = tiny_policy(seed=1)
    spec = spec_with(loss={"kl": "reward", "kl_estimator": "k1", "kl_coefficient": 0.5})
    own = sum(policy.logprobs(PROMPT, ANSWERS[0]))
    other = sum(reference.logprobs(PROMPT, ANSWERS[0]))
    seen = learn(Learner(policy, spec, reference), lesson_of(policy, 1.0), spec)
    assert seen["advantage/mean"] == pytest.approx(1 - 0.5 * (own - other), abs=1e-5)


def test_the_reference_stays_as_it_was(policy: Policy) -> None:
    reference = tiny_policy()
    before = weights(reference)
    spec = spec_with(loss={"kl": "loss"})
    learner = Learner(policy, spec, reference)
    for step in (1, 2):
        learn(learner, lesson_of(policy, 1, 0), spec, step)
    assert same(weights(reference), before)
    assert not same(weights(policy), before)


def test_old_log_probabilities_are_the_samplers_or_the_trainers(policy: Policy) -> None:
    lesson = lesson_of(policy, 1.0)
    (one,) = lesson.batch.samples
    off = replace(one.tokens, logprobs=tuple(value - 0.1 for value in one.tokens.logprobs))
    batch = replace(lesson.batch, samples=(replace(one, tokens=off),))
    ratios = []
    for old in ("sampler", "trainer"):
        spec = spec_with(loss={"ratio": "token", "old_logprobs": old})
        seen = learn(Learner(tiny_policy(), spec), Lesson(batch, batch.trajectories), spec)
        assert seen["policy/logprob_gap_mean"] == pytest.approx(0.1, abs=1e-5)
        ratios.append(seen["policy/ratio_mean"])
    assert ratios == pytest.approx([math.exp(0.1), 1.0], abs=1e-5)


def test_the_gap_to_the_sampler_is_that_of_the_weights_before_the_first_update(
    policy: Policy,
) -> None:
    spec = spec_with(epochs=4, optimiser={"lr": 1e-2})
    seen = learn(Learner(policy, spec), lesson_of(policy, 1, -1), spec)
    assert seen["policy/logprob_gap_max"] < 1e-5
    assert seen["policy/kl"] > 1e-4


def test_an_expert_is_imitated_beside(policy: Policy) -> None:
    spec = spec_with(loss={"imitation": {"coefficient": 1.0}})
    lesson = lesson_of(policy, 0.0)
    expert = Batch(
        (Trajectory("expert", "g", (1.0,)),), (sample(policy, "expert", PROMPT, (50, 51)),)
    )
    before = policy.logprobs(PROMPT, (50, 51))
    seen = learn(Learner(policy, spec), replace(lesson, demonstrations=expert), spec)
    assert seen["policy/imitation_loss"] == pytest.approx(-sum(before) / 2, abs=1e-5)
    assert sum(policy.logprobs(PROMPT, (50, 51))) > sum(before)


def test_without_a_coefficient_an_expert_is_not_imitated(policy: Policy) -> None:
    spec = spec_with()
    expert = batch_of(policy, (1.0,))
    before = weights(policy)
    seen = learn(
        Learner(policy, spec), replace(lesson_of(policy, 0.0), demonstrations=expert), spec
    )
    assert same(weights(policy), before)
    assert "policy/imitation_loss" not in seen


def test_an_expert_that_is_no_number_leaves_the_weights(policy: Policy) -> None:
    """Its tokens' log-probability overflows where a weight did; the gradient says so."""
    spec = spec_with(loss={"imitation": {"coefficient": 1.0}})
    lesson = lesson_of(policy, 1.0)
    expert = Batch(
        (Trajectory("expert", "g", (1.0,)),), (sample(policy, "expert", (60,), (50, 51)),)
    )
    learner = Learner(policy, spec)
    with torch.no_grad():
        next(policy.parameters())[60] = math.nan
    head = policy.model.get_output_embeddings().weight
    before = head.detach().clone()
    with pytest.raises(DivergedError, match="gradient's norm is nan"):
        learn(learner, replace(lesson, demonstrations=expert), spec)
    assert torch.equal(head, before)


def test_turns_can_weigh_by_how_long_they_took(policy: Policy) -> None:
    spec = spec_with(loss={"turn_weight": "duration"})
    lesson = lesson_of(policy, 1.0, 1.0)
    slow, quick = lesson.batch.trajectories
    timed = (replace(slow, durations=(3.0,)), replace(quick, durations=(1.0,)))
    batch = replace(lesson.batch, trajectories=timed)
    seen = learn(Learner(policy, spec), Lesson(batch, timed), spec)
    own = likelihoods(tiny_policy())
    assert seen["policy/loss"] == pytest.approx(-(1.5 * own[0] + 0.5 * own[1]) / 5, abs=1e-4)


def test_baselines_use_episodes_that_are_not_trained_on(policy: Policy) -> None:
    spec = spec_with("dr_grpo")
    batch = batch_of(policy, (1.0,))
    beside = Trajectory("other", "g0", (0.0,))
    seen = learn(Learner(policy, spec), Lesson(batch, (*batch.trajectories, beside)), spec)
    assert seen["advantage/mean"] == 0.5


def test_a_greedy_episode_is_what_others_are_compared_with(policy: Policy) -> None:
    spec = spec_with("remax")
    batch = batch_of(policy, (1.0, 0.0))
    lesson = Lesson(batch, batch.trajectories, greedy={"g0": 0.25})
    seen = learn(Learner(policy, spec), lesson, spec)
    assert (seen["advantage/max"], seen["advantage/min"]) == (0.75, -0.25)


@pytest.mark.parametrize("trunk", ["copy", "shared"])
def test_every_metric_is_documented_and_a_number(policy: Policy, trunk: str) -> None:
    spec = spec_with(
        "ppo",
        critic={"trunk": trunk},
        loss={"kl": "loss", "imitation": {"coefficient": 0.1}, "old_logprobs": "trainer"},
    )
    lesson = replace(lesson_of(policy, 1, 0), demonstrations=batch_of(policy, (1.0,)))
    seen = learn(Learner(policy, spec, tiny_policy()), lesson, spec)
    assert all(described(name).matches(name) for name in seen)
    assert not any(name.startswith("nonfinite/") for name in seen)
    expected = {"policy/loss", "policy/grad_norm", "policy/entropy", "policy/reference_kl"}
    expected |= {"critic/loss", "critic/value_mean", "critic/explained_variance"}
    expected |= {"advantage/std", "tokens/trained", "policy/imitation_loss"}
    assert expected <= seen.keys()
    assert seen["tokens/trained"] == 5.0
    assert ("critic/grad_norm" in seen) == (trunk == "copy")
