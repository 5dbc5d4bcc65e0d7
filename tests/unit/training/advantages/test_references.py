"""The same numbers as other libraries, where they define the same estimator."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages import scales
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.advantages.gae import gae
from agentrl.training.sample import Trajectory

GROUPS, SIZE = 6, 5
SEEDS = range(20)


def rewards_of(seed: int) -> Tensor:
    """Return random rewards, ``[groups, size]``; the first group's are equal."""
    generator = torch.Generator().manual_seed(seed)
    rewards = torch.randn(GROUPS, SIZE, generator=generator, dtype=torch.float64) * 3 + 1
    rewards[0] = 0.7
    return rewards


def with_losses(rewards: Tensor, seed: int) -> Tensor:
    """Return the rewards with NaN for a third of the episodes, and all but one of group 1."""
    generator = torch.Generator().manual_seed(seed)
    lost = torch.rand(rewards.shape, generator=generator) < 1 / 3
    lost[1] = torch.tensor([True] * (SIZE - 1) + [False])
    return rewards.masked_fill(lost, torch.nan)


def ours(rewards: Tensor, **switches: Any) -> Tensor:
    """Return our advantages, ``[groups * size]``; lost episodes are left out and get 0."""
    batch = [
        Trajectory(f"{group}-{number}", str(group), (float(reward),))
        for group, row in enumerate(rewards)
        for number, reward in enumerate(row)
        if not reward.isnan()
    ]
    numbers = turn_advantages(AdvantageSpec(**switches), batch)
    names = [f"{group}-{n}" for group in range(GROUPS) for n in range(SIZE)]
    return torch.tensor([numbers.get(name, (0.0,))[0] for name in names], dtype=torch.float64)


class Trl:
    """TRL's own statements, taken out of its trainers' methods: it has no functions for them."""

    def __init__(self) -> None:
        found = find_spec("trl")
        if found is None or found.origin is None:
            pytest.skip("TRL is not installed")
        self._folder = Path(found.origin).parent / "trainer"
        self._known: dict[str, Any] = {"torch": torch}
        self._run("utils.py", "def nanstd(", "def nanstd(", self._known)

    def grpo(self, rewards: Tensor, scale_rewards: str) -> Tensor:
        """Return what ``GRPOTrainer`` computes."""
        trainer = SimpleNamespace(
            multi_objective_aggregation="sum_then_normalize",
            scale_rewards=scale_rewards,
            reward_weights=torch.ones(1, dtype=torch.float64),
        )
        names = {
            "self": trainer,
            "rewards_per_func": rewards.reshape(-1, 1),
            "unscorable_mask": rewards.reshape(-1).isnan(),
            "num_generations": SIZE,
            "device": "cpu",
        }
        first = "if self.multi_objective_aggregation == 'sum_then_normalize'"
        return self._result("grpo_trainer.py", first, names)

    def rloo(self, rewards: Tensor) -> Tensor:
        """Return what ``RLOOTrainer`` computes."""
        names = {
            "self": SimpleNamespace(normalize_advantages=False),
            "rewards": rewards.reshape(-1),
            "num_generations": SIZE,
        }
        return self._result("rloo_trainer.py", "grouped_rewards = ", names)

    def _result(self, file: str, first: str, names: dict[str, Any]) -> Tensor:
        scope = self._known | names
        self._run(file, first, "advantages = torch.nan_to_num(", scope)
        result = scope["advantages"]
        assert isinstance(result, Tensor)
        return result

    def _run(self, file: str, first: str, last: str, scope: dict[str, Any]) -> None:
        code = _statements(self._folder / file, first, last)
        if code is None:
            pytest.skip(f"this release of TRL has no statements from {first!r} on in {file}")
        exec(code, scope)


@cache
def _statements(file: Path, first: str, last: str) -> CodeType | None:
    for block in _blocks(ast.parse(file.read_text())):
        texts = [ast.unparse(statement) for statement in block]
        begins = [n for n, text in enumerate(texts) if text.startswith(first)]
        ends = [n for n, text in enumerate(texts) if text.startswith(last)]
        if begins and ends and begins[0] <= ends[0]:
            wanted = ast.Module(block[begins[0] : ends[0] + 1], type_ignores=[])
            return compile(wanted, str(file), "exec")
    return None


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    yield tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.body


@pytest.fixture(scope="module")
def trl() -> Trl:
    return Trl()


@pytest.mark.parametrize("seed", SEEDS)
def test_grpo_is_trls(trl: Trl, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scales, "EPSILON", 1e-4)
    rewards = rewards_of(seed)
    own = ours(rewards, baseline="group_mean", scale="group_std")
    assert torch.allclose(own, trl.grpo(rewards, "group"))


@pytest.mark.parametrize("seed", SEEDS)
def test_dr_grpo_is_trls(trl: Trl, seed: int) -> None:
    rewards = rewards_of(seed)
    assert torch.allclose(ours(rewards, baseline="group_mean"), trl.grpo(rewards, "none"))


@pytest.mark.parametrize("seed", SEEDS)
def test_rloo_is_trls(trl: Trl, seed: int) -> None:
    rewards = rewards_of(seed)
    assert torch.allclose(ours(rewards, baseline="leave_one_out"), trl.rloo(rewards))


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_that_lost_episodes_are_treated_as_in_trl(
    trl: Trl, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scales, "EPSILON", 1e-4)
    rewards = with_losses(rewards_of(seed), seed)
    grpo = ours(rewards, baseline="group_mean", scale="group_std")
    assert torch.allclose(grpo, trl.grpo(rewards, "group"))
    assert torch.allclose(ours(rewards, baseline="leave_one_out"), trl.rloo(rewards))


@pytest.fixture(scope="module")
def verl() -> Any:
    return pytest.importorskip("verl.trainer.ppo.core_algos", reason="verl is not installed")


def verls(rewards: Tensor) -> dict[str, Any]:
    """Return the rewards as verl takes them: of one-token answers."""
    return {
        "token_level_rewards": rewards.reshape(-1, 1).clone(),
        "response_mask": torch.ones(GROUPS * SIZE, 1, dtype=torch.float64),
    }


def index() -> Any:
    return torch.arange(GROUPS).repeat_interleave(SIZE).numpy()


@pytest.mark.parametrize("seed", SEEDS)
def test_group_estimators_are_verls(verl: Any, seed: int) -> None:
    rewards = rewards_of(seed)
    for name, scale in (("group_std", True), ("none", False)):
        theirs, _ = verl.compute_grpo_outcome_advantage(
            **verls(rewards), index=index(), norm_adv_by_std_in_grpo=scale
        )
        own = ours(rewards, baseline="group_mean", scale=name)
        assert torch.allclose(own, theirs.reshape(-1), atol=1e-8)
    theirs, _ = verl.compute_rloo_outcome_advantage(**verls(rewards), index=index())
    assert torch.allclose(ours(rewards, baseline="leave_one_out"), theirs.reshape(-1), atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_estimators_are_verls(verl: Any, seed: int) -> None:
    """verl adds 1e-8 to the variance, we 1e-6 to the standard deviation."""
    rewards = rewards_of(seed)
    theirs, _ = verl.compute_reinforce_plus_plus_outcome_advantage(
        **verls(rewards), config=SimpleNamespace(gamma=1.0)
    )
    own = ours(rewards, baseline="batch_mean", scale="batch_std")
    assert torch.allclose(own, theirs.reshape(-1), rtol=1e-5)
    theirs, _ = verl.compute_reinforce_plus_plus_baseline_outcome_advantage(
        **verls(rewards), index=index()
    )
    own = ours(rewards, baseline="group_mean", scale="batch_std")
    assert torch.allclose(own, theirs.reshape(-1), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("chain", [(1.0, 1.0), (1.0, 0.95), (0.9, 0.5), (0.99, 0.0)])
def test_returns_are_verls(verl: Any, chain: Sequence[float]) -> None:
    """Its advantages are whitened over the batch; the returns are not."""
    gamma, lam = chain
    generator = torch.Generator().manual_seed(0)
    rewards, values = torch.randn(2, 4, 9, generator=generator, dtype=torch.float64)
    _, theirs = verl.compute_gae_advantage_return(
        rewards, values, torch.ones_like(values), gamma, lam
    )
    for row in range(len(rewards)):
        _, returns = gae(rewards[row], values[row], gamma, lam)
        assert torch.allclose(returns, theirs[row])
