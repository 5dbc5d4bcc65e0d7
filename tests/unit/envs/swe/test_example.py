"""The small repositories are real tasks: their tests fail before the fix and pass after it."""

import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.formats import agentrl as own_form
from agentrl.envs.swe.source import repository_files


def lay_out(seed: int, folder: Path, *, fixed: bool) -> None:
    instance = example_instance(seed)
    assert instance.source is not None
    for path, file in repository_files(instance.source).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(file.data)
    patch = instance.test_patch + (instance.patch if fixed else "")
    subprocess.run(["git", "apply"], cwd=folder, input=patch.encode(), check=True)


def passes(folder: Path, test: str) -> bool:
    command = [sys.executable, "-m", "unittest", "-q", test]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


@pytest.mark.parametrize("seed", range(6))
def test_the_hidden_test_knows_the_flaw(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))
    tests = example_instance(seed).tests

    for fixed in (False, True):
        folder = tmp_path / str(fixed)
        folder.mkdir()
        lay_out(seed, folder, fixed=fixed)
        assert passes(folder, tests.fail_to_pass[0]) is fixed
        assert passes(folder, tests.pass_to_pass[0])


def test_seeds_give_the_same_instance_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))

    assert example_instance(2) == example_instance(8)
    assert len({example_instance(seed).id for seed in range(20)}) == 6
    assert own_form.read(own_form.write(example_instance(2))) == example_instance(2)
