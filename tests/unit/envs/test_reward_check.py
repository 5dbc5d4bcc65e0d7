"""A reward is checked against what the environment states before anything runs."""

from pathlib import Path

import pytest

from agentrl.envs.build import check_reward, env_class
from agentrl.envs.registry import ENTRY_POINTS
from agentrl.errors import SuiteError
from agentrl.suite import Suite, load_suite

PLAIN = """\
name: demo
env: {id: agentrl/Maze-v0}
tasks: {generate: {count: 1}}
agent: {kind: expert}
"""


def suite(tmp_path: Path, reward: str) -> Suite:
    file = tmp_path / "suite.yaml"
    file.write_text(PLAIN + reward, encoding="utf-8")
    return load_suite(file)


def test_a_fact_that_the_environment_states_passes(tmp_path: Path) -> None:
    check_reward(suite(tmp_path, "reward: {terms: {progress: 1, meter/turns: -0.01}}\n"))


def test_an_unknown_signal_names_the_line_and_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        check_reward(suite(tmp_path, "reward:\n  terms:\n    success: 1\n    progres: 0.1\n"))
    text = str(caught.value)
    assert ":8: reward.terms.progres: nothing states 'progres' (did you mean progress?)" in text
    assert "agentrl/Maze-v0 states success, format_ok, constrained, grounded" in text
    assert "meter/usd" in text


def test_a_gate_on_an_unknown_fact_is_refused(tmp_path: Path) -> None:
    reward = (
        "reward: {terms: {success: 1, progress: {level: 1}}, "
        "gates: {g: {mode: zero, when: {fact: submitted, at_least: 1}, level: 1}}}\n"
    )
    with pytest.raises(SuiteError, match=r"reward\.gates\.g: nothing states 'submitted'"):
        check_reward(suite(tmp_path, reward))


POOL = """\
name: demo
env: {id: agentrl/Router-v0, options: {env: {id: agentrl/QA-v0}}}
tasks: {generate: {count: 1}}
agent: {kind: random}
orchestrator:
  pool:
    workers:
      adder: {kind: program, function: calculator}
      far: {kind: model, model: {backend: scripted, answers: [a]}}
"""


@pytest.mark.parametrize(
    ("reward", "place"),
    [
        ("{terms: {success: 1}, cost: {dear: {kind: plain, meter: meter/usd, weight: 1}}}", "dear"),
        ("{terms: {success: 1, worker_usd: -1}}", "worker_usd"),
        ("{preset: router-r1}", "cheap"),
    ],
)
def test_a_cost_in_money_needs_the_price_of_every_worker(
    tmp_path: Path, reward: str, place: str
) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(f"{POOL}reward: {reward}\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=rf"{place}: .*there is no price for far; give"):
        check_reward(load_suite(file))
    far = "orchestrator.pool.workers.far"
    check_reward(load_suite(file, [f"{far}.price_in=1", f"{far}.price_out=2"]))


def test_a_reward_without_money_needs_no_prices(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(f"{POOL}reward: {{terms: {{success: 1}}}}\n", encoding="utf-8")
    check_reward(load_suite(file))


@pytest.mark.parametrize("env_id", ENTRY_POINTS)
def test_every_environment_of_ours_says_what_it_states(env_id: str) -> None:
    assert {"success", "format_ok"} < set(env_class(env_id).stated())
