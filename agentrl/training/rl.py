"""Reinforcement learning: sample, learn, sync, again."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from agentrl.errors import NoSignalError
from agentrl.rewards.appraiser import build_appraiser
from agentrl.runs.folder import METRICS
from agentrl.runs.training import Stage, read_metrics
from agentrl.suite.spec import SuiteSpec
from agentrl.training.checkpoint import Checkpoint, Checkpoints
from agentrl.training.collect import Collector
from agentrl.training.feed import Draw, build_feed
from agentrl.training.held_out import attempt_held_out
from agentrl.training.lesson import Lesson, make_lesson
from agentrl.training.memory import resident_mb
from agentrl.training.metrics import Metrics
from agentrl.training.observed import note_episodes, note_rewards
from agentrl.training.playing_on import rollouts_of
from agentrl.training.rng import restore_rng, rng_state
from agentrl.training.sample import Batch
from agentrl.training.schedules import Schedules
from agentrl.training.tasks import build_sampler
from agentrl.training.team import Learns
from agentrl.training.trackers import Tracker
from agentrl.training.workshop import Workshop

MOST_EMPTY_STEPS = 5
"""So many steps in a row that teach nothing end the training."""


class ReinforcementLearning:
    """The steps of a training, from the first or from a checkpoint on."""

    def __init__(
        self,
        workshop: Workshop,
        checkpoints: Checkpoints,
        tracker: Tracker,
        learner: Learns,
        demonstrations: Mapping[str, Batch] | None = None,
    ) -> None:
        """
        Args:
            workshop: what it works with.
            checkpoints: where it keeps how far it is.
            tracker: gets the metrics of each step.
            learner: updates the workshop's policy.
            demonstrations: expert episodes by task id, where the loss imitates them.
        """
        train = workshop.plan.train
        self.steps_done = 0
        """Steps whose weights the policy has."""
        self._shop = workshop
        self._checkpoints = checkpoints
        self._tracker = tracker
        self._demonstrations = dict(demonstrations or {})
        self._schedules = Schedules(workshop.plan.suite)
        self._sampler = build_sampler(train, workshop.plan.tasks)
        self._learner = learner
        self._appraiser = build_appraiser(
            workshop.spec.reward, workshop.plan.tasks, rollouts_of(workshop)
        )
        self._collector = Collector(
            workshop.playground,
            workshop.folder.append,
            seed=train.seed,
            concurrency=workshop.spec.rollouts.concurrency,
            finished={episode.id: episode for episode in workshop.folder.recorded()},
            appraiser=self._appraiser,
        )
        self._feed = build_feed(
            self._collector, workshop.plan.tasks, train, self._sampler, self._appraiser
        )
        self._state: dict[str, Any] = {}
        self._score: float | None = None
        self._saved = -1
        self._empty_steps = 0
        self._between = Metrics()
        self._remember()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was written.

        Raises:
            CheckpointError: it is damaged, or of another training.
        """
        state = self._checkpoints.load_state(checkpoint)
        self._learner.restore(state["learner"])
        self._sampler.restore(state["sampler"])
        self._schedules.restore(state["schedules"])
        self._feed.restore(state["feed"])
        self._appraiser.restore(state["rewards"])
        restore_rng(state["rng"])
        self.steps_done = self._saved = checkpoint.step
        self._remember()

    async def run(self, go_on: Callable[[], None]) -> None:
        """Take every step that is left.

        Args:
            go_on: called between steps; raises CancelledError to stop there.

        Raises:
            NoSignalError: several steps in a row had nothing to learn from.
            DivergedError: a loss or gradient is not finite; the last checkpoint is intact.
            SyncError: the engine does not have the policy's weights.
            UsageError: a task cannot be used.
        """
        train = self._shop.plan.train
        try:
            if self._saved < 0:
                await self.save()
            for step in range(self.steps_done + 1, train.steps + 1):
                await self._take(step)
                go_on()
            if train.steps and not self._is_evaluated():
                await self._evaluate("rl")
        finally:
            await self._feed.close()
            await self._appraiser.close()

    async def save(self) -> None:
        """Write a checkpoint of the last whole step, unless there is one.

        Raises:
            StorageError: the disk does not take it; earlier ones are intact.
        """
        step, shop = self.steps_done, self._shop
        if self._saved == step:
            return
        started = time.perf_counter()
        async with shop.phase(f"writing the checkpoint of step {step}"):
            await shop.arithmetic.run(
                lambda: self._checkpoints.save(
                    step,
                    shop.policy.save,
                    {**self._state, "learner": self._learner.state()},
                    self._score,
                )
            )
        self._between.add("time/checkpoint_s", time.perf_counter() - started)
        self._saved = step

    async def _take(self, step: int) -> None:
        shop = self._shop
        started, busy = time.perf_counter(), shop.engine.busy_s
        metrics, self._between = self._between, Metrics()
        spec = self._schedules.spec_at(step)
        draw = await self._sample(step, spec, metrics)
        lesson = make_lesson(spec, draw, self._demonstrations)
        if lesson is None:
            self._note_empty(step, draw)
        else:
            await self._learn(lesson, spec, step, metrics)
        self.steps_done = step  # before anything else is awaited: weights and count go together
        self._remember()
        if lesson is not None:
            await sync(shop, step, metrics)
        self._report(step, metrics, started, busy)
        await self._close_step(step)

    async def _sample(self, step: int, spec: SuiteSpec, metrics: Metrics) -> Draw:
        started = time.perf_counter()
        name = f"sampling episodes of step {step}"
        async with self._shop.phase(name, self._collector, lambda: self._collector.planned):
            draw = await self._feed.draw(step, spec)
        metrics.add("time/sample_s", time.perf_counter() - started)
        for count_name, count in draw.counts.items():
            metrics.add(count_name, count)
        episodes = [episode for group in draw.groups for episode in group.episodes]
        self._shop.folder.append_appraisals(episodes)
        note_episodes(metrics, episodes, step - 1)
        note_rewards(metrics, episodes, self._appraiser.state)
        turns = [len(episode.turns) for episode in episodes if episode.status.scored]
        self._schedules.note_turns(turns, step)
        return draw

    async def _learn(self, lesson: Lesson, spec: SuiteSpec, step: int, metrics: Metrics) -> None:
        train = spec.train
        assert train is not None
        self._empty_steps = 0
        metrics.add("episodes/excluded", sum(lesson.batch.excluded.values()))
        started = time.perf_counter()
        async with self._shop.phase(f"learning from the episodes of step {step}"):
            await self._shop.arithmetic.run(
                lambda: self._learner.learn(lesson, train, step, metrics)
            )
        metrics.add("time/train_s", time.perf_counter() - started)

    def _note_empty(self, step: int, draw: Draw) -> None:
        self._empty_steps += 1
        if self._empty_steps < MOST_EMPTY_STEPS:
            return
        counts = draw.counts
        raise NoSignalError(
            f"the last {self._empty_steps} steps, to step {step}, had nothing to learn from: of "
            f"{counts['groups/total']} groups {counts['groups/equal_rewards']} had equal rewards. "
            f"Take tasks that succeed sometimes but not always, a reward with more than one "
            f"value, more episodes of a task (train.group_size), or supervised training first "
            f"(train.sft)"
        )

    def _report(self, step: int, metrics: Metrics, started: float, busy: float) -> None:
        shop = self._shop
        took = time.perf_counter() - started
        metrics.add("time/step_s", took)
        metrics.add("time/engine_busy_share", (shop.engine.busy_s - busy) / took)
        metrics.add("memory/rss_mb", resident_mb())
        metrics.add("tokens/per_s", metrics.result().get("tokens/trained", 0.0) / took)
        for key, value in self._schedules.values_at(step).items():
            metrics.add(f"schedule/{key}", value)
        result = metrics.result()
        shop.folder.append_metrics({"step": step, "phase": "rl", **result})
        self._tracker.log(step, result)
        shop.watch.step(step, result)

    async def _close_step(self, step: int) -> None:
        train = self._shop.plan.train
        self._score = None
        every = train.evaluation.every if train.evaluation else None
        if every and step % every == 0 and step < train.steps:
            await self._evaluate("step")
        if step % train.checkpoints.every == 0 and step < train.steps:
            await self.save()

    def _is_evaluated(self) -> bool:
        """Whether the last step was evaluated, by a start that came to its end."""
        return any(
            line.get("stage") == "rl" and line["step"] == self.steps_done
            for line in read_metrics(self._shop.folder.path / METRICS)
        )

    async def _evaluate(self, stage: Stage) -> None:
        started = time.perf_counter()
        evaluation = await attempt_held_out(self._shop, stage, self.steps_done)
        self._between.add("time/evaluate_s", time.perf_counter() - started)
        if evaluation is not None:
            self._score = evaluation.success.mean
            self._tracker.log(self.steps_done, evaluation.metrics)

    def _remember(self) -> None:
        """Note what a checkpoint of this moment would hold beside what the learner knows."""
        self._state = {
            "sampler": self._sampler.state(),
            "schedules": self._schedules.state(),
            "feed": self._feed.state(),
            "rewards": self._appraiser.memory(),
            "rng": rng_state(),
        }


async def sync(workshop: Workshop, version: int, metrics: Metrics) -> None:
    """Bring the policy's weights to the engine, and check that they are there.

    Raises:
        SyncError: they are not.
    """
    async with workshop.phase("bringing the weights to the engine"):
        report = await workshop.engine.sync(workshop.policy, version)
    metrics.add("sync/seconds", report.seconds)
    metrics.add("time/sync_s", report.seconds)
    metrics.add("sync/bytes", report.bytes)
    metrics.add("sync/gap_max", report.gap)
