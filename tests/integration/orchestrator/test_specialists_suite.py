"""Specialists that were trained here, in a pool, directed by a conductor: the whole path, small."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.orchestrator.loop import close_shared_pools
from agentrl.runs.folder import RunFolder, read_episodes
from agentrl.suite.load import load_suite
from agentrl.training.plan import check_training
from agentrl.training.trainer import train_suite

pytest.importorskip("transformers", reason="transformers is not installed")

TASKS = Path(__file__).parents[3] / "tasks"
CONDUCTOR = TASKS / "conductor/specialists.yaml"
SMALL = {
    "agent.model.scratch": "{hidden_size: 32, layers: 1, vocabulary: 300, context: 256}",
    "train.sft.tasks.generate.count": 16,
    "train.sft.epochs": 1,
    "train.evaluation": "null",
    "train.trackers": "[]",
    "tasks.generate.count": 2,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The newest checkpoints of two specialists after one update each."""
    folder = tmp_path_factory.mktemp("specialists")
    for name in ("finder", "adder"):
        sets = [f"{key}={value}" for key, value in SMALL.items()]
        suite = load_suite(TASKS / f"specialists/{name}.yaml", sets)
        with closing(RunFolder.create(folder / name, suite.resolved())) as run:
            train_suite(check_training(suite), run)
    yield {name: folder / name / "checkpoints/latest" for name in ("finder", "adder")}
    close_shared_pools()


def test_trained_specialists_work_for_a_conductor(trained: dict[str, Path]) -> None:
    at = "orchestrator.pool.workers"
    places = {"finder": "finder", "sorter": "finder", "adder": "adder", "writer": "adder"}
    sets = [f"{at}.{name}.model.checkpoint={trained[kind]}" for name, kind in places.items()]
    suite = load_suite(CONDUCTOR, [*sets, "tasks.generate={count: 1, seed: 0}"])
    (task,) = load_tasks(suite)
    assert task.group == "4 parts"
    env = build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator)

    env.reset(seed=task.seed, options={"task": task})
    _, _, ended, _, info = env.step(str(env.expert_action()))
    env.close()

    assert ended
    assert info["signals"]["parsed"] == 1.0
    assert info["signals"]["worker_usd"] > 0
    answered = {call.node: call.generation for call in info["calls"] if call.generation}
    assert answered
    assert all(answer.usage.completion_tokens > 0 for answer in answered.values())


def test_a_specialist_learnt_from_right_answers_alone(trained: dict[str, Path]) -> None:
    run = trained["adder"].parents[1]
    episodes = list(read_episodes(run / "sft.jsonl"))

    assert len(episodes) == 16
    assert {episode.outcome["success"] for episode in episodes} == {1.0}
