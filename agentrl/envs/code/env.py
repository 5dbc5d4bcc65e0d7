"""Programs for a statement, judged by hidden tests in a sandbox."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.code.answer import program_of
from agentrl.envs.code.arithmetic import small_problem
from agentrl.envs.code.formats import read_problem, row_id
from agentrl.envs.code.judging import Result, judge
from agentrl.envs.code.problem import Problem
from agentrl.envs.code.runner import runner_files
from agentrl.envs.code.timing import measure
from agentrl.envs.code.watching import Marker, Watch
from agentrl.envs.shortened import shortened
from agentrl.errors import TaskError, UsageError
from agentrl.rewards.verify.speedup import MOST, is_optimised, speedup
from agentrl.sandboxes.base import Sandbox
from agentrl.sandboxes.pool import shared_pool
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

_MOST_NAMED = 50
"""Tests of a problem that are told one by one as signals."""
_CLOCK_S = 1e-3
"""Shorter times are mostly those of the pipe between the tests and the program."""


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
        speedup: whether a program that passes is timed beside the task's solution.
        repeats: how often each is timed; the shortest time counts.
        most_speedup: the largest speedup that is stated.
        milestones: regular expressions by name; the program runs once as a whole, and those that
            its output matches are stated.
        instrument: texts by name, such as "loaded data"; a model marks in the program where each
            is reached.
        instrument_model: that model, as a suite's ``model``; it must not be the one in training.
    """

    blocking: ClassVar[bool] = True
    sandboxed: ClassVar[bool] = True
    facts: ClassVar[Mapping[str, str]] = {
        "tests_passed": "share of the tests that pass",
        "test_*": "each test by itself, of up to 50",
        "score": "the same as tests_passed, of the last program",
        "attempts": "how many programs were tried",
        "speedup": "the solution's seconds over the program's, with the option speedup",
        "faster": "the speedup is at least 1.1, with the option speedup",
        "milestone_*": "reached for the first time, with milestones or instrument",
        "milestones": "the same as a share of all, with milestones or instrument",
        "instrumented": "the program was marked by the model, with the option instrument",
    }

    def __init__(
        self,
        attempts: int = 3,
        feedback: Literal["full", "count", "none"] = "full",
        examples: int = 0,
        test_s: float = 5.0,
        total_s: float = 60.0,
        observation_chars: int = 4000,
        speedup: bool = False,
        repeats: int = 5,
        most_speedup: float = MOST,
        milestones: dict[str, str] | None = None,
        instrument: dict[str, str] | None = None,
        instrument_model: dict[str, Any] | None = None,
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
            ("repeats", repeats, 1),
            ("most_speedup", most_speedup, 1),
        ):
            if value < least:
                raise UsageError(f"{name} is {value}, expected at least {least}")
        self.max_turns = attempts
        self._attempts = attempts
        self._feedback = feedback
        self._examples = examples
        self._test_s, self._total_s = test_s, total_s
        self._observation_chars = observation_chars
        self._timed, self._repeats, self._most_speedup = speedup, repeats, most_speedup
        self._watch = _watch(milestones, instrument, instrument_model, total_s)
        self._spec = sandbox or SandboxSpec()
        self._problem: Problem | None = None
        self._sandbox: Sandbox | None = None
        self._results: tuple[Result, ...] = ()
        self._tried = 0
        self._reached: set[str] = set()
        self._extra: dict[str, float] = {}

    @property
    def instructions(self) -> str:
        tries = "" if self._attempts == 1 else f" You have {self._attempts} attempts."
        form = "the whole function" if self._asked.entry_point else "the whole program"
        return (
            f"Write Python for the statement. Answer with {form} in one fenced block; the last "
            f"block counts. Hidden tests decide.{tries}"
        )

    def begin(self, task: Task, seed: int) -> str:
        self._release()
        self._problem = read_problem(task.data or small_problem(seed))
        if self._timed and not self._problem.solution:
            raise TaskError("the task has no solution, which 'speedup' compares with")
        self._results, self._tried = (), 0
        self._reached, self._extra = set(), self._least()
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
        self._extra = {**self._fast(program, success), **self._shown(program)}
        signals = {"tests_passed": self._share(), **self._named(), **self._extra}
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
            **self._extra,
            **self._progress(self._reached),
        }

    def expert_action(self) -> str | None:
        """Return the data set's own solution; None without one."""
        solution = self._asked.solution
        return f"```python\n{solution.rstrip()}\n```" if solution else None

    def close(self) -> None:
        """Give the sandbox back, and let go of the model that marks milestones."""
        self._release()
        if self._watch is not None:
            self._watch.close()

    def _release(self) -> None:
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

    def _fast(self, program: str, success: bool) -> dict[str, float]:
        """Return how much faster than the solution a program is; only one that passes is timed."""
        if not self._timed:
            return {}
        ratio = 0.0
        if success:
            assert self._sandbox is not None, "reset comes first"
            times = measure(
                self._sandbox,
                self._asked,
                program,
                repeats=self._repeats,
                test_s=self._test_s,
                total_s=self._total_s,
            )
            own_s = times.own_s
            ratio = speedup(
                times.reference_s,
                own_s or 0.0,
                passed=own_s is not None,
                most=self._most_speedup,
                least_s=_CLOCK_S,
            )
        return {"speedup": ratio, "faster": float(is_optimised(ratio))}

    def _shown(self, program: str) -> dict[str, float]:
        """Return the milestones that this episode reaches with this program first."""
        if self._watch is None:
            return {}
        assert self._sandbox is not None, "reset comes first"
        reached, marked = self._watch.reached(self._sandbox, self._asked, program)
        new = reached - self._reached
        self._reached |= new
        told = {"instrumented": float(marked)} if self._watch.marks else {}
        return {**self._progress(new), **told}

    def _progress(self, reached: Collection[str]) -> dict[str, float]:
        if self._watch is None:
            return {}
        names = self._watch.names
        told = {f"milestone_{name}": float(name in reached) for name in names}
        return {**told, "milestones": len(reached) / len(names)}

    def _least(self) -> dict[str, float]:
        """Return what is said beside the tests before any program was tried."""
        timed = {"speedup": 0.0, "faster": 0.0} if self._timed else {}
        marks = self._watch is not None and self._watch.marks
        return {**timed, **({"instrumented": 0.0} if marks else {})}

    @property
    def _asked(self) -> Problem:
        assert self._problem is not None, "reset comes first"
        return self._problem


def _watch(
    patterns: Mapping[str, str] | None,
    texts: Mapping[str, str] | None,
    model: Mapping[str, Any] | None,
    seconds: float,
) -> Watch | None:
    if (texts is None) != (model is None):
        raise UsageError("'instrument' and 'instrument_model' go together: give both or none")
    marker = Marker(model, texts) if texts is not None and model is not None else None
    return Watch(patterns or {}, marker, seconds) if patterns or marker else None
