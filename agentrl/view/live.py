"""The progress of a run while it goes on. Everything goes to stderr: stdout is for results."""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agentrl.episode import Episode
from agentrl.runs.estimate import Estimate
from agentrl.runs.stats import wilson_interval
from agentrl.view.numbers import count, duration, rate, usd

_BAR_FROM = 100  # columns of a terminal that has room for a bar beside the numbers


class LiveProgress:
    """A line that tells how a run goes: redrawn on a terminal, else printed now and then.

    Use it as a context manager, on one thread; leaving it shows the last state once more.
    """

    def __init__(
        self,
        total: int,
        *,
        console: Console | None = None,
        every_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the line.

        Args:
            total: how many episodes the run has, those of an earlier session included.
            console: where to; None: stderr.
            every_s: shortest time between two lines where there is no terminal.
            clock: seconds that only grow.
        """
        self._total = total
        self._console = console or Console(stderr=True)
        self._every_s = every_s
        self._clock = clock
        self._started = clock()
        self._printed = self._started
        self._live: Live | None = None
        self._running = 0
        self._done = self._resumed = self._left_out = self._tokens = 0
        self._cost_usd = 0.0
        self._tasks: set[str] = set()
        self._scored = 0
        self._success = 0.0

    def __enter__(self) -> "LiveProgress":
        self._started = self._printed = self._clock()
        if self._console.is_terminal:
            # stdout stays what it is: results are piped from there
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
        else:
            self._print()

    def update(self, episode: Episode, *, resumed: bool = False) -> None:
        """Count an episode that ended, or with ``resumed`` one that an earlier session played."""
        self._done += 1
        self._resumed += resumed
        self._cost_usd += episode.cost_usd
        if not resumed:
            answers = (g for turn in episode.turns for g in turn.generations)
            self._tokens += sum(answer.usage.completion_tokens for answer in answers)
        if not episode.status.scored:
            self._left_out += 1
        elif "success" in episode.outcome:
            self._tasks.add(episode.task_id)
            self._scored += 1
            self._success += episode.outcome["success"]
        self.tick()

    def tick(self, running: int | None = None) -> None:
        """Let time pass; ``running`` says how many episodes are under way."""
        if running is not None:
            self._running = running
        if self._live is None and self._clock() - self._printed >= self._every_s:
            self._print()

    def line(self) -> str:
        """Return the state of the run in one line."""
        elapsed = self._clock() - self._started
        parts = [f"{self._done}/{self._total}"]
        if self._running:
            parts.append(f"{self._running} running")
        if self._scored:
            parts.append(f"success {rate(self._success_rate())}")
        if self._left_out:
            parts.append(f"{self._left_out} not scored")
        if self._tokens and elapsed > 0:
            parts.append(f"{count(self._tokens / elapsed)} tokens/s")
        if self._cost_usd:
            parts.append(usd(self._cost_usd))
        parts.append(duration(elapsed))
        if (remaining := self._remaining_s(elapsed)) is not None:
            parts.append(f"{duration(remaining)} left")
        return " · ".join(parts)

    def _success_rate(self) -> Estimate:
        """Return the rate so far. A bootstrap at every refresh would hold up the run: several
        attempts at a task count once, which makes the interval rather too wide."""
        mean, tasks = self._success / self._scored, len(self._tasks)
        if not 0 <= mean <= 1:
            return Estimate(mean, n=self._scored)
        return Estimate(mean, *wilson_interval(mean * tasks, tasks), self._scored, "wilson_tasks")

    def _remaining_s(self, elapsed: float) -> float | None:
        played = self._done - self._resumed
        if not played or self._done >= self._total:
            return None
        return elapsed / played * (self._total - self._done)

    def _print(self) -> None:
        self._printed = self._clock()
        self._console.print(Text(self.line()), soft_wrap=True)

    def _render(self) -> Table | Text:
        line = Text(self.line(), no_wrap=True, overflow="ellipsis")
        if self._console.width < _BAR_FROM:
            return line
        row = Table.grid(padding=(0, 1))
        row.add_row(ProgressBar(total=self._total, completed=self._done, width=20), line)
        return row
