from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.envs.build import build_env, check_options, env_class
from agentrl.envs.text.maze import MazeEnv
from agentrl.errors import SuiteError, UsageError
from agentrl.suite import Suite, load_suite
from agentrl.suite.spec import EnvSpec

HERE = "env_beside_a_suite"
MODULE = """
import gymnasium
from agentrl.envs.text.maze import MazeEnv

class Mine(MazeEnv):
    def __init__(self, size: int, **more: object) -> None:
        super().__init__(size=size)

gymnasium.register("Mine-v0", entry_point=Mine)
gymnasium.register("Loose-v0", entry_point=lambda: Mine(5))
"""


def suite(folder: Path, env_id: str, **options: Any) -> Suite:
    data = {
        "name": "t",
        "env": {"id": env_id, "options": options},
        "tasks": {"generate": {"count": 1}},
        "agent": {"kind": "expert"},
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return load_suite(path)


def test_an_environment_is_built_with_its_options() -> None:
    env = build_env(EnvSpec(id="agentrl/Maze-v0", options={"size": 9}))

    assert isinstance(env, MazeEnv)
    assert env.spec is not None
    assert len(env.reset(seed=1)[0].splitlines()) == 9


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("agentrl/Maz-v0", r"'agentrl/Maz-v0'.*did you mean agentrl/Maze-v0\?"),
        ("qqqqqqqq", "ours: agentrl/TextWorld-v0, agentrl/Gym-v0"),
        ("FrozenLake-v1", r"no agentrl TextEnv|not an agentrl TextEnv.*agentrl/Gym-v0.*FrozenLake"),
        ("no_such_module:Maze-v0", "no module named 'no_such_module'.*beside the suite file"),
    ],
)
def test_an_id_that_names_no_text_environment_is_refused(env_id: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        env_class(env_id)


def test_an_unknown_id_names_the_suites_line(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"suite\.yaml:3: env\.id: .*did you mean"):
        check_options(suite(tmp_path, "agentrl/Sokobann-v0"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sise": 9}, r":5: env\.options\.sise: unknown option \(did you mean size\?\)"),
        ({"qqqq": 9}, r"unknown option; known: difficulty, size, loops, view, radius"),
        ({"size": "9"}, r":5: env\.options\.size: .*valid integer.*got '9'"),
        ({"size": True}, r"valid integer, got True"),
        ({"difficulty": "easi"}, r"should be 'easy', 'medium' or 'hard', got 'easi'"),
        ({"size": 8}, r":4: env\.options: size is 8, expected an odd number"),
    ],
)
def test_an_option_that_cannot_be_used_names_the_line(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SuiteError, match=message):
        check_options(suite(tmp_path, "agentrl/Maze-v0", **options))


def test_a_whole_number_will_do_where_a_float_is_asked_for(tmp_path: Path) -> None:
    check_options(suite(tmp_path, "agentrl/Maze-v0", loops=1))


def test_a_missing_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"env\.options\.env: missing"):
        check_options(suite(tmp_path, "agentrl/Gym-v0"))


def test_a_gymnasium_id_that_does_not_exist_is_an_error_of_the_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"suite\.yaml:4: env\.options: .*FrozenLke"):
        check_options(suite(tmp_path, "agentrl/Gym-v0", env="FrozenLke-v1"))


def test_a_module_beside_the_suite_is_found_and_its_extra_options_pass(tmp_path: Path) -> None:
    (tmp_path / f"{HERE}.py").write_text(MODULE)

    check_options(suite(tmp_path, f"{HERE}:Mine-v0", size=5, anything="goes"))

    assert env_class(f"{HERE}:Mine-v0").__name__ == "Mine"
    with pytest.raises(SuiteError, match=r"env\.options\.size: missing"):
        check_options(suite(tmp_path, f"{HERE}:Mine-v0"))
    with pytest.raises(SuiteError, match="not an agentrl TextEnv"):
        env_class(f"{HERE}:Loose-v0")


def test_a_constructor_that_refuses_its_options_says_why() -> None:
    with pytest.raises(UsageError, match="boxes is 9, expected 1 to 4"):
        build_env(EnvSpec(id="agentrl/Sokoban-v0", options={"boxes": 9}))
