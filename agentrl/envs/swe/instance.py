"""A software engineering instance: a repository with a flaw, and the tests that know it.

Every family of published instances reads into this one model, and every part of agentrl that
builds, plays, grades or makes instances uses it and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Family = Literal[
    "agentrl",
    "swebench",
    "swebench-5",
    "swe-gym",
    "swe-smith",
    "r2e-gym",
    "swe-rebench",
    "harbor",
]
"""Whose form an instance was read from: it decides how images are named and logs are read."""

Framework = Literal["pytest", "unittest", "script"]
"""What runs the tests: pytest, unittest, or the instance's own script whose log is read."""


@dataclass(frozen=True, slots=True)
class TestPlan:
    """Which tests decide about an instance, and how they run."""

    __test__ = False  # pytest takes the name for a class of tests

    framework: Framework
    fail_to_pass: tuple[str, ...] = ()
    """Ids of the tests that fail before the gold patch and must pass after it."""
    pass_to_pass: tuple[str, ...] = ()
    """Ids of the tests that pass before it and must go on passing."""
    paths: tuple[str, ...] = ()
    """What is handed to pytest or unittest; empty: the files that the ids name."""
    options: tuple[str, ...] = ()
    """Further options of pytest or unittest."""
    script: str = ""
    """``script``: the shell script that runs the tests and prints their log."""
    log_parser: str = ""
    """``script``: the name of the parser that reads its log, see ``grading.logs``; ``reward-file``
    where the script leaves its verdict in ``/logs/verifier`` (Harbor)."""
    patches_itself: bool = False
    """``script``: it puts the test patch in place by itself, so that grading must not."""
    fail_only: bool = False
    """``script``: the log names only what failed, so that an absent test has passed."""
    as_swebench: bool = False
    """Outcomes count as in SWE-bench: a test that failed as it was marked to has passed, one that
    is skipped is no regression, and an id may have been cut off at a blank. Without ``script``."""
    expected: Mapping[str, str] = field(default_factory=dict)
    """R2E-Gym: the status of every test, all of which must come out just so."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Hidden files by path, put in place for grading only: relative to ``workdir``, or absolute."""
    hidden: tuple[str, ...] = ()
    """Files and folders of the image that the agent must not see: preparing takes them away, and
    grading puts them back from the image (SWE-smith)."""
    timeout_s: float = 1800.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a repository comes from that no image holds yet."""

    archive: str = ""
    """A ``.tar.gz`` of the repository's files, on this machine."""
    package: str = ""
    """Or: the name of a package in the registry, whose sdist is the repository."""
    release: str = ""
    """The package's release that has the flaw."""
    fixed: str = ""
    """The release that has it no more: patch and tests come from it."""
    requires: tuple[str, ...] = ()
    """What the tests need installed, each pinned: ``attrs==24.2.0``."""
    import_paths: tuple[str, ...] = (".",)
    """Folders of the repository that are on Python's path, as if it was installed."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A task for a coding agent, and all that is needed to grade its answer."""

    id: str
    problem: str
    """The problem statement that the agent reads."""
    tests: TestPlan
    patch: str = ""
    """The gold patch: it makes the failing tests pass and touches no test."""
    test_patch: str = ""
    """What grading changes in the tests beforehand; the agent never sees it."""
    bug_patch: str = ""
    """What is applied to the image before the agent begins (SWE-smith, mutants)."""
    solution: str = ""
    """A shell script that solves the task, where there is no gold patch (Harbor)."""
    repo: str = ""
    base_commit: str = ""
    version: str = ""
    hints: str = ""
    image: str = ""
    """Name of the image that holds the repository, where somebody made one."""
    dockerfile: str = ""
    """Text of the Dockerfile that makes it, where the instance has one."""
    context: str = ""
    """The folder of this machine that the Dockerfile is built in; empty: without one."""
    source: Source | None = None
    """What an image is made from where there is neither."""
    workdir: str = "/testbed"
    """The repository inside the sandbox."""
    python: str = "python3"
    """The interpreter inside the sandbox that runs pytest or unittest."""
    memory_mb: int | None = None
    """What the instance asks for; None: what the suite gives."""
    cpus: float | None = None
    difficulty: str = ""
    family: Family = "agentrl"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Columns of the family that agentrl does not use; writing the instance keeps them."""
