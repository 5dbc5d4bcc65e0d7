"""Multi-turn RL in one file: a transformer of random weights learns to play text adventures.

Everything about episodes is agentrl's: real TextWorld games, a policy that samples in this process,
and an exact record of every token. Everything about learning is here: groups of episodes of a game,
each judged against the others (GRPO, arXiv 2402.03300), a clipped loss on sampled tokens, AdamW.
No expert, no GPU, no network; two to five minutes on two CPU cores.

    python examples/grpo_in_one_file.py [--steps 12] [--games 8] [--samples 8]
"""

import argparse
import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from agentrl.agents.llm import LLMAgent
from agentrl.agents.tokens import TokenSequence, token_sequences
from agentrl.envs.build import env_class
from agentrl.envs.tasks import world_seed
from agentrl.episode import Episode
from agentrl.models.scratch import scratch_checkpoint
from agentrl.models.transformers import TransformersModel
from agentrl.rollout.job import Job, agent_seed
from agentrl.rollout.local import LocalPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.rollout.texts import suite_texts
from agentrl.suite import SuiteSpec
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.task import Task

# What a suite file would say. `constrain` lets the model choose among the commands that the game
# lists, token by token, so that it need not learn to spell first. `progress` rewards every step
# towards the goal: won games alone would be too rare for a model that knows nothing.
SUITE = SuiteSpec.model_validate(
    {
        "name": "grpo-in-one-file",
        "env": {
            "id": "agentrl/TextWorld-v0",
            "options": {"preset": "w2-o2-q2", "admissible": True},
        },
        "tasks": {"generate": {"count": 1}},
        "agent": {
            "model": {"backend": "transformers", "scratch": {}},
            "constrain": True,
            "sampling": {"max_tokens": 32},
        },
        "reward": {"terms": {"success": 1.0, "progress": 0.5}},
        "limits": {"max_turns": 6},
    }
)
CLIP = 0.2


def games(count: int, seed: int) -> Sequence[Task]:
    """Return games that are made from their seeds; other seeds give other games."""
    return env_class(SUITE.env.id).generate(count, seed, SUITE.env.options)


# --- Sampling: agentrl plays, and records what was sampled -------------------------------------


async def play(rollout: Rollout, tasks: Sequence[Task], samples: int, name: str) -> list[Episode]:
    """Play each game several times, all at once; episodes of a game share its group id."""
    jobs = [
        Job(
            key=f"{name}/{task.id}#{number}",
            task=task,
            seed=world_seed(0, task),
            agent_seed=agent_seed(0, f"{name}/{task.id}#{number}"),
        )
        for task in tasks
        for number in range(samples)
    ]
    episodes: list[Episode] = []
    await rollout.run(jobs, episodes.append)
    # An episode that infrastructure failed has no reward, not a reward of zero: it is left out.
    return [episode for episode in episodes if episode.status.scored]


# --- Advantages: better or worse than the same game's other episodes ----------------------------


def group_advantages(episodes: Sequence[Episode]) -> list[float]:
    """Return for each episode its reward against its group's, in standard deviations."""
    groups: dict[str, list[float]] = {}
    for episode in episodes:
        groups.setdefault(episode.group_id, []).append(episode.reward)
    return [
        (episode.reward - statistics.fmean(rewards)) / (statistics.pstdev(rewards) + 1e-6)
        for episode in episodes
        for rewards in [groups[episode.group_id]]
    ]


@dataclass(frozen=True)
class Sample:
    """A conversation's tokens as they were sampled, and what they were worth."""

    tokens: TokenSequence
    advantage: float


def learnable(episodes: Sequence[Episode]) -> list[Sample]:
    """Return what teaches something; a group whose episodes all earned the same does not."""
    return [
        Sample(sequence, advantage)
        for episode, advantage in zip(episodes, group_advantages(episodes), strict=True)
        if advantage
        for sequence in token_sequences(episode)
    ]


# --- The loss: on sampled tokens, under the distribution that they were sampled from ------------


def choices(tokens: TokenSequence) -> list[int]:
    """Return the positions of sampled tokens that had an alternative; the others teach nothing."""
    return [
        position
        for position, (sampled, allowed) in enumerate(
            zip(tokens.sampled, tokens.allowed, strict=True)
        )
        if sampled and (allowed is None or len(allowed) > 1)
    ]


def logprobs(policy: Any, tokens: TokenSequence, positions: Sequence[int]) -> Tensor:
    """Return how likely the policy finds the tokens at some positions, among those allowed."""
    ids = torch.tensor([tokens.token_ids])
    states = policy.model(input_ids=ids, use_cache=False).last_hidden_state[0]
    # The state before a token predicts it. Scores are computed there and nowhere else.
    scores = policy.lm_head(states[[position - 1 for position in positions]])
    mask = torch.full_like(scores, -torch.inf)
    for row, position in enumerate(positions):
        allowed = tokens.allowed[position]
        mask[row, slice(None) if allowed is None else list(allowed)] = 0.0
    chosen = ids[0, list(positions)].unsqueeze(1)
    picked: Tensor = (scores + mask).log_softmax(-1).gather(1, chosen).squeeze(1)
    return picked


def update(policy: Any, optimiser: torch.optim.Optimizer, samples: Sequence[Sample]) -> float:
    """Take one optimiser step on some conversations and return the loss."""
    total = 0.0
    for sample in samples:
        positions = choices(sample.tokens)
        if not positions:
            continue
        old = torch.tensor([sample.tokens.logprobs[position] for position in positions])
        ratio = torch.exp(logprobs(policy, sample.tokens, positions) - old)
        # The clip takes away the reason to move a token further once it has moved by a fifth.
        clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
        gain = torch.minimum(ratio * sample.advantage, clipped * sample.advantage)
        loss = -gain.sum() / (len(samples) * 10)  # a constant: long episodes count as they are
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()
    return total


# --- The loop ----------------------------------------------------------------------------------


def success(episodes: Sequence[Episode]) -> float:
    """Return the share of games that were won."""
    return statistics.fmean(episode.outcome["success"] for episode in episodes)


async def train(args: argparse.Namespace) -> None:
    """Evaluate, learn for some steps, and evaluate again on games that were never trained on."""
    training, held_out = games(args.games * 4, seed=1000), games(args.held_out, seed=9000)
    checkpoint = _scratch(training)
    policy: Any = AutoModelForCausalLM.from_pretrained(checkpoint)
    optimiser = torch.optim.AdamW(policy.parameters(), lr=args.lr, weight_decay=0.0)

    # Two copies of the weights: one samples, one learns. After each step the first gets the second.
    sampler = TransformersModel(
        TransformersSpec(backend="transformers", checkpoint=str(checkpoint))
    )
    player = LocalPlayer(SUITE, LLMAgent(sampler, SUITE.agent))
    await player.start()
    rollout = Rollout(player, concurrency=64, retries=2)
    try:
        before = success(await play(rollout, held_out, 1, "before"))
        print(f"held-out success before: {before:.0%} of {len(held_out)} games", flush=True)
        for step in range(1, args.steps + 1):
            first = (step - 1) * args.games % len(training)
            drawn = training[first : first + args.games]
            episodes = await play(rollout, drawn, args.samples, f"step-{step}")
            samples = learnable(episodes)
            # Four updates of a quarter each: later ones are off-policy, which the ratio corrects.
            for quarter in range(4):
                if samples[quarter::4]:
                    await asyncio.to_thread(update, policy, optimiser, samples[quarter::4])
            await sampler.load_weights(policy.state_dict(), version=step)
            reward = statistics.fmean(episode.reward for episode in episodes)
            won = success(episodes)
            print(
                f"step {step:2}: reward {reward:.2f}, {won:.0%} of {len(episodes)} episodes won",
                flush=True,
            )
        after = success(await play(rollout, held_out, 1, "after"))
        print("\nheld-out success\n  before RL  after RL")
        print(f"  {before:9.0%}  {after:8.0%}   ({len(held_out)} games)")
    finally:
        await player.close()


def _scratch(tasks: Sequence[Task]) -> Path:
    """Return a small checkpoint with random weights and a tokenizer for what these games say."""
    size = Scratch(hidden_size=128, layers=2, vocabulary=2048)
    return scratch_checkpoint(list(suite_texts(SUITE, tasks)), size)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--games", type=int, default=8, help="games of a step")
    parser.add_argument("--samples", type=int, default=8, help="episodes of each game")
    parser.add_argument("--held-out", type=int, default=40, help="games to evaluate on")
    parser.add_argument("--lr", type=float, default=2e-3)
    asyncio.run(train(parser.parse_args()))


if __name__ == "__main__":
    main()
