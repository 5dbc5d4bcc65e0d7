"""Software engineering in a sandbox: a repository with a flaw, a shell, and tests out of sight."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.shortened import shortened
from agentrl.envs.swe.dataset import instance_of, read_instances
from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.formats import agentrl as own_form
from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.source import complete
from agentrl.envs.swe.workspace import State, UnreadableError, Workspace
from agentrl.errors import UsageError
from agentrl.sandboxes.base import ExecResult, Sandbox
from agentrl.sandboxes.pool import Pool, shared_pool
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

logger = logging.getLogger(__name__)

_INSTRUCTIONS = """\
You work in a Linux shell on a software repository, in {workdir}. Solve the problem that is
described first, by changing the repository's files. Tests that you cannot see will decide.

Each answer is one shell command line; it may span several lines. The shell stays the same: working
directory and variables persist. Standard input is empty, and a command that takes longer than
{command_s:g} s is ended.{network}

Beside the usual programs there are
  view FILE [FIRST [LAST]]       a file with line numbers; view FOLDER lists it
  search PATTERN [PATH...]       lines that match a regular expression
  edit replace FILE <<'EOF'      replace lines that stand in the file exactly once
  <<<<<<< SEARCH
  the lines as they are
  =======
  the lines as they shall be
  >>>>>>> REPLACE
  EOF
  edit insert FILE LINE <<'EOF'  insert the input after a line
  edit create FILE <<'EOF'       make a new file
  submit                         hand in the repository as it is; this ends the task
Each explains itself with --help."""


class SWEEnv(TextEnv):
    """Repair a repository through a shell; tests that are not in the sandbox decide.

    A task is an instance in any form that ``agentrl.envs.swe.dataset`` reads. A task without data
    is one of six small repositories made from nothing.

    Args:
        command_s: longest time for a command, in seconds.
        observation_chars: longest output shown; of more, the beginning and the end.
        max_turns: turns after which the episode ends, unless the suite sets ``limits.max_turns``.
        hints: show the instance's hints, where it has some.
        grade: ``end`` grades what the repository holds when the episode ends; with ``submitted``
            a repository that was not handed in has not solved its task.
    """

    blocking: ClassVar[bool] = True
    sandboxed: ClassVar[bool] = True
    facts: ClassVar[Mapping[str, str]] = {
        "tool_ok": "the command ended with exit code 0",
        "edited": "the repository is another than a turn before",
        "patch_nonempty": "the repository is another than at the beginning",
        "submitted": "the agent has handed in",
        "score": "share of the target tests that pass",
        "tests_passed": "the same",
        "resolved": "every target test passes, and every test that passed before still does",
        "regressions": "how many tests passed before and fail now",
        "patch_applied": "there was a patch to grade and it applied",
    }

    def __init__(
        self,
        command_s: float = 120.0,
        observation_chars: int = 12_000,
        max_turns: int = 50,
        hints: bool = False,
        grade: Literal["end", "submitted"] = "end",
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        for name, value, least in (
            ("command_s", command_s, 0.1),
            ("observation_chars", observation_chars, 100),
            ("max_turns", max_turns, 1),
        ):
            if value < least:
                raise UsageError(f"{name} is {value}, expected at least {least}")
        self.max_turns = max_turns
        self._command_s = command_s
        self._observation_chars = observation_chars
        self._hints = hints
        self._grades = grade
        self._spec = sandbox or SandboxSpec()
        self._episode: _Episode | None = None

    @property
    def instructions(self) -> str:
        return _INSTRUCTIONS.format(
            workdir=self._playing.instance.workdir,
            command_s=self._command_s,
            network=" There is no network." if self._spec.network == "none" else "",
        )

    def begin(self, task: Task, seed: int) -> str:
        self.close()
        instance = complete(instance_of(task.data) if task.data else example_instance(seed))
        spec = _with_needs(self._spec, instance)
        pool = shared_pool(spec)
        sandbox = pool.acquire(prepare(instance, pool.backend, spec))
        self._episode = _Episode(instance, pool, sandbox, spec)
        return self._statement(instance)

    def act(self, action: str) -> Step:
        if not action.strip():
            return self.refuse("There is no command. Answer with a shell command line.")
        if "\0" in action:
            return self.refuse("A command line cannot hold a NUL character.")
        episode = self._playing
        result = episode.sandbox.exec(action, timeout_s=self._command_s)
        state, edited = episode.look()
        episode.note_expert(action, result)
        signals = {
            "tool_ok": float(result.exit_code == 0),
            "edited": float(edited),
            "submitted": float(state.submitted),
            "patch_nonempty": float(state.tree != episode.workspace.beginning.tree),
        }
        return Step(self._shown(result), signals, terminated=state.submitted)

    def outcome(self) -> dict[str, float]:
        """Grade the repository as it is now, in a fresh sandbox; the same one only once.

        Raises:
            SandboxError: a sandbox failed, which says nothing about the repository.
        """
        episode = self._playing
        patch = episode.patch()
        counts = self._grades == "end" or episode.state.submitted
        verdict = episode.grade(patch) if patch and counts else _unsolved(episode.instance)
        return {
            "success": float(verdict.resolved),
            "score": verdict.tests_passed,
            "resolved": float(verdict.resolved),
            "tests_passed": verdict.tests_passed,
            "regressions": float(verdict.regressions),
            "submitted": float(episode.state.submitted),
            "patch_nonempty": float(bool(patch)),
            "patch_applied": float(bool(patch) and counts and verdict.patch_applied),
        }

    def actions_for(self, answer: str) -> tuple[str, ...]:
        """Return the commands that apply a patch and hand it in."""
        return _applying(answer, self._playing.instance.workdir), "submit"

    def handed_in(self) -> str:
        """Return the changes so far as a patch."""
        return self._playing.patch()

    def expert_action(self) -> str | None:
        """Return the command that applies the gold patch, then ``submit``; None without one."""
        return self._playing.expert_action()

    def close(self) -> None:
        """Give the sandbox back."""
        episode, self._episode = self._episode, None
        if episode is not None:
            episode.sandbox.close()

    @classmethod
    def rows(cls, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the rows of a file or folder in any form that holds instances."""
        for number, instance in enumerate(read_instances(path), 1):
            yield number, own_form.write(instance)

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row, checked so that a bad row is found before anything runs."""
        given = {key: value for key, value in row.items() if key not in ("group", "seed")}
        if not set(given) - {"id"}:
            return super().task(row, number)
        if "instance_id" in given:
            given.pop("id", None)
        instance = instance_of(given)
        return Task(instance.id, group=str(row.get("group") or instance.repo), data=given)

    def _statement(self, instance: Instance) -> str:
        parts = [instance.problem.strip()]
        if self._hints and instance.hints.strip():
            parts.append(f"Hints:\n{instance.hints.strip()}")
        parts.append(f"The repository lies in {instance.workdir}, where the shell is now.")
        return "\n\n".join(parts)

    def _shown(self, result: ExecResult) -> str:
        text = shortened(result.output, self._observation_chars).rstrip("\n")
        if result.timed_out:
            note = f"[ended: it took longer than {self._command_s:g} s]"
        elif result.exit_code:
            note = f"[exit code {result.exit_code}]"
        else:
            note = "" if text.strip() else "[no output]"
        return "\n".join(part for part in (text, note) if part)

    @property
    def _playing(self) -> "_Episode":
        assert self._episode is not None, "reset comes first"
        return self._episode


class _Episode:
    """One task under way in its sandbox."""

    def __init__(self, instance: Instance, pool: Pool, sandbox: Sandbox, spec: SandboxSpec) -> None:
        self.instance = instance
        self.sandbox = sandbox
        try:
            self.workspace = Workspace(sandbox, instance.workdir, spec.user)
        except BaseException:
            sandbox.close()
            raise
        self.state = self.workspace.beginning
        self._pool = pool
        self._solved = False
        self._verdicts: dict[str, Verdict] = {}

    def look(self) -> tuple[State, bool]:
        """Return what the repository is now, and whether that differs from the last look."""
        before = self.state
        try:
            self.state = self.workspace.look()
        except UnreadableError as exc:
            logger.info("%s: the repository cannot be read: %s", self.instance.id, exc)
        return self.state, self.state.tree != before.tree

    def patch(self) -> str:
        """Return the changes so far; none where the agent made its repository unreadable."""
        if self.state.tree == self.workspace.beginning.tree:
            return ""
        try:
            return self.workspace.patch()
        except UnreadableError as exc:
            logger.warning("%s: there is no patch: %s", self.instance.id, exc)
            return ""

    def grade(self, patch: str) -> Verdict:
        if patch not in self._verdicts:
            self._verdicts[patch] = grade(self.instance, patch, self._pool)
        return self._verdicts[patch]

    def expert_action(self) -> str | None:
        apply = self._apply_gold()
        return apply and ("submit" if self._solved else apply)

    def note_expert(self, action: str, result: ExecResult) -> None:
        self._solved = self._solved or (action == self._apply_gold() and result.exit_code == 0)

    def _apply_gold(self) -> str | None:
        instance = self.instance
        if instance.patch:
            return _applying(instance.patch, instance.workdir)
        if instance.solution:
            return f"bash -s <<'END_OF_SOLUTION'\n{instance.solution.rstrip()}\nEND_OF_SOLUTION"
        return None


def _applying(patch: str, workdir: str) -> str:
    """Return the command that applies a patch, whatever stands in it."""
    mark = "END_OF_PATCH"
    while mark in patch:
        mark += "_"
    end = "" if patch.endswith("\n") else "\n"
    return f"cd {workdir} && git apply --whitespace=nowarn - <<'{mark}'\n{patch}{end}{mark}"


def _with_needs(spec: SandboxSpec, instance: Instance) -> SandboxSpec:
    """Return what the suite gives, and more where the instance asks for it."""
    memory_mb = max(spec.memory_mb, instance.memory_mb or 0)
    cpus = max(spec.cpus, instance.cpus or 0.0)
    return spec.model_copy(update={"memory_mb": memory_mb, "cpus": cpus})


def _unsolved(instance: Instance) -> Verdict:
    """Return the verdict on a repository as it was: nothing is solved, and nothing broken."""
    return Verdict(
        instance.id,
        resolved=False,
        patch_exists=False,
        patch_applied=False,
        fail_to_pass=dict.fromkeys(instance.tests.fail_to_pass, False),
        pass_to_pass=dict.fromkeys(instance.tests.pass_to_pass, True),
    )
