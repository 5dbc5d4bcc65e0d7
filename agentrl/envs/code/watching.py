"""Milestones that a program reaches when it runs once as a whole."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agentrl.envs.code.problem import Problem
from agentrl.envs.code.runner import argv
from agentrl.envs.code.runner.subject import assembled
from agentrl.errors import SandboxError, UsageError
from agentrl.models.build import build_model
from agentrl.rewards.verify.instrument import Instrumenter
from agentrl.rewards.verify.milestones import Milestones, read_milestones
from agentrl.sandboxes.base import Sandbox
from agentrl.suite.model import ModelSpec

_GRACE_S = 30.0
_KILLED = 137


class Marker:
    """The frozen model that marks milestones, reached from an environment's thread.

    It is started when it is first asked; ``close`` ends it, and it may be asked again.
    """

    def __init__(self, spec: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """
        Args:
            spec: a suite's ``model`` section.
            texts: text by milestone.

        Raises:
            UsageError: the section or the milestones cannot be used.
        """
        try:
            self._spec: ModelSpec = TypeAdapter(ModelSpec).validate_python(dict(spec))
        except ValidationError as exc:
            first = exc.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(f"instrument_model: {where or 'backend'}: {first['msg']}") from None
        self._texts = dict(texts)
        self._model = build_model(self._spec)
        self._instrumenter = Instrumenter(self._model, self._texts)
        self._runner: asyncio.Runner | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return self._instrumenter.names

    def marked(self, program: str) -> tuple[str, Milestones, bool]:
        """Return what to run, what to look for in its output, and whether it is marked.

        Raises:
            ModelError: the model does not answer.
        """
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.run(self._model.start())
        found = self._runner.run(self._instrumenter.instrument(program))
        return found.program, found.milestones, found.marked

    def close(self) -> None:
        """Let go of the model."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.run(self._model.close())
            runner.close()


class Watch:
    """Runs programs once and says which milestones they reach for the first time."""

    def __init__(self, patterns: Mapping[str, str], marker: Marker | None, seconds: float) -> None:
        """
        Args:
            patterns: regular expressions over the program's own output, by milestone.
            marker: marks further milestones; None: there are no others.
            seconds: longest time of a run.

        Raises:
            UsageError: a pattern is none, or a milestone has both a pattern and a mark.
        """
        self._own = read_milestones(patterns)
        self._marker = marker
        self._seconds = seconds
        twice = set(self._own.names) & set(marker.names if marker else ())
        if twice:
            raise UsageError(f"the milestones {', '.join(sorted(twice))} are given twice")

    @property
    def names(self) -> tuple[str, ...]:
        return (*self._own.names, *(self._marker.names if self._marker else ()))

    @property
    def marks(self) -> bool:
        """Whether a model marks milestones."""
        return self._marker is not None

    def reached(self, sandbox: Sandbox, problem: Problem, program: str) -> tuple[set[str], bool]:
        """Return which milestones a program reaches, and whether a model has marked it.

        Args:
            sandbox: one with ``runner_files`` in place.
            problem: its first input is the program's.
            program: the answer.

        Raises:
            SandboxError: the sandbox fails.
            ModelError: the model that marks does not answer.
        """
        whole = assembled(problem.prompt, program, problem.entry_point)
        source, marks, marked = whole, read_milestones({}), False
        if self._marker is not None:
            source, marks, marked = self._marker.marked(whole)
        output = _output(sandbox, problem, source, self._seconds)
        return set(self._own.reached(output)) | set(marks.reached(output)), marked

    def close(self) -> None:
        """Let go of the model."""
        if self._marker is not None:
            self._marker.close()


def _output(sandbox: Sandbox, problem: Problem, source: str, seconds: float) -> str:
    order = {
        "prompt": "",
        "program": source,
        "entry": "",
        "stdin": problem.cases[0].stdin if problem.cases else "",
        "seconds": seconds,
    }
    ran = sandbox.run(
        argv("watch"), stdin=json.dumps(order).encode(), timeout_s=seconds * 2 + _GRACE_S
    )
    lines = ran.stdout.decode(errors="replace").splitlines()
    if ran.exit_code == _KILLED or ran.timed_out:
        return ""  # as where memory gave out: a program that ends its own watch reaches nothing
    if ran.exit_code or not lines:
        said = ran.stderr[-500:].decode(errors="replace").strip()
        raise SandboxError(f"the watch of a program ended with {ran.exit_code}: {said}")
    return str(json.loads(lines[-1])["output"])
