"""Search at run time, guided by a scorer: of what could be done, go on with what looks best."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from agentrl.agents.base import View
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.models.scorers.base import ProgressScorer
from agentrl.rollout.prefix import Prefix
from agentrl.task import Task

Build = Callable[[], TextEnv]
"""Returns a new environment."""

Propose = Callable[[View], Sequence[str]]
"""Returns the actions to try from what is seen."""


def legal(view: View) -> Sequence[str]:
    """Propose every legal action."""
    return view.legal_actions or ()


@dataclass(frozen=True, slots=True)
class _Branch:
    episode: Episode
    score: float


def guided_search(
    build: Build,
    task: Task,
    seed: int,
    scorer: ProgressScorer,
    *,
    propose: Propose = legal,
    beam: int = 4,
    depth: int = 10,
) -> Episode:
    """Return the best episode that a beam search finds.

    From each kept branch every proposed action is tried in a fresh environment that was brought to
    the branch's end; of all results the ``beam`` that the scorer values most are kept. ARMAP
    (arXiv 2502.12130) guides search by its trajectory model so; a branch that ends with success
    ends the search.

    Args:
        build: returns a new environment.
        task: what to solve.
        seed: of its world.
        scorer: values what was done so far.
        propose: which actions to try.
        beam: branches that are kept.
        depth: most turns.
    """
    kept = [_Branch(_begun(build, task, seed), 0.0)]
    finished: list[_Branch] = []
    for _ in range(depth):
        tried = [
            _Branch(found, scorer.score(found)[-1])
            for branch in kept
            for found in _tried(build, task, branch.episode, propose)
        ]
        ended = [b for b in tried if b.episode.stop_reason is StopReason.TERMINATED]
        won = [b for b in ended if b.episode.outcome.get("success", 0.0) >= 1.0]
        if won:
            return won[0].episode
        finished += ended
        kept = _best([b for b in tried if b not in ended], beam)
        if not kept:
            break
    return _best([*finished, *kept], 1)[0].episode


def _best(branches: Sequence[_Branch], count: int) -> list[_Branch]:
    return sorted(branches, key=lambda branch: -branch.score)[:count]


def _begun(build: Build, task: Task, seed: int) -> Episode:
    with closing(build()) as env:
        observation, _ = env.reset(seed=seed, options={"task": task})
    return Episode(
        id=f"{task.id}/search",
        task_id=task.id,
        group_id=task.id,
        seed=seed,
        agent="search",
        status=Status.TRUNCATED,
        stop_reason=StopReason.MAX_TURNS,
        final_observation=observation,
        task_group=task.group,
    )


def _tried(build: Build, task: Task, episode: Episode, propose: Propose) -> list[Episode]:
    with closing(build()) as env:
        _bring(env, task, episode)
        view = View(episode.final_observation, env.legal_actions())
    return [_with(build, task, episode, action) for action in propose(view)]


def _bring(env: TextEnv, task: Task, episode: Episode) -> None:
    """Bring a new environment to where an episode is."""
    observation, _ = env.reset(seed=episode.seed, options={"task": task})
    Prefix.of(episode, len(episode.turns)).play_again(env, observation)


def _with(build: Build, task: Task, episode: Episode, action: str) -> Episode:
    with closing(build()) as env:
        _bring(env, task, episode)
        observation, reward, terminated, truncated, info = env.step(action)
        turn = Turn(
            episode.final_observation, action, signals=info["signals"], env_reward=float(reward)
        )
        ended = terminated or truncated
        return replace(
            episode,
            turns=(*episode.turns, turn),
            final_observation=observation,
            outcome=info["outcome"] if ended else env.outcome(),
            status=Status.OK if terminated else Status.TRUNCATED,
            stop_reason=StopReason.TERMINATED if ended else StopReason.MAX_TURNS,
        )
