"""What docs/rewards/reward-code.md shows works as it stands there."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import yaml

from agentrl.codec import dump_episode
from agentrl.rewards.coder.interface import interface
from agentrl.rewards.coder.labeler import build
from agentrl.suite.reward.code import CodeLabelSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.sandbox import SandboxSpec
from tests.integration.test_reward_code import KEY, RECORDED, answer, label

PAGE = (Path(__file__).parents[2] / "docs/rewards/reward-code.md").read_text()
PROGRAM, SEARCH = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_the_suite_of_the_page_uses_the_program_of_the_page(
    tmp_path: Path, sandbox: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (snippet,) = [yaml.safe_load(s) for s in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]
    spec = RewardSpec.model_validate(snippet["reward"]).labels["shaped"]
    assert isinstance(spec, CodeLabelSpec)
    Path("rewards").mkdir()
    Path(spec.program).write_text(PROGRAM)

    (labeled,) = label(build("shaped", spec), RECORDED)

    assert [turn.signals["shaped"] for turn in labeled[0].turns] == [0.1, 0.1, 0.1]
    assert labeled[0].turns[0].signals["shaped/key"] == 0.0


def test_the_search_of_the_page_runs(
    tmp_path: Path, sandbox: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs/maze").mkdir(parents=True)
    lines = [dump_episode(episode).strip() for episode in RECORDED]
    Path("runs/maze/episodes.jsonl").write_text("\n".join(lines) + "\n")
    scripted = SEARCH.replace("OpenAISpec", "ScriptedSpec").replace(
        'backend="openai", model="coder-1", base_url="http://localhost:8000/v1"',
        f'backend="scripted", answers=({answer(KEY)!r},)',
    )
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(scripted, "reward-code.md", "exec"), {"__name__": "page"})

    assert float(said.getvalue()) == pytest.approx(4 / 20**0.5)
    assert Path("runs/maze-reward/best.py").read_text() == KEY


def test_the_page_names_what_a_program_is_given() -> None:
    for key in re.findall(r'\["\w+"\]', interface(outcome=True)):
        assert key in PAGE
