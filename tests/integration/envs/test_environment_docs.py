"""The examples of the environments' page run as they are printed."""

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gymnasium
import pytest

from agentrl.envs.build import build_env, check_options, env_class
from agentrl.envs.options import describe_options
from agentrl.envs.registry import ENTRY_POINTS
from agentrl.envs.tasks import load_tasks, world_seed
from agentrl.suite import load_suite
from agentrl.suite.sandbox import SandboxSpec
from agentrl.testing.envs import check_text_env

DOCS = Path(__file__).parents[3] / "docs" / "environments"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Path]:
    """Save the page's modules and suites as it tells its reader to."""
    code: dict[str, list[str]] = {"python": [], "yaml": []}
    for language, text in BLOCK.findall((DOCS / "README.md").read_text(encoding="utf-8")):
        code[language].append(text)
    for name, module, suite in zip(("countdown", "guess"), *code.values(), strict=False):
        (tmp_path / f"{name}.py").write_text(module)
        (tmp_path / f"{name}.yaml").write_text(suite)
    (tmp_path / "tests_of_guess.py").write_text(code["python"][2])
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    for name in ("countdown", "guess"):
        sys.modules.pop(name, None)
        gymnasium.registry.pop(f"{name.capitalize()}-v0", None)


@pytest.mark.parametrize(("name", "successes"), [("countdown", None), ("guess", 3)])
def test_an_environment_of_ones_own_runs_as_printed(
    page: Path, name: str, successes: int | None
) -> None:
    suite = load_suite(page / f"{name}.yaml")
    check_options(suite)
    tasks = load_tasks(suite)

    for task in tasks:
        check_text_env(partial(build_env, suite.spec.env), task)

    env = build_env(suite.spec.env)
    solved = 0.0
    for task in tasks if successes else ():
        env.reset(seed=world_seed(0, task), options={"task": task})
        while not env.step(str(env.expert_action()))[2]:
            pass
        solved += env.outcome()["success"]
    assert solved == (successes or 0)


def test_a_countdown_of_ones_own_is_played_by_its_names(page: Path) -> None:
    suite = load_suite(page / "countdown.yaml")
    check_options(suite)
    env = build_env(suite.spec.env)

    first, _ = env.reset(seed=1)
    left = int(first.removesuffix(" left."))
    observation = env.step("take two")[0]

    assert "Count down to exactly 0." in env.instructions
    assert observation == f"{left - 2} left."
    while not env.step("take one")[2]:
        pass
    assert env.outcome() == {"success": 1.0, "score": 1.0}


def test_the_printed_test_passes(page: Path) -> None:
    check_options(load_suite(page / "guess.yaml"))
    names: dict[str, object] = {}

    exec((page / "tests_of_guess.py").read_text(), names)
    test = names["test_guess_keeps_its_promises"]

    assert callable(test)
    test()


@pytest.mark.parametrize("page_name", ["swe", "code"])
def test_the_example_of_a_page_prints_what_stands_below_it(
    page_name: str, sandbox: SandboxSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / f"{page_name}.md").read_text(encoding="utf-8")
    program, printed = re.findall(r"^```(?:python)?\n(.*?)^```$", text, re.M | re.S)[:2]

    exec(program, {})

    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("page_name", ["gym", "sokoban", "maze", "qa", "swe", "code"])
def test_every_option_stands_on_its_page(page_name: str) -> None:
    env_id = {name.split("/")[1].split("-")[0].lower(): name for name in ENTRY_POINTS}[page_name]
    text = (DOCS / f"{page_name}.md").read_text(encoding="utf-8")

    options = describe_options(env_class(env_id))

    assert [o.name for o in options if f"`{o.name}`" not in text] == []
