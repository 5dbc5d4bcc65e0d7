"""What the tests did, and what follows from it for an instance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a test came out."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    ERROR = "ERROR"
    XFAIL = "XFAIL"
    """It failed, as it was marked to."""
    XPASS = "XPASS"
    """It passed although it was marked to fail."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """What one run of an instance's tests told."""

    __test__ = False  # pytest takes the name for a class of tests

    statuses: Mapping[str, Status]
    """Of every test that ran, by id."""
    problem: str = ""
    """Why the run counts for nothing although it ran: it ended early, a canary answered wrongly,
    the test framework was tampered with. Empty where it is sound."""
    exit_code: int = 0
    timed_out: bool = False
    log: str = ""
    """What the tests printed, for a person to read; nothing is decided by it, save for families
    that only give a log."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """What failing tests said, by id, cut short."""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What grading found out about one patch."""

    instance_id: str
    resolved: bool
    patch_exists: bool = True
    patch_applied: bool = True
    fail_to_pass: Mapping[str, bool] = field(default_factory=dict)
    """Whether each target test passed."""
    pass_to_pass: Mapping[str, bool] = field(default_factory=dict)
    """Whether each test that passed before still does."""
    problem: str = ""
    """Why the tests' results do not count, or why the patch does not apply."""
    dropped: tuple[str, ...] = ()
    """Files of the patch that were left out because they could decide about the tests."""
    applied_with: str = ""
    """Which rung of the ladder took the patch: ``git apply``, ``patch --fuzz=5``..."""
    timed_out: bool = False
    """Whether the tests took longer than they may."""
    log: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)
    duration_s: float = 0.0

    @property
    def tests_passed(self) -> float:
        """Share of the target tests that passed."""
        return sum(self.fail_to_pass.values()) / max(1, len(self.fail_to_pass))

    @property
    def regressions(self) -> int:
        """How many tests passed before and fail now."""
        return sum(not passed for passed in self.pass_to_pass.values())
