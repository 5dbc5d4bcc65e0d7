"""The progress of a training while it goes on. Everything goes to stderr."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agentrl.runs.training import Evaluation
from agentrl.training.preflight.finding import Finding, Verdict
from agentrl.view.numbers import count, duration, rate

_SHOWN = (
    ("reward", "reward/mean", "{:.3f}"),
    ("success", "success/mean", "{:.0%}"),
    ("KL", "policy/kl", "{:.4f}"),
    ("entropy", "policy/entropy", "{:.3f}"),
    ("gradient", "policy/grad_norm", "{:.3f}"),
    ("gap", "policy/logprob_gap_mean", "{:.1e}"),
)
_STAGES = {
    "base": "before training",
    "sft": "after imitation",
    "step": "during RL",
    "rl": "after RL",
}


class TrainingLive:
    """A line that tells how a training goes, and a printed one for what is done.

    Use it as a context manager, on one thread.
    """

    def __init__(
        self,
        steps: int,
        *,
        console: Console | None = None,
        every_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            steps: how many steps of RL there will be.
            console: where to; None: stderr.
            every_s: shortest time between two lines within a phase where there is no terminal.
            clock: seconds that only grow.
        """
        self._steps = steps
        self._console = console or Console(stderr=True)
        self._every_s = every_s
        self._clock = clock
        self._started = self._printed = clock()
        self._live: Live | None = None
        self._phase = "beginning"
        self._detail = ""
        self._step_times: list[float] = []

    def __enter__(self) -> "TrainingLive":
        self._started = self._printed = self._clock()
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=4,
                redirect_stdout=False,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, name: str) -> None:
        """Something else begins."""
        self._phase, self._detail = name, ""

    def episode(self, running: int, done: int, planned: int) -> None:
        """Some episodes of the phase ended."""
        self._detail = f"{done}/{planned} episodes, {running} running"
        self._now_and_then()

    def preflight(self, findings: Sequence[Finding]) -> None:
        """A few episodes were looked at before training begins."""
        bad = [finding for finding in findings if finding.verdict is not Verdict.OK]
        self._say(f"preflight: {len(findings) - len(bad)} of {len(findings)} checks passed")
        for finding in bad:
            self._say(f"  {finding.verdict}: {finding}")

    def sft(self, update: int, of: int, metrics: Mapping[str, float]) -> None:
        """An update of supervised training is done."""
        self._detail = f"update {update}/{of}, loss {metrics['sft/loss']:.3f}"
        if update == of:
            self._say(f"imitation: {self._detail}")
        self._now_and_then()

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """A step of RL is done."""
        self._step_times.append(metrics.get("time/step_s", 0.0))
        told = [f"step {step}/{self._steps}"]
        told += [f"{label} {form.format(metrics[n])}" for label, n, form in _SHOWN if n in metrics]
        if "groups/equal_rewards" in metrics:
            told.append(f"{metrics['groups/equal_rewards']:.0f} equal groups")
        if "tokens/per_s" in metrics:
            told.append(f"{count(metrics['tokens/per_s'])} tokens/s")
        told.append(f"{metrics.get('time/step_s', 0.0):.1f} s")
        self._say(" · ".join(told))
        self._left = self._steps - step

    def evaluation(self, evaluation: Evaluation) -> None:
        """Held-out tasks were attempted."""
        self._say(
            f"held-out success {_STAGES[evaluation.stage]}: {rate(evaluation.success)} "
            f"of {evaluation.games} tasks"
        )

    def line(self) -> str:
        """Return what is being done, in one line."""
        parts = [self._phase, self._detail, duration(self._clock() - self._started)]
        if self._step_times and self._left:
            recent = self._step_times[-8:]
            parts.append(f"{duration(self._left * sum(recent) / len(recent))} left")
        return " · ".join(filter(None, parts))

    _left = 0

    def _say(self, text: str) -> None:
        self._printed = self._clock()
        self._console.print(Text(text), soft_wrap=True)

    def _now_and_then(self) -> None:
        if self._live is None and self._clock() - self._printed >= self._every_s:
            self._say(self.line())

    def _render(self) -> Table | Text:
        return Text(self.line(), no_wrap=True, overflow="ellipsis")
