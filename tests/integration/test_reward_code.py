"""Reward programs on recorded episodes: labels, and a search that betters them."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from agentrl.episode import Episode, Status
from agentrl.errors import SandboxError, UsageError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.coder.evaluation import Evaluation
from agentrl.rewards.coder.feedback import failures, pairs_by_outcome, rankings, statistics
from agentrl.rewards.coder.labeler import CodeLabeler, build
from agentrl.rewards.coder.loop import Improvement, Plan, improve
from agentrl.rewards.coder.runner import Runner
from agentrl.suite.reward.code import CodeLabelSpec
from agentrl.suite.sandbox import SandboxSpec
from tests.unit.rewards.coder.episodes import episode

RECORDED = [
    episode("lost-1", ["wait", "wait", "wait"], 0.0),
    episode("lost-2", ["wait", "go"], 0.0),
    episode("won-1", ["go", "take key"], 1.0),
    episode("won-2", ["go", "go", "take key"], 1.0),
    episode("broken", ["go"], 1.0, status=Status.INFRA_FAILED),
]
LONG = 'def reward(episode):\n    return [{"turn": 1.0} for turn in episode["turns"]]\n'
KEY = """\
def reward(episode):
    return [
        {"key": float("key" in turn["action"]), "go": 0.1}
        for turn in episode["turns"]
    ]
"""
FAILS = 'def reward(episode):\n    return [{"t": turn["score"]} for turn in episode["turns"]]\n'
UNSAFE = "import os\n" + KEY


def answer(source: str) -> str:
    return f"Because.\n```python\n{source}```"


def label(labeler: CodeLabeler, *groups: list[Episode]) -> list[list[Episode]]:
    async def run() -> list[list[Episode]]:
        try:
            return [await labeler.label(group) for group in groups]
        finally:
            await labeler.close()

    return asyncio.run(run())


def built(tmp_path: Path, source: str, **options: object) -> CodeLabeler:
    program = tmp_path / "program.py"
    program.write_text(source)
    spec = CodeLabelSpec.model_validate({"kind": "code", "program": str(program), **options})
    return build("shaped", spec)


def test_a_program_states_its_terms_and_their_sum_on_each_turn(
    tmp_path: Path, sandbox: SandboxSpec
) -> None:
    (labeled,) = label(built(tmp_path, KEY), RECORDED)

    assert [e.id for e in labeled] == [e.id for e in RECORDED]
    assert labeled[2].turns[1].signals == {
        "moved": 1.0,
        "shaped": 1.1,
        "shaped/key": 1.0,
        "shaped/go": 0.1,
    }
    assert labeled[0].turns[0].signals["shaped"] == 0.1
    assert labeled[4] is RECORDED[4]


def test_a_program_that_fails_leaves_its_episode_unscored(
    tmp_path: Path, sandbox: SandboxSpec
) -> None:
    source = LONG.replace("return", "assert len(episode['turns']) < 3\n    return")
    (labeled,) = label(built(tmp_path, source), RECORDED)

    assert [e.status for e in labeled[:3]] == [Status.UNSCORED, Status.OK, Status.OK]
    error = labeled[0].error
    assert error is not None
    assert error.kind == "RewardCodeError"
    assert error.message == "label shaped: episode lost-1: line 2: AssertionError: "


def test_a_program_may_be_shown_the_outcome(tmp_path: Path, sandbox: SandboxSpec) -> None:
    source = LONG.replace("1.0", 'episode["outcome"]["success"]')

    (blind,) = label(built(tmp_path, source), RECORDED)
    (shown,) = label(built(tmp_path, source, outcome=True), RECORDED)

    assert blind[2].status is Status.UNSCORED
    assert "KeyError: 'outcome'" in str(blind[2].error)
    assert shown[2].turns[0].signals["shaped"] == 1.0


def test_a_sandbox_that_cannot_be_had_leaves_the_group_unscored(sandbox: SandboxSpec) -> None:
    class Lost(Runner):
        async def run(self, source: str, episodes: object) -> list[object]:  # type: ignore[override]
            raise SandboxError("the engine is gone")

    (labeled,) = label(CodeLabeler("shaped", KEY, Lost()), RECORDED)

    assert [e.status for e in labeled[:4]] == [Status.UNSCORED] * 4
    assert labeled[4] is RECORDED[4]
    assert labeled[0].error is not None
    assert labeled[0].error.kind == "SandboxError"


def test_a_sandbox_that_died_between_two_groups_is_replaced(sandbox: SandboxSpec) -> None:
    runner = Runner()
    labeler = CodeLabeler("shaped", KEY, runner)

    async def run() -> list[Episode]:
        await labeler.label(RECORDED)
        first = runner._sandbox
        assert first is not None
        first.close()
        try:
            return await labeler.label(RECORDED)
        finally:
            await labeler.close()

    assert asyncio.run(run())[2].turns[1].signals["shaped"] == 1.1


def test_one_sandbox_serves_many_groups(sandbox: SandboxSpec) -> None:
    runner = Runner()
    labeler = CodeLabeler("shaped", KEY, runner)

    async def run() -> set[str]:
        used = set()
        for _ in range(3):
            await labeler.label(RECORDED)
            assert runner._sandbox is not None
            used.add(runner._sandbox.id)
        await labeler.close()
        return used

    assert len(asyncio.run(run())) == 1


def test_a_group_without_a_scored_episode_starts_no_sandbox() -> None:
    runner = Runner()

    assert label(CodeLabeler("shaped", KEY, runner), [RECORDED[4]], []) == [[RECORDED[4]], []]
    assert runner._sandbox is None


def test_a_program_that_cannot_be_used_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)reward.labels.shaped.program: .*import of 'os'"):
        built(tmp_path, UNSAFE)
    spec = CodeLabelSpec(kind="code", program=str(tmp_path / "none.py"))
    with pytest.raises(UsageError, match="cannot be read"):
        build("shaped", spec)


def test_a_network_is_refused_in_the_suite() -> None:
    options = {"kind": "code", "program": "x.py", "sandbox": {"network": "full"}}
    with pytest.raises(ValidationError, match="a reward program has no network"):
        CodeLabelSpec.model_validate(options)


def test_a_search_goes_from_a_poor_program_to_a_good_one(
    tmp_path: Path, sandbox: SandboxSpec
) -> None:
    asked: list[str] = []

    def write(request: Request) -> str:
        asked.append(request.messages[-1].content)
        return answer([LONG, FAILS, UNSAFE, "no program", KEY, LONG][len(asked) - 1])

    plan = Plan(rounds=3, candidates=2, repairs=0, show_worst=True)
    feedback = [statistics(), failures(), rankings(pairs_by_outcome(RECORDED))]
    found = asyncio.run(
        improve(
            ScriptedModel(write),
            RECORDED,
            "Take the key.",
            plan=plan,
            feedback=feedback,
            folder=tmp_path / "search",
        )
    )

    assert found.best is not None
    assert (found.best.round, found.best.index, found.best.source) == (2, 0, KEY)
    # returns: lost 0.3 0.2, won 1.2 1.3: ranks 2 1 3 4 against 1.5 1.5 3.5 3.5
    assert found.best.fitness == pytest.approx(4 / 20**0.5)
    assert [bool(a.failure) for a in found.history] == [False, True, True, True, False, False]
    assert "KeyError: 'score'" in found.history[1].failure
    assert "import of 'os' is not allowed" in found.history[2].failure
    # returns 3 2 2 3 say nothing about outcomes 0 0 1 1
    assert found.history[0].fitness == 0.0
    assert "Signals that its turns state: moved." in asked[0]
    assert "KeyError: 'score'" in asked[2]
    assert "turn: mean 2.5" in asked[2]
    assert "Its fitness is 0.0000" in asked[2]
    assert "import of 'os'" in asked[4]
    check_folder(tmp_path / "search", found)


def check_folder(folder: Path, found: Improvement) -> None:
    assert found.best is not None
    assert (folder / "best.py").read_text() == KEY
    assert (folder / "round-1/candidate-1/program.py").read_text() == LONG
    assert (folder / "round-1/candidate-1/answer.txt").read_text() == answer(LONG)
    assert (folder / "round-1/candidate-1/feedback.txt").read_text() == found.history[0].feedback
    assert "KeyError" in (folder / "round-1/candidate-2/feedback.txt").read_text()
    result = json.loads((folder / "round-3/candidate-1/result.json").read_text())
    assert result["returns"]["won-1"] == pytest.approx(1.2)
    history = json.loads((folder / "history.json").read_text())
    assert [row["fitness"] for row in history[1:4]] == [None, None, None]


def test_a_best_program_can_be_named_by_a_label(tmp_path: Path, sandbox: SandboxSpec) -> None:
    plan = Plan(rounds=1, candidates=1)
    asyncio.run(
        improve(ScriptedModel([answer(KEY)]), RECORDED, "", plan=plan, folder=tmp_path / "search")
    )
    spec = CodeLabelSpec(kind="code", program=str(tmp_path / "search/best.py"))

    (labeled,) = label(build("shaped", spec), RECORDED)

    assert labeled[2].turns[1].signals["shaped"] == 1.1


def test_a_caller_may_bring_a_fitness_of_its_own(sandbox: SandboxSpec) -> None:
    async def short_training(evaluation: Evaluation) -> float:
        return float("key" in evaluation.source)

    model = ScriptedModel([answer(KEY)])
    plan = Plan(rounds=1, candidates=1)
    found = asyncio.run(improve(model, RECORDED, "", plan=plan, fitness=short_training))

    assert found.best is not None
    assert found.best.fitness == 1.0


def test_a_model_that_writes_nothing_of_use_yields_no_program(
    tmp_path: Path, sandbox: SandboxSpec
) -> None:
    folder = tmp_path / "search"
    found = asyncio.run(
        improve(ScriptedModel(["I cannot."]), RECORDED, "", plan=Plan(rounds=2), folder=folder)
    )

    assert found.best is None
    assert len(found.history) == 8
    assert not (folder / "best.py").exists()


def test_episodes_and_plans_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    model = ScriptedModel([answer(KEY)])
    with pytest.raises(UsageError, match="some went better than others"):
        asyncio.run(improve(model, RECORDED[:2], ""))
    with pytest.raises(UsageError, match="expected at least one round"):
        Plan(rounds=0)
    (tmp_path / "history.json").write_text("[]")
    with pytest.raises(UsageError, match="holds another search already"):
        asyncio.run(improve(model, RECORDED, "", folder=tmp_path))
