"""A statement and the tests that a program for it must pass."""

from dataclasses import dataclass

from agentrl.envs.code.statements import Check


@dataclass(frozen=True, slots=True)
class Case:
    """What a program reads, and what it must print."""

    stdin: str
    stdout: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One task; it has ``check`` or ``cases``, not both."""

    statement: str
    """What the agent is told."""
    entry_point: str = ""
    """The function that is asked for; empty: a whole program is."""
    prompt: str = ""
    """The beginning of a program that an answer may continue; what it defines is there anyway."""
    check: Check | None = None
    cases: tuple[Case, ...] = ()
    reference: str = ""
    """Source of a right function that the tests themselves compare with."""
    solution: str = ""
    """A right answer, where one is known."""

    @property
    def tests(self) -> int:
        """How many tests there are."""
        units = self.check.units if self.check else ()
        return len(self.cases) + sum(unit.test for unit in units)

    def examples(self, count: int) -> tuple[str, ...]:
        """Return the first few tests as an agent may be shown them."""
        if self.check:
            return tuple(unit.source for unit in self.check.units if unit.test)[:count]
        return tuple(
            f"Input:\n{case.stdin.rstrip()}\nOutput:\n{case.stdout.rstrip()}"
            for case in self.cases[:count]
        )
