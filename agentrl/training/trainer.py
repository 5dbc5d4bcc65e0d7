"""A whole training: evaluate, imitate, then reinforcement learning, into a run folder."""

import asyncio
import logging
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentrl.errors import AgentrlError, DivergedError, PreflightError
from agentrl.rollout.signals import stop_on_signals
from agentrl.runs.folder import RunFolder
from agentrl.runs.training import EVALUATIONS
from agentrl.suite.train import SftSpec
from agentrl.training.checkpoint import Checkpoint, Checkpoints
from agentrl.training.choice.evolution import EvolutionLearner
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.held_out import attempt_held_out
from agentrl.training.learner import Learner
from agentrl.training.load import first_checkpoint, load_reference, load_trainable
from agentrl.training.metrics import Metrics
from agentrl.training.plan import Plan
from agentrl.training.policy import Policy
from agentrl.training.preflight.finding import Verdict
from agentrl.training.preflight.rehearsal import PREFLIGHT, preflight
from agentrl.training.ranks import Ranks
from agentrl.training.rl import ReinforcementLearning, sync
from agentrl.training.sft import sft_updates
from agentrl.training.team import Learns, TeamLearner
from agentrl.training.trackers import Tracker, build_trackers
from agentrl.training.warm_start import DEMONSTRATIONS, demonstrate, warm_start
from agentrl.training.watch import NoWatch, TrainingWatch
from agentrl.training.workshop import REFERENCE, Arithmetic, Workshop, open_workshop

logger = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True)
class TrainingStats:
    """What only the running process knew."""

    steps: int
    """Steps done, those of earlier starts included."""
    duration_s: float
    """How long this start took."""
    interrupted: bool
    """Whether the user stopped it."""


def train_suite(
    plan: Plan,
    folder: RunFolder,
    watch: TrainingWatch | None = None,
    ranks: Ranks = Ranks(),  # noqa: B008 - frozen
) -> TrainingStats:
    """Train as a suite says, into a run folder; go on where the folder's checkpoints end.

    Where torchrun started several processes, this is for the first; the others ``follow``.

    Raises:
        UsageError: a task or the model cannot be used.
        RunStopped: the disk or a service gave out, or training diverged; the last checkpoint is
            intact.
    """
    return asyncio.run(Trainer(plan, folder, watch or NoWatch(), ranks).run())


class Trainer:
    """Trains the policy of one plan."""

    def __init__(self, plan: Plan, folder: RunFolder, watch: TrainingWatch, ranks: Ranks) -> None:
        self._plan = plan
        self._ranks = ranks
        self._base: Path | None = None
        self._folder = folder
        self._watch = watch
        section = plan.train.checkpoints
        self._checkpoints = Checkpoints(
            folder.path / CHECKPOINTS, section.keep_last, section.keep_best
        )
        self._arithmetic = Arithmetic()
        self._learning: ReinforcementLearning | None = None
        self._stopping = False
        self._task: asyncio.Task[object] | None = None

    async def run(self) -> TrainingStats:
        """Train to the end, or until the user stops it."""
        started = time.perf_counter()
        self._task = asyncio.current_task()
        with stop_on_signals(self.stop):
            try:
                await self._train()
            except asyncio.CancelledError:
                if not self._stopping or self._task is None:
                    raise
                self._task.uncancel()
            finally:
                self._arithmetic.close()
        steps = self._learning.steps_done if self._learning else 0
        return TrainingStats(steps, time.perf_counter() - started, self._stopping)

    def stop(self) -> None:
        """End soon: an update under way is finished and saved, sampling is cut off."""
        self._stopping = True
        logger.warning("stopping: what was sampled is kept, and the last step is saved")
        if self._task is not None and not self._arithmetic.busy:
            self._task.cancel()

    async def _train(self) -> None:
        newest = self._checkpoints.latest()
        self._watch.phase("loading the policy")
        base = self._base = await asyncio.to_thread(self._weights_to_load, newest)
        policy = await self._arithmetic.run(lambda: load_trainable(base, self._plan))
        self._go_on()
        tracker = build_trackers(
            self._plan.train.trackers,
            self._folder.path,
            self._folder.path.name,
            self._plan.suite.spec.model_dump(mode="json"),
            after_step=newest.step if newest else 0,
        )
        with closing(tracker):
            async with open_workshop(
                self._plan, self._folder, self._watch, self._arithmetic, policy, base
            ) as workshop:
                await self._stages(workshop, tracker, newest)

    def _weights_to_load(self, newest: Checkpoint | None) -> Path | None:
        """Return a checkpoint's folder; adapters go on from the weights they were made for."""
        if newest is not None and self._plan.suite.spec.policy.lora is None:
            return newest.path
        return first_checkpoint(self._plan)

    async def _stages(
        self, workshop: Workshop, tracker: Tracker, newest: Checkpoint | None
    ) -> None:
        if newest is None:
            await self._before_rl(workshop)
        demonstrations = None
        if self._plan.train.imitates:
            demonstrations = await demonstrate(workshop)
        learner = await self._arithmetic.run(lambda: self._learner(workshop))
        learning = ReinforcementLearning(
            workshop, self._checkpoints, tracker, learner, demonstrations
        )
        self._learning = learning
        if newest is not None:
            learning.restore(newest)
            await sync(workshop, newest.step, Metrics())
        try:
            await learning.run(self._go_on)
        except DivergedError:
            raise  # the weights may be those of half a step; the last checkpoint's are not
        except (AgentrlError, asyncio.CancelledError):
            await learning.save()
            raise
        else:
            await learning.save()
        finally:
            if isinstance(learner, TeamLearner):
                learner.close()

    async def _before_rl(self, workshop: Workshop) -> None:
        """Evaluate the policy as it came, imitate, and evaluate what came of it."""
        for leftover in (PREFLIGHT, EVALUATIONS, DEMONSTRATIONS):  # of a start that was killed
            (self._folder.path / leftover).unlink(missing_ok=True)
        await self._preflight(workshop)
        await attempt_held_out(workshop, "base", 0)
        self._go_on()
        if self._plan.train.sft is not None:
            await self._imitate(workshop, self._plan.train.sft)
            await sync(workshop, 0, Metrics())
            await attempt_held_out(workshop, "sft", 0)
        if self._plan.train.loss.kl != "none":
            reference = self._folder.path / REFERENCE
            await self._arithmetic.run(lambda: workshop.policy.save(reference))

    async def _preflight(self, workshop: Workshop) -> None:
        if not self._plan.train.preflight:
            return
        findings = await preflight(workshop)
        self._watch.preflight(findings)
        for finding in findings:
            level = logging.INFO if finding.verdict is Verdict.OK else logging.WARNING
            logger.log(level, "preflight: %s", finding)
        problems = [str(f) for f in findings if f.verdict is Verdict.PROBLEM]
        if problems:
            raise PreflightError(
                "training cannot work as it is set up (train.preflight: 0 begins all the same):\n"
                + "\n".join(f"- {problem}" for problem in problems)
            )
        self._go_on()

    async def _imitate(self, workshop: Workshop, sft: SftSpec) -> None:
        batch = await warm_start(workshop, sft)
        policy = workshop.policy
        assert isinstance(policy, Policy), "a suite with another policy and 'sft' is refused"
        async with workshop.phase("supervised training"):
            updates = sft_updates(policy, batch, sft, self._plan.train)
            while update := await self._arithmetic.run(lambda: next(updates, None)):
                metrics = update.metrics.result()
                workshop.watchdog.beat(f"update {update.number} of {update.of}")
                line = {"update": update.number, "of": update.of, "phase": "sft", **metrics}
                self._folder.append_metrics(line)
                self._watch.sft(update.number, update.of, metrics)
                self._go_on()

    def _learner(self, workshop: Workshop) -> Learns:
        """Return what learns: here, or on every rank that torchrun started."""
        folder = None
        if self._plan.train.loss.kl != "none":
            folder = self._folder.path / REFERENCE
        policy, train = workshop.policy, self._plan.train
        if isinstance(policy, LearningPolicy):
            if train.evolves:
                return EvolutionLearner(policy, train)
            return Learner(policy, train, None if folder is None else policy.standing(folder))
        assert isinstance(policy, Policy)
        assert self._base is not None
        if self._ranks.count > 1:
            return TeamLearner(policy, self._base, self._plan, folder, self._ranks)
        reference = None if folder is None else load_reference(folder, self._plan)
        return Learner(policy, train, reference)

    def _go_on(self) -> None:
        """Raise CancelledError where the user asked to stop while something was computed."""
        if self._stopping:
            raise asyncio.CancelledError
