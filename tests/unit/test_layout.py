import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["envs", "orchestrator", "rewards"])
def test_the_front_door_names_are_links_to_the_rooms(name: str) -> None:
    assert (ROOT / name).readlink() == Path("agentrl") / name


@pytest.mark.parametrize("name", ["envs", "orchestrator", "rewards"])
def test_no_test_imports_through_a_link(name: str) -> None:
    assert name not in sys.modules


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import agentrl, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"torch", "transformers", "gymnasium", "pydantic", "numpy", "openai"}.isdisjoint(loaded)


def test_the_command_line_answers_without_loading_torch() -> None:
    program = "import agentrl.cli, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"torch", "transformers", "textworld", "openai"}.isdisjoint(loaded)


def test_gymnasium_finds_an_environment_by_module_and_id_without_loading_the_others() -> None:
    program = (
        "import gymnasium, sys; gymnasium.make('agentrl.envs:agentrl/Maze-v0'); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"textworld", "torch"}.isdisjoint(loaded)
