"""Answering questions with a policy and its pool, exactly as the policy plays in training."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from uuid import uuid4

from agentrl.agents.base import Agent
from agentrl.agents.build import build_agent
from agentrl.agents.choice.agent import ChoiceAgent
from agentrl.agents.choice.build import build_policy
from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.envs.build import build_env, env_class
from agentrl.episode import Call, Episode, Generation, StopReason
from agentrl.errors import UsageError
from agentrl.models.base import Model
from agentrl.models.build import build_model
from agentrl.orchestrator.loop import close_or_warn
from agentrl.orchestrator.serving.game import Game, Tell
from agentrl.orchestrator.serving.request import Asked, RequestError
from agentrl.orchestrator.serving.source import Served
from agentrl.orchestrator.workflow import Workflow
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job, agent_seed
from agentrl.rollout.lane import Lane
from agentrl.task import Task


@dataclass(frozen=True, slots=True)
class Solved:
    """What came of a question."""

    answer: str
    workflows: tuple[Workflow, ...]
    """What was executed, in order; of a program the largest that it grew to."""
    calls: tuple[Call, ...]
    plans: tuple[str, ...]
    """What the policy wrote or chose, turn by turn."""
    planned: tuple[Generation, ...]
    """The policy's own answers, where it is a language model."""

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in and out over all calls, the policy's own included."""
        usages = [generation.usage for generation in self._generations]
        return sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)

    @property
    def cost_usd(self) -> float:
        """What all calls cost, the policy's own included."""
        return sum(generation.cost_usd for generation in self._generations)

    @property
    def _generations(self) -> list[Generation]:
        asked = [call.generation for call in self.calls if call.generation is not None]
        return [*asked, *self.planned]


class Solver:
    """A policy and its pool, for many questions at a time.

    Args:
        served: what ``read_source`` found.
        tries: how often the policy may try where it gives nothing that can be executed.

    Raises:
        UsageError: the policy cannot be built.
    """

    def __init__(self, served: Served, *, tries: int = 3) -> None:
        self._served, self._spec, self._tries = served, served.spec, tries
        self._build = partial(
            build_env, self._spec.env, self._spec.sandbox, self._spec.orchestrator
        )
        self._model: Model | None = None
        self._policy: ChoicePolicy | None = None
        agent = self._spec.agent
        if agent.kind == "llm" and agent.model is not None:
            self._model = build_model(agent.model)
        elif agent.kind == "choice":
            self._policy = build_policy(agent.choice, env_class(self._spec.env.id))
        elif not {"topology", "planner"} & set(self._spec.env.options):
            raise UsageError(
                "an agent of kind 'expert' plans for every question where the suite names a "
                "'topology' or a 'planner' in env.options, and this one names none"
            )

    @property
    def name(self) -> str:
        """What clients call the model: the suite's name."""
        return self._spec.name

    async def start(self) -> None:
        """Load or reach the policy's model."""
        if self._model is not None:
            await self._model.start()

    async def close(self) -> None:
        """End the policy's model, and the workers with theirs."""
        try:
            if self._model is not None:
                await self._model.close()
        finally:
            await asyncio.to_thread(close_or_warn)

    async def solve(self, asked: Asked, number: int = 0, tell: Tell | None = None) -> Solved:
        """Answer a question; when the wait is cancelled, so are the workers.

        Args:
            asked: the question.
            number: which of its ``n`` answers, from 0; each has its own seed.
            tell: is told what goes on, on the running event loop.

        Raises:
            RequestError: there is no answer; says why, for the client.
            UsageError: the suite cannot be used.
        """
        seed = random.randrange(2**31) if asked.seed is None else (asked.seed + number) % 2**31
        before: list[Solved] = []
        why = ""
        for again in range(self._tries):
            game = Game(self._spec.env.id, self._build, self._agent(asked), tell)
            episode = await self._play(asked, (seed + 1_000_003 * again) % 2**31, game)
            solved = _joined([*before, self._solved(episode, game)])
            if solved.answer:
                return solved
            _raise_what_stays(episode)
            before, why = [solved], episode.final_observation[:500]
        raise RequestError(
            f"the policy gave nothing that can be carried out: {why}",
            code="no_workflow",
            status=503,
            kind="server_error",
        )

    def _agent(self, asked: Asked) -> Agent:
        """Return the policy, sampling as a request wants it."""
        spec = self._spec.agent
        wanted = {"temperature": asked.temperature, "top_p": asked.top_p}
        update = {name: value for name, value in wanted.items() if value is not None}
        spec = spec.model_copy(update={"sampling": spec.sampling.model_copy(update=update)})
        if self._policy is not None:
            policy = self._policy
            return ChoiceAgent(lambda _: policy, spec.sampling.temperature)
        return build_agent(spec, self._model)

    async def _play(self, asked: Asked, seed: int, game: Game) -> Episode:
        key = f"served-{uuid4().hex}"
        group = self._served.group if asked.group is None else asked.group
        task = Task(key, group=group, data={"question": asked.question})
        job = Job(key, task, seed=seed, agent_seed=agent_seed(seed, "served"))
        lane = Lane("serve")
        attempt = Attempt(job, game, game.agent, lane, self._spec.limits)
        playing = asyncio.create_task(attempt.play())
        try:
            return await asyncio.shield(playing)
        except asyncio.CancelledError:
            game.scope.cancel()  # first, or the environment would not come back
            playing.cancel()
            await playing
            raise
        finally:
            game.scope.cancel()
            lane.end()

    def _solved(self, episode: Episode, game: Game) -> Solved:
        """Return what an episode came to, with or without an answer."""
        generations = [g for turn in episode.turns for g in turn.generations]
        return Solved(
            answer=game.answer or "",
            workflows=_last_grown(game.workflows),
            calls=tuple(call for turn in episode.turns for call in turn.calls),
            plans=tuple(turn.action for turn in episode.turns),
            planned=tuple(generations) if self._model is not None else (),
        )


def _last_grown(workflows: Sequence[Workflow]) -> tuple[Workflow, ...]:
    """Return workflows without those that the next one only grows."""
    kept = [now for now, after in pairwise(workflows) if not set(now.nodes) < set(after.nodes)]
    return (*kept, *workflows[-1:])


def _joined(tries: Sequence[Solved]) -> Solved:
    """Return the last of several tries, with what all of them took."""
    return Solved(
        tries[-1].answer,
        tries[-1].workflows,
        tuple(call for solved in tries for call in solved.calls),
        tuple(plan for solved in tries for plan in solved.plans),
        tuple(generation for solved in tries for generation in solved.planned),
    )


def _raise_what_stays(episode: Episode) -> None:
    """Raise what another try would not mend.

    Raises:
        RequestError: always, but where the policy alone is to blame.
    """
    failed = partial(RequestError, kind="server_error")
    if episode.error is not None:
        late = episode.error.kind == "DeadlineError"
        ours = episode.error.kind == "EnvError"
        status, code = (504, "timeout") if late else (500, None) if ours else (503, "no_answer")
        raise failed(f"there is no answer: {episode.error.message}", code=code, status=status)
    match episode.stop_reason:
        case StopReason.CONTEXT_FULL:
            raise RequestError(
                "the messages are too long for the policy that plans for them",
                param="messages",
                code="context_length_exceeded",
            )
        case StopReason.DEADLINE:
            raise failed("no answer came within limits.episode_s", code="timeout", status=504)
        case StopReason.AGENT_GAVE_UP:
            raise failed("the suite has no plan for this question", code="no_plan", status=503)
        case StopReason.TERMINATED:
            why = next((c.error for turn in episode.turns for c in turn.calls if c.error), "")
            why = why or "no worker gave an answer within the limits"
            raise failed(f"there is no answer: {why}", code="no_answer", status=503)
