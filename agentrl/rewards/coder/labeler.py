"""Labels by a reward program: ``<name>/<term>`` for each of its terms, ``<name>`` for their sum."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import SandboxError, UsageError
from agentrl.rewards.coder.check import check
from agentrl.rewards.coder.propose import listed
from agentrl.rewards.coder.runner import Runner
from agentrl.rewards.coder.scores import Fault, Scores
from agentrl.rewards.labeling import unscored, with_signals
from agentrl.suite.reward.code import CodeLabelSpec

REWARD_CODE_ERROR = "RewardCodeError"
"""Kind of failure of an episode for which the program itself has no answer."""


class CodeLabeler:
    """States what a reward program says; see ``Labeler``.

    An episode about which the program fails is unscored with the kind ``RewardCodeError``, one for
    which the sandbox fails with the kind ``SandboxError``: neither is a reward of zero.

    Args:
        name: the facts' name.
        source: the program's text.
        runner: where it runs; closed with the labeler.
    """

    def __init__(self, name: str, source: str, runner: Runner) -> None:
        self._name = name
        self._source = source
        self._runner = runner

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``."""
        asked = [episode for episode in group if episode.status.scored]
        if not asked:
            return list(group)
        try:
            results = await self._runner.run(self._source, asked)
        except SandboxError as exc:
            return [
                unscored(e, type(exc).__name__, f"label {self._name}: {exc}")
                if e.status.scored
                else e
                for e in group
            ]
        answers = iter(results)
        return [self._labeled(e, next(answers)) if e.status.scored else e for e in group]

    def memory(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Nothing to take up."""

    async def close(self) -> None:
        """End the sandbox."""
        await self._runner.close()

    def _labeled(self, episode: Episode, result: Scores | Fault) -> Episode:
        if isinstance(result, Fault):
            return unscored(episode, REWARD_CODE_ERROR, f"label {self._name}: {result.message}")
        return with_signals(episode, [self._facts(terms) for terms in result.turns])

    def _facts(self, terms: Mapping[str, float]) -> dict[str, float]:
        facts = {f"{self._name}/{term}": value for term, value in terms.items()}
        return {self._name: math.fsum(terms.values()), **facts}


def build(name: str, spec: CodeLabelSpec) -> CodeLabeler:
    """Return the labeler that a suite describes; its sandbox starts with the first group.

    Raises:
        UsageError: the program cannot be read, or a first look finds it unusable.
    """
    path = Path(spec.program)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"reward.labels.{name}.program: {path} cannot be read ({exc}); give a Python file that "
            f"defines reward(episode)"
        ) from None
    findings = check(source)
    if findings:
        raise UsageError(
            f"reward.labels.{name}.program: {path} cannot be used:\n{listed(findings)}"
        )
    runner = Runner(
        spec.sandbox, timeout_s=spec.timeout_s, memory_mb=spec.memory_mb, outcome=spec.outcome
    )
    return CodeLabeler(name, source, runner)
