"""Programs for a statement, judged by hidden tests in a sandbox."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.code.answer import program_of
from agentrl.envs.code.arithmetic import small_problem
from agentrl.envs.code.formats import read_problem, row_id
from agentrl.envs.code.judging import Result, judge
from agentrl.envs.code.problem import Problem
from agentrl.envs.code.runner import runner_files
from agentrl.envs.shortened import shortened
from agentrl.errors import UsageError
from agentrl.sandboxes.base import Sandbox
from agentrl.sandboxes.pool import shared_pool
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

_MOST_NAMED = 50
"""Tests of a problem that are told one by one as signals."""


class CodeEnv(TextEnv):
    """Write a Python program for a statement; hidden tests run in a sandbox.

    A task is a row of HumanEval, MBPP or EvalPlus, or our own: ``statement``, ``tests``, and where
    wanted ``entry_point``, ``prompt``, ``setup`` and ``solution``. Without a file, tasks are small
    problems about whole numbers.

    Args:
        attempts: programs that may be tried; the episode ends with the first that passes.
        feedback: what is said of a program that fails: ``full`` shows the failing tests, ``count``
            how many passed, ``none`` that it fails.
        examples: tests that the statement shows, as MBPP's authors show three.
        test_s: longest time for one test, in seconds.
        total_s: longest time for all tests of a program, in seconds.
        observation_chars: longest feedback; of more, the beginning and the end.
    """

    blocking: ClassVar[bool] = True
    sandboxed: ClassVar[bool] = True

    def __init__(
        self,
        attempts: int = 3,
        feedback: Literal["full", "count", "none"] = "full",
        examples: int = 0,
        test_s: float = 5.0,
        total_s: float = 60.0,
        observation_chars: int = 4000,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        for name, value, least in (
            ("attempts", attempts, 1),
            ("examples", examples, 0),
            ("test_s", test_s, 0.1),
            ("total_s", total_s, 0.1),
            ("observation_chars", observation_chars, 100),
        ):
            if value < least:
                raise UsageError(f"{name} is {value}, expected at least {least}")
        self.max_turns = attempts
        self._attempts = attempts
        self._feedback = feedback
        self._examples = examples
        self._test_s, self._total_s = test_s, total_s
        self._observation_chars = observation_chars
        self._spec = sandbox or SandboxSpec()
        self._problem: Problem | None = None
        self._sandbox: Sandbox | None = None
        self._results: tuple[Result, ...] = ()
        self._tried = 0

    @property
    def instructions(self) -> str:
        tries = "" if self._attempts == 1 else f" You have {self._attempts} attempts."
        form = "the whole function" if self._asked.entry_point else "the whole program"
        return (
            f"Write Python for the statement. Answer with {form} in one fenced block; the last "
            f"block counts. Hidden tests decide.{tries}"
        )

    def begin(self, task: Task, seed: int) -> str:
        self.close()
        self._problem = read_problem(task.data or small_problem(seed))
        self._results, self._tried = (), 0
        self._sandbox = self._acquire()
        return self._statement(self._problem)

    def act(self, action: str) -> Step:
        program = program_of(action)
        if not program.strip():
            return self.refuse("There is no program in the answer.")
        assert self._sandbox is not None, "reset comes first"
        self._tried += 1
        self._sandbox.write_files(runner_files())  # as they were, whatever a program could write to
        self._results = judge(
            self._sandbox, self._asked, program, test_s=self._test_s, total_s=self._total_s
        )
        success = all(result.passed for result in self._results)
        over = success or self._tried >= self._attempts
        signals = {"tests_passed": self._share(), **self._named()}
        return Step(self._told(success), signals, reward=float(success), terminated=over)

    def outcome(self) -> dict[str, float]:
        share = self._share()
        success = bool(self._results) and all(result.passed for result in self._results)
        return {
            "success": float(success),
            "score": share,
            "tests_passed": share,
            "attempts": float(self._tried),
            **self._named(),
        }

    def expert_action(self) -> str | None:
        """Return the data set's own solution; None without one."""
        solution = self._asked.solution
        return f"```python\n{solution.rstrip()}\n```" if solution else None

    def close(self) -> None:
        """Give the sandbox back."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row, checked so that a bad row is found before anything runs."""
        task = super().task({**row, "id": row_id(row) or row.get("id")}, number)
        if task.data:
            read_problem(task.data)
        return task

    def _acquire(self) -> Sandbox:
        pool, image = shared_pool(self._spec), self._spec.image
        if image and not pool.backend.has_image(image):
            pool.backend.fetch_image(image)
        return pool.acquire(image or pool.backend.base_image())

    def _statement(self, problem: Problem) -> str:
        parts = [problem.statement]
        if problem.entry_point and problem.entry_point not in problem.statement:
            parts.append(f"The function is called {problem.entry_point}.")
        shown = problem.examples(self._examples)
        if shown:
            parts.append("It must pass:\n" + "\n".join(shown))
        return "\n\n".join(parts)

    def _told(self, success: bool) -> str:
        if success:
            return "All tests pass."
        passed, count = sum(result.passed for result in self._results), len(self._results)
        if self._feedback == "none":
            return "Not all tests pass."
        text = f"{passed} of {count} tests pass."
        if self._feedback == "full":
            messages = dict.fromkeys(r.message for r in self._results if not r.passed)
            text += "".join(f"\n- {message}" for message in messages)
        return shortened(text, self._observation_chars)

    def _share(self) -> float:
        return sum(result.passed for result in self._results) / self._asked.tests

    def _named(self) -> dict[str, float]:
        """Return each test's result; of very many, none."""
        count = self._asked.tests
        if count > _MOST_NAMED:
            return {}
        passed = [result.passed for result in self._results] or [False] * count
        return {f"test_{n}": float(one) for n, one in enumerate(passed, 1)}

    @property
    def _asked(self) -> Problem:
        assert self._problem is not None, "reset comes first"
        return self._problem
