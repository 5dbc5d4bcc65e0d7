"""Episodes for supervised training: played by an expert or a real model, or recorded earlier."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
import yaml

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn
from agentrl.errors import RecordError
from agentrl.models.checkpoint import silence_transformers
from agentrl.models.scratch import build_checkpoint
from agentrl.runs.folder import RunFolder, read_episodes
from agentrl.suite import load_suite
from agentrl.suite.model import Scratch
from agentrl.suite.train import SftSpec
from agentrl.training.demonstration import EXPERT
from agentrl.training.engines import build_engine
from agentrl.training.plan import Plan, check_training
from agentrl.training.playground import Playground
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch
from agentrl.training.warm_start import DEMONSTRATIONS, demonstrate, warm_start
from agentrl.training.watch import NoWatch
from agentrl.training.watchdog import Watchdog
from agentrl.training.workshop import Arithmetic, Workshop

T = TypeVar("T")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of chance: held to legal actions, it counts up about as often as down."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    scratch = Scratch(hidden_size=32, layers=1, vocabulary=300)
    return build_checkpoint(folder, ["The counter shows 1. up down"], scratch)


@dataclass(frozen=True, slots=True)
class Bench:
    """A workshop around a real engine, for one thing to be done in it."""

    checkpoint: Path
    folder: Path

    def suite(self, sft: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "name": "counter",
            "env": {"id": "agentrl.testing.worlds:agentrl-testing/Counter-v0"},
            "tasks": {"inline": [{"id": "a", "seed": 0}, {"id": "b", "seed": 0}]},
            "agent": {
                "model": {
                    "backend": "transformers",
                    "checkpoint": str(self.checkpoint),
                    "device": "cpu",
                    "threads": 1,
                },
                "constrain": True,
            },
            "limits": {"max_turns": 3},
            "rollouts": {"retries": 0},
            "train": {"sft": sft},
            **more,
        }

    def plan(self, sft: dict[str, Any], **more: Any) -> Plan:
        file = self.folder / "suite.yaml"
        file.write_text(yaml.safe_dump(self.suite(sft, **more)))
        return check_training(load_suite(file))

    def do(self, what: Callable[[Workshop], Awaitable[T]], plan: Plan) -> T:
        async def run() -> T:
            async with AsyncExitStack() as stack:
                engine = build_engine(
                    plan.suite.spec.policy, plan.model, self.checkpoint, work=self.folder / "engine"
                )
                stack.push_async_callback(engine.close)
                await engine.start()
                playground = Playground(engine.agent)
                stack.push_async_callback(playground.close)
                arithmetic = Arithmetic()
                stack.callback(arithmetic.close)
                workshop = Workshop(
                    plan,
                    stack.enter_context(RunFolder.create(self.folder / "run", "name: counter\n")),
                    NoWatch(),
                    stack.enter_context(Watchdog(900.0, print)),
                    arithmetic,
                    Policy(_load(self.checkpoint)),
                    engine,
                    playground,
                )
                return await what(workshop)

        return asyncio.run(run())

    def warm_start(self, sft: dict[str, Any], **more: Any) -> Batch:
        plan = self.plan(sft, **more)
        return self.do(lambda workshop: warm_start(workshop, SftSpec.model_validate(sft)), plan)

    def demonstrate(self, **more: Any) -> dict[str, Batch]:
        return self.do(demonstrate, self.plan({}, **more))

    @property
    def played(self) -> list[Episode]:
        return sorted(read_episodes(self.folder / "run" / DEMONSTRATIONS), key=lambda e: e.id)


def _load(checkpoint: Path) -> Any:
    import transformers

    silence_transformers()
    untyped: Any = transformers
    return untyped.AutoModelForCausalLM.from_pretrained(checkpoint)


@pytest.fixture
def bench(checkpoint: Path, tmp_path: Path) -> Bench:
    return Bench(checkpoint, tmp_path)


def ids(batch: Batch) -> list[str]:
    return [trajectory.episode_id for trajectory in batch.trajectories]


def inline(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"inline": [{"seed": 0, **task} for task in tasks]}


RISE = {"terms": {"success": 1.0, "rise": 0.1}}


def test_an_expert_plays_each_task_once(bench: Bench) -> None:
    batch = bench.warm_start({})
    assert ids(batch) == ["a#0", "b#0"]
    assert all(trajectory.success for trajectory in batch.trajectories)
    assert [episode.agent for episode in bench.played] == [EXPERT] * 2
    assert all(any(sample.tokens.sampled) for sample in batch.samples)


def test_sft_may_have_tasks_of_its_own(bench: Bench) -> None:
    sft = {"tasks": {"inline": [{"id": "own", "seed": 0}]}}
    assert ids(bench.warm_start(sft)) == ["own#0"]


def test_a_task_that_the_expert_cannot_solve_is_not_learnt(bench: Bench) -> None:
    """With seed 1 the counter begins below zero, and three turns are too few."""
    tasks = inline({"id": "near"}, {"id": "far", "seed": 1})
    assert ids(bench.warm_start({}, tasks=tasks)) == ["near#0"]
    assert [e.status for e in bench.played] == [Status.TRUNCATED, Status.OK]


@pytest.mark.parametrize("trouble", [{"crash_at": 1}, {"unscored": True}])
def test_an_episode_that_failed_is_recorded_and_not_learnt(
    bench: Bench, trouble: dict[str, Any]
) -> None:
    tasks = inline({"id": "good"}, {"id": "bad", **trouble})
    assert ids(bench.warm_start({}, tasks=tasks)) == ["good#0"]
    assert [e.id for e in bench.played] == ["bad#0", "good#0"]
    assert not bench.played[0].status.scored


def test_where_no_episode_is_good_enough_the_message_says_which_threshold(bench: Bench) -> None:
    tasks = inline({"id": "far", "seed": 1}, {"id": "farther", "seed": 1})
    with pytest.raises(
        RecordError,
        match=r"train\.sft: none of 2 episodes of source 'expert' reaches a success.*"
        r"lower train\.sft\.min_reward, or take other tasks",
    ):
        bench.warm_start({}, tasks=tasks)


def test_a_threshold_of_reward_is_named_too(bench: Bench) -> None:
    with pytest.raises(RecordError, match=r"none of 2 episodes .* reaches reward 1\.5 "):
        bench.warm_start({"min_reward": 1.5})


def test_a_threshold_of_reward_lets_failures_in(bench: Bench) -> None:
    tasks = inline({"id": "near"}, {"id": "far", "seed": 1})
    batch = bench.warm_start({"min_reward": 0.25}, tasks=tasks, reward=RISE)
    assert ids(batch) == ["far#0", "near#0"]
    assert [trajectory.success for trajectory in batch.trajectories] == [False, True]


BEST = {"source": "best_of_n", "attempts": 8, "min_reward": -9.0}


@pytest.mark.parametrize("best", [1, 3, 8])
def test_of_each_task_the_best_attempts_of_the_policy_are_kept(bench: Bench, best: int) -> None:
    batch = bench.warm_start({**BEST, "best": best}, reward=RISE)
    for task in ("a", "b"):
        rewards = sorted((e.reward for e in bench.played if e.task_id == task), reverse=True)
        assert len(rewards) == 8
        assert rewards[0] > rewards[-1]
        kept = [t.total for t in batch.trajectories if t.group_id == task]
        assert kept == pytest.approx(rewards[:best])


def test_of_equally_good_attempts_the_first_is_kept(bench: Bench) -> None:
    batch = bench.warm_start(BEST, reward={"terms": {"rise": 0.0}})
    assert ids(batch) == ["a#0", "b#0"]


def test_even_the_best_attempt_of_a_task_is_dropped_where_it_failed(bench: Bench) -> None:
    """RAFT: of the near task some attempts succeed by chance, of the far one none can."""
    tasks = inline({"id": "near"}, {"id": "far", "seed": 1})
    env = {
        "id": "agentrl.testing.worlds:agentrl-testing/Counter-v0",
        "options": {"target": 1},
    }
    batch = bench.warm_start(
        {"source": "best_of_n", "attempts": 8, "best": 2},
        tasks=tasks,
        env=env,
        limits={"max_turns": 1},
    )
    won = [e.id for e in bench.played if e.outcome["success"] == 1.0]
    assert len(bench.played) == 16
    assert 2 <= len(won) < 8
    assert ids(batch) == won[:2]
    assert {t.group_id for t in batch.trajectories} == {"near"}


def test_attempts_that_failed_do_not_stand_among_the_best(bench: Bench) -> None:
    tasks = inline({"id": "good"}, {"id": "bad", "crash_at": 1})
    batch = bench.warm_start({**BEST, "attempts": 2, "best": 2}, tasks=tasks, reward=RISE)
    assert {t.group_id for t in batch.trajectories} == {"good"}


def test_attempts_of_the_policy_are_learnt_in_the_tokens_that_it_sampled(bench: Bench) -> None:
    batch = bench.warm_start({**BEST, "attempts": 2})
    by_id = {episode.id: episode for episode in bench.played}
    for sample in batch.samples:
        answers = [g for turn in by_id[sample.episode_id].turns for g in turn.generations]
        said = [token for answer in answers for token in answer.token_ids or ()]
        mine = zip(sample.tokens.token_ids, sample.tokens.sampled, strict=True)
        assert [token for token, sampled in mine if sampled] == said


def test_a_stop_keeps_the_episodes_that_ended_and_nothing_else(bench: Bench) -> None:
    sft = {**BEST, "attempts": 200}
    plan = bench.plan(sft)

    async def stopped(workshop: Workshop) -> None:
        collecting = asyncio.create_task(warm_start(workshop, SftSpec.model_validate(sft)))
        while not (workshop.folder.path / DEMONSTRATIONS).exists():
            await asyncio.sleep(0.001)
        collecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await collecting

    bench.do(stopped, plan)
    assert 0 < len(bench.played) < 400
    assert all(one.status.final for one in bench.played)


def answer(*, recorded: bool = True) -> Generation:
    return Generation(
        text="up",
        finish_reason="stop",
        model="m",
        sampling=Sampling(),
        token_ids=(3,) if recorded else None,
        logprobs=(-0.5,) if recorded else None,
        prompt_token_ids=(1, 2) if recorded else None,
    )


def episode(name: str, success: float = 1.0, status: Status = Status.OK) -> Episode:
    return Episode(
        id=name,
        task_id=name.partition("#")[0],
        group_id=name.partition("#")[0],
        seed=0,
        agent="m",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("", "up", (answer(),), terms={"success": success}),),
        outcome={"success": success},
    )


def recorded(folder: Path, *episodes: Episode) -> dict[str, Any]:
    """Return an ``sft`` section whose source is a run of some episodes."""
    with RunFolder.create(folder / "earlier", "name: earlier\n") as run:
        for one in episodes:
            run.append(one)
    return {"source": "run", "run": str(folder / "earlier")}


def test_the_successes_of_an_earlier_run_are_learnt(bench: Bench) -> None:
    sft = recorded(bench.folder, episode("a#0"), episode("a#1", 0.0), episode("b#0"))
    assert ids(bench.warm_start(sft)) == ["a#0", "b#0"]


def test_nothing_is_played_where_a_run_is_the_source(bench: Bench) -> None:
    bench.warm_start(recorded(bench.folder, episode("a#0")))
    assert not (bench.folder / "run" / DEMONSTRATIONS).exists()


def test_a_run_may_be_named_by_its_file_of_episodes(bench: Bench) -> None:
    sft = recorded(bench.folder, episode("a#0"))
    sft["run"] += "/episodes.jsonl"
    assert ids(bench.warm_start(sft)) == ["a#0"]


def test_every_good_episode_of_a_run_is_learnt_not_only_the_best(bench: Bench) -> None:
    sft = recorded(bench.folder, *(episode(f"a#{n}", n / 2) for n in range(4)))
    sft["min_reward"] = 0.5
    assert ids(bench.warm_start(sft)) == ["a#1", "a#2", "a#3"]


@pytest.mark.parametrize("status", [Status.INFRA_FAILED, Status.UNSCORED, Status.CANCELLED])
def test_episodes_of_a_run_that_are_not_scored_are_not_learnt(bench: Bench, status: Status) -> None:
    sft = recorded(bench.folder, episode("a#0", status=status), episode("a#1"))
    sft["min_reward"] = 0.0
    assert ids(bench.warm_start(sft)) == ["a#1"]


def test_a_run_without_answers_of_a_model_cannot_be_learnt_from(bench: Bench) -> None:
    """Such as that of an expert agent, which has no model."""
    silent = replace(episode("a#0"), turns=(Turn("", "up", terms={"success": 1.0}),))
    sft = recorded(bench.folder, silent)
    with pytest.raises(RecordError, match="none of 1 episodes of source 'run' reaches a success"):
        bench.warm_start(sft)


def test_a_run_recorded_without_tokens_is_refused_by_the_name_of_its_episode(
    bench: Bench,
) -> None:
    bare = Turn("", "up", (answer(recorded=False),), terms={"success": 1.0})
    sft = recorded(bench.folder, replace(episode("a#0"), turns=(bare,)))
    with pytest.raises(RecordError, match=r"'a#0'.*which training needs"):
        bench.warm_start(sft)


def test_an_empty_run_is_refused(bench: Bench) -> None:
    with pytest.raises(RecordError, match="none of 0 episodes"):
        bench.warm_start(recorded(bench.folder))


def test_a_run_that_is_not_there_is_named(bench: Bench) -> None:
    with pytest.raises(RecordError, match=r"nowhere: no such file; give a run folder"):
        bench.warm_start({"source": "run", "run": str(bench.folder / "nowhere")})


def test_demonstrations_are_by_task_and_only_of_those_that_were_solved(bench: Bench) -> None:
    tasks = inline({"id": "near"}, {"id": "far", "seed": 1}, {"id": "bad", "crash_at": 0})
    shown = bench.demonstrate(tasks=tasks)
    assert list(shown) == ["near"]
    assert ids(shown["near"]) == ["near#0"]
    assert shown["near"].trajectories[0].success


def test_where_an_expert_solves_nothing_there_are_no_demonstrations(bench: Bench) -> None:
    assert bench.demonstrate(tasks=inline({"id": "far", "seed": 1})) == {}


def test_demonstrations_are_of_the_tasks_of_rl_whatever_sft_has(bench: Bench) -> None:
    plan = bench.plan({"tasks": {"inline": [{"id": "own"}]}})
    assert list(bench.do(demonstrate, plan)) == ["a", "b"]


def test_an_expert_shows_what_the_policy_is_to_choose(bench: Bench) -> None:
    """Held to legal actions, the policy learns which of them, not how to spell it."""
    (sample,) = bench.demonstrate(tasks=inline({"id": "a"}))["a"].samples
    free = [allowed for allowed in sample.tokens.allowed if allowed and len(allowed) > 1]
    assert len(free) == 3
    assert torch.tensor(sample.tokens.sampled).any()
