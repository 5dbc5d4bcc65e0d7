"""Runs reward programs, in a sandbox and nowhere else."""

import asyncio
import json
import math
import secrets
import threading
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import SandboxError, UsageError
from agentrl.rewards.coder.interface import episode_view
from agentrl.rewards.coder.scores import MOST_TERMS, Fault, Scores, read_scores
from agentrl.sandboxes.base import RunResult, Sandbox
from agentrl.sandboxes.connect import connect
from agentrl.suite.reward.code import REWARD_SANDBOX
from agentrl.suite.sandbox import SandboxSpec

_HARNESS = files("agentrl.rewards.coder.inside").joinpath("harness.py").read_text()
_ARGV = ("python3", "-s", "-S", "-B", "-c", _HARNESS)
_ANSWER_BYTES = 16 * 2**20
_MOST_TURNS = 100_000
_GRACE_S = 2.0


class Runner:
    """One sandbox in which programs run, each time in a process of its own.

    The sandbox is started when it is first needed and used again as long as programs end by
    themselves: a program can neither start processes nor put anything into a file, so that the
    next finds the sandbox as it was (but for the names of empty files). After one that had to be
    ended, the next runs in a new sandbox. Episodes reach the sandbox through the process's standard
    input, so that none of them stays there.

    Args:
        sandbox: what the sandbox may use; by default little memory and no network.
        timeout_s: longest time for one batch of episodes.
        memory_mb: most memory of a program's process.
        outcome: whether programs are shown the outcome of an episode.
        batch: most episodes that one process is given.

    Raises:
        UsageError: the sandbox would have a network.
    """

    def __init__(
        self,
        sandbox: SandboxSpec = REWARD_SANDBOX,
        *,
        timeout_s: float = 10.0,
        memory_mb: int = 256,
        outcome: bool = False,
        batch: int = 64,
    ) -> None:
        if sandbox.network != "none":
            raise UsageError(
                f"a reward program's sandbox has no network, got network: {sandbox.network}; "
                f"leave it at none"
            )
        self.outcome = outcome
        self._spec = sandbox
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._batch = batch
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None

    async def run(self, source: str, episodes: Sequence[Episode]) -> list[Scores | Fault]:
        """Return what a program says about each episode, in order.

        Args:
            source: the program's text; it may be hostile.
            episodes: what it is shown, each by itself.

        Raises:
            SandboxError: the sandbox itself failed, twice in a row.
            UsageError: no sandbox is to be had here.
        """
        return await asyncio.to_thread(self._run_all, source, list(episodes))

    async def close(self) -> None:
        """End the sandbox."""
        await asyncio.to_thread(self._close)

    def _run_all(self, source: str, episodes: Sequence[Episode]) -> list[Scores | Fault]:
        results: list[Scores | Fault] = []
        with self._lock:
            for start in range(0, len(episodes), self._batch):
                results += self._run_batch(source, episodes[start : start + self._batch])
        return results

    def _run_batch(self, source: str, episodes: Sequence[Episode]) -> list[Scores | Fault]:
        nonce = secrets.token_hex(16)
        request = self._request(nonce, source, episodes)
        try:
            ran = self._try(request)
        except SandboxError:  # it may have reached the end of its life: try once more
            ran = self._try(request)
        answer = _answer(ran, nonce, self._timeout_s)
        if isinstance(answer, Fault):
            self._discard()
            return [answer] * len(episodes)
        if len(answer) != len(episodes):
            fault = Fault(f"the program answered {len(answer)} times for {len(episodes)} episodes")
            return [fault] * len(episodes)
        return [
            read_scores(given, episode.id, len(episode.turns))
            for given, episode in zip(answer, episodes, strict=True)
        ]

    def _try(self, request: bytes) -> RunResult:
        try:
            return self._started().run(
                _ARGV,
                user="agent",
                stdin=request,
                env={"PYTHONHASHSEED": "0"},
                timeout_s=self._timeout_s,
                output_bytes=_ANSWER_BYTES,
            )
        except SandboxError:
            self._discard()
            raise

    def _request(self, nonce: str, source: str, episodes: Sequence[Episode]) -> bytes:
        request = {
            "nonce": nonce,
            "source": source,
            "episodes": [json.dumps(episode_view(e, outcome=self.outcome)) for e in episodes],
            "memory_mb": self._memory_mb,
            "cpu_s": math.ceil(self._timeout_s + _GRACE_S),
            "most_turns": _MOST_TURNS,
            "most_terms": MOST_TERMS,
        }
        return json.dumps(request).encode()

    def _started(self) -> Sandbox:
        if self._sandbox is None:
            backend = connect(self._spec)
            image = self._spec.image
            if image and not backend.has_image(image):
                backend.fetch_image(image)
            self._sandbox = backend.start(image or backend.base_image(), self._spec)
        return self._sandbox

    def _discard(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    def _close(self) -> None:
        with self._lock:
            self._discard()


def _answer(ran: RunResult, nonce: str, timeout_s: float) -> list[Any] | Fault:
    """Return what a process answered, one value an episode, or why it has no answer."""
    if ran.timed_out:
        return Fault(f"the program took longer than {timeout_s:g} s and was ended")
    if ran.cut_bytes:
        return Fault(f"the program wrote more than {_ANSWER_BYTES >> 20} MB and was cut off")
    if not ran.stdout:
        said = ran.stderr.decode(errors="replace").strip()[-300:]
        why = f": {said}" if said else ""
        return Fault(
            f"the program ended its process (code {ran.exit_code}) before it had an answer{why}"
        )
    head, newline, body = ran.stdout.partition(b"\n")
    if head != nonce.encode() or not newline:
        return Fault("the program wrote to the channel of its answer; only return values count")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Fault("the program's answer cannot be read; only return values count")
    return answer if isinstance(answer, list) else Fault("the program's answer is no list")
