"""What a specialist in training is shown is what a workflow shows it at work."""

import asyncio

import pytest

from agentrl.envs.build import build_env
from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.models.base import Request as ModelRequest
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.model_worker import ModelWorker
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.specialists.env import MixedEnv, SkillEnv
from agentrl.orchestrator.specialists.puzzle import make_puzzle
from agentrl.orchestrator.specialists.skills import SKILLS
from agentrl.suite.agent import EnvSpec


class Knowing:
    """A model that has one answer, and keeps what it was asked."""

    name = "knowing"
    tokenizer = None
    context_window = None
    weights_version = 0

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[tuple[Message, ...]] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def generate(self, request: ModelRequest) -> Generation:
        self.asked.append(request.messages)
        return Generation(self.answer, "stop", self.name, Sampling(), Usage(20, 5))


@pytest.mark.parametrize("skill", SKILLS)
def test_the_right_answer_is_a_success_and_another_is_none(skill: str) -> None:
    env = SkillEnv(skill)
    for task in SkillEnv.generate(5, 0, {"skill": skill}):
        for answer, success in ((str(task.data["answer"]), 1.0), ("99 98", 0.0)):
            observation, _ = env.reset(seed=task.seed, options={"task": task})
            assert observation == task.data["question"]
            assert env.step(answer)[1] == success


@pytest.mark.parametrize("number", range(3))
def test_a_workflow_asks_a_specialist_what_it_was_trained_on(number: int) -> None:
    tasks = SkillEnv.generate(60, 0, {"skill": "write"})
    task = [task for task in tasks if "Done before" in task.data["question"]][number]
    puzzle = make_puzzle(f"write:{task.seed}", "write")
    models = {s: Knowing(a) for (s, _), a in zip(puzzle.shape, puzzle.answers, strict=True)}
    pool = Pool(ModelWorker(skill, model, one_message=True) for skill, model in models.items())
    plan = parse_workflow(puzzle.workflow, SKILLS)
    assert plan is not None

    result = asyncio.run(execute(plan, pool, task, question=f"\n\n{puzzle.question}"))

    assert result.answer == task.data["answer"]
    assert models["write"].asked == [(Message("user", str(task.data["question"])),)]


def test_a_mixed_task_names_its_solution_and_its_number_of_parts() -> None:
    task = MixedEnv.generate(1, 0, {})[0]

    assert task.group == "4 parts"
    assert str(task.data["workflow"]).startswith("model_id = [0, 1, 2, 3]")


def test_an_unknown_skill_is_refused_with_the_nearest() -> None:
    spec = EnvSpec(id="agentrl.orchestrator.specialists.env:Skill-v0", options={"skill": "sorts"})

    with pytest.raises(UsageError, match="did you mean sort"):
        build_env(spec)
