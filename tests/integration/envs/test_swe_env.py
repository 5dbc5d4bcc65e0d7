"""A repository in a sandbox: what the agent sees, and what becomes of what it does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agentrl.envs.swe.env import SWEEnv
from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.formats import agentrl as own_form
from agentrl.errors import SandboxError
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

INNER, TOUCHING = 0, 1
Play = Callable[..., SWEEnv]


@pytest.fixture
def play(sandbox: SandboxSpec) -> Iterator[Play]:
    """Begin an episode of one of the small repositories."""
    envs: list[SWEEnv] = []

    def begin(seed: int = INNER, **options: Any) -> SWEEnv:
        env = SWEEnv(sandbox=sandbox, **options)
        envs.append(env)
        env.reset(seed=seed)
        return env

    yield begin
    for env in envs:
        env.close()


def test_the_expert_solves_a_small_repository(any_sandbox: SandboxSpec) -> None:
    env = SWEEnv(sandbox=any_sandbox)
    env.reset(seed=INNER)

    first = env.step(str(env.expert_action()))[4]["signals"]
    _, _, ended, _, info = env.step(str(env.expert_action()))
    env.close()

    assert first["tool_ok"] == first["edited"] == first["patch_nonempty"] == 1.0
    assert ended
    assert info["outcome"] == {
        "success": 1.0,
        "score": 1.0,
        "resolved": 1.0,
        "tests_passed": 1.0,
        "regressions": 0.0,
        "submitted": 1.0,
        "patch_nonempty": 1.0,
        "patch_applied": 1.0,
    }


def test_the_problem_and_the_place_are_told_first(sandbox: SandboxSpec) -> None:
    env = SWEEnv(sandbox=sandbox, command_s=7.5)
    first, _ = env.reset(seed=INNER)

    assert first.startswith("merge() loses the end of a long interval")
    assert first.endswith("The repository lies in /testbed, where the shell is now.")
    assert "7.5 s" in env.instructions
    assert all(tool in env.instructions for tool in ("view", "search", "edit", "submit"))
    env.close()


def test_the_tests_that_decide_and_the_fix_are_not_there(play: Play) -> None:
    env = play(INNER)

    for secret in ("test_inner", "max(merged[-1][1], end)"):
        look = f"grep -rF '{secret}' /testbed /opt /home /root /tmp /var /etc /dev/shm 2>/dev/null"
        assert env.step(f"{look} | head")[0] == "[no output]"
    assert env.step("git log --oneline | wc -l; git status --short; git remote")[0] == "1"


def test_the_shell_goes_on_and_says_how_commands_end(play: Play) -> None:
    env = play()

    assert env.step("cd tests && export WORD=kept && false")[0] == "[exit code 1]"
    assert env.step("echo $WORD in $PWD")[0] == "kept in /testbed/tests"
    assert env.step("true")[0] == "[no output]"
    said, _, _, _, info = env.step("ls nothing")
    assert said.endswith("No such file or directory\n[exit code 2]")
    assert (info["signals"]["tool_ok"], info["signals"]["format_ok"]) == (0.0, 1.0)


def test_a_command_that_takes_too_long_is_ended(play: Play) -> None:
    env = play(command_s=0.5)

    assert env.step("echo begun; sleep 60")[0] == "begun\n[ended: it took longer than 0.5 s]"
    assert env.step("echo on")[0] == "on"


def test_long_output_is_cut_and_says_so(play: Play) -> None:
    env = play(observation_chars=200)

    said = env.step("seq 1 1000")[0]

    assert len(said) < 300
    assert said.startswith("1\n2\n")
    assert "characters left out" in said
    assert said.endswith("999\n1000")


@pytest.mark.parametrize("action", ["", " \n\t", "echo a\0b"])
def test_what_is_no_command_is_refused(play: Play, action: str) -> None:
    env = play()

    said, _, ended, _, info = env.step(action)

    assert said
    assert not ended
    assert info["signals"] == {"format_ok": 0.0}


def test_a_fix_through_the_tools_is_resolved(play: Play) -> None:
    env = play(INNER)
    block = (
        "<<<<<<< SEARCH\n(merged[-1][0], end)\n=======\n(merged[-1][0], max(merged[-1][1], end))"
    )

    assert "intervals.py:15:" in env.step("search -F 'merged[-1][0]'")[0]
    edited = env.step(f"edit replace intervals.py <<'EOF'\n{block}\n>>>>>>> REPLACE\nEOF")
    assert edited[4]["signals"]["edited"] == 1.0
    assert env.step("python -m unittest -q 2>&1 | tail -n 1")[0] == "OK"
    outcome = env.step("submit")[4]["outcome"]

    assert (outcome["resolved"], outcome["regressions"]) == (1.0, 0.0)


def test_a_fix_of_one_thing_that_breaks_another_is_a_regression(play: Play) -> None:
    env = play(TOUCHING)

    env.step("sed -i 's/start < merged/start <= 2 + merged/' intervals.py")
    outcome = env.step("submit")[4]["outcome"]

    assert (outcome["tests_passed"], outcome["regressions"]) == (1.0, 1.0)
    assert (outcome["success"], outcome["patch_applied"]) == (0.0, 1.0)


def test_submitting_nothing_solves_nothing(play: Play) -> None:
    outcome = play().step("submit")[4]["outcome"]

    assert outcome["submitted"] == 1.0
    assert outcome["success"] == outcome["patch_nonempty"] == outcome["tests_passed"] == 0.0


def test_tests_that_the_agent_writes_do_not_count(play: Play) -> None:
    env = play(INNER)

    env.step("printf 'import unittest\\nraise unittest.SkipTest\\n' > tests/__init__.py")
    env.step("cp tests/__init__.py sitecustomize.py")
    outcome = env.step("submit")[4]["outcome"]

    assert (outcome["patch_nonempty"], outcome["resolved"]) == (1.0, 0.0)


@pytest.mark.parametrize(("grades", "success"), [("end", 1.0), ("submitted", 0.0)])
def test_whether_work_counts_that_was_not_handed_in_is_the_suites_choice(
    play: Play, grades: str, success: float
) -> None:
    env = play(INNER, grade=grades)
    env.step(str(env.expert_action()))

    outcome = env.outcome()

    assert (outcome["success"], outcome["submitted"]) == (success, 0.0)
    assert env.outcome() == outcome


def test_hints_are_shown_where_they_are_asked_for(sandbox: SandboxSpec) -> None:
    instance = replace(example_instance(INNER), hints="Look at max().")
    task = Task("t", data=own_form.write(instance))

    for hints in (True, False):
        env = SWEEnv(hints=hints, sandbox=sandbox)
        assert ("Look at max()." in env.reset(seed=1, options={"task": task})[0]) is hints
        env.close()


def test_an_instance_without_a_solution_has_no_expert(sandbox: SandboxSpec) -> None:
    instance = replace(example_instance(INNER), patch="")
    env = SWEEnv(sandbox=sandbox)
    env.reset(seed=1, options={"task": Task("t", data=own_form.write(instance))})

    assert env.expert_action() is None
    env.close()


def test_a_solution_script_is_an_expert_too(sandbox: SandboxSpec) -> None:
    script = (
        "sed -i 's/(merged\\[-1\\]\\[0\\], end)/(merged[-1][0], max(merged[-1][1], end))/' *.py"
    )
    instance = replace(example_instance(INNER), patch="", solution=script)
    env = SWEEnv(sandbox=sandbox)
    env.reset(seed=1, options={"task": Task("t", data=own_form.write(instance))})

    env.step(str(env.expert_action()))
    assert env.step(str(env.expert_action()))[4]["outcome"]["success"] == 1.0
    env.close()


def test_a_sandbox_that_dies_is_no_verdict(play: Play) -> None:
    env = play()
    env._playing.sandbox.close()

    with pytest.raises(SandboxError):
        env.step("echo")


def test_leaving_the_shell_does_not_end_the_episode(play: Play) -> None:
    env = play()

    env.step("exit 3")
    said, _, ended, _, _ = env.step("pwd")

    assert not ended
    assert said == "/testbed"
