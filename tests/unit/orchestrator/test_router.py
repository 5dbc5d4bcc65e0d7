"""Thinking, asking and answering in rounds."""

from collections.abc import Callable
from typing import Any

import pytest

from agentrl.orchestrator.router import RouterEnv
from agentrl.orchestrator.tags import format_problem, read_round
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.task import Task
from agentrl.testing.envs import check_text_env
from agentrl.testing.workers import FakeWorker, broken

TASK = Task("t", data={"question": "What is 6 * 7?", "answer": "42", "kind": "numeric"}, seed=1)
ASK = "<think>Hard.</think><search> Model 0:What is six times seven? </search>"
ANSWER = "<think>Now I know.</think><answer>42</answer>"

Make = Callable[..., RouterEnv]


@pytest.fixture
def make(orchestrate: Callable[..., Any]) -> Make:
    return lambda workers, **options: orchestrate(RouterEnv, workers, **options)


def begun(env: RouterEnv) -> str:
    return env.reset(seed=1, options={"task": TASK})[0]


def test_it_keeps_what_every_environment_promises(make: Make) -> None:
    check_text_env(lambda: make([FakeWorker("a", "42")]), TASK)


def test_a_worker_gets_the_query_and_its_reply_comes_back_as_information(make: Make) -> None:
    worker = FakeWorker("a", "It is 42.")
    env = make([worker])
    begun(env)

    text, _, terminated, _, info = env.step(ASK)

    assert text == "<information>It is 42.</information>"
    assert not terminated
    assert worker.requests[0].messages[-1].content == "What is six times seven?"
    assert info["signals"]["worker_calls"] == 1.0


def test_the_answer_ends_the_episode_and_its_form_is_judged(make: Make) -> None:
    env = make([FakeWorker("a", "It is 42.")])
    begun(env)
    env.step(ASK)

    _, reward, terminated, _, info = env.step(ANSWER)

    assert terminated
    assert reward == 1.0
    assert info["outcome"]["success"] == 1.0
    assert info["outcome"]["format_valid"] == 1.0
    assert info["outcome"]["usd"] > 0


def test_in_the_last_round_no_worker_can_be_asked(make: Make) -> None:
    env = make([FakeWorker("a", "It is 42.")], routes=1)
    begun(env)
    text = env.step(ASK)[0]

    refused, _, _, _, info = env.step(ASK)

    assert text.endswith("give the answer between <answer> and </answer>.")
    assert "No worker can be asked any more" in refused
    assert info["signals"]["format_ok"] == 0.0
    assert env.outcome()["success"] == 0.0


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ("42", "neither a <search> nor an <answer>"),
        ("<search>What is it?</search>", "a worker's name, a colon and a query"),
        ("<search>GPT-9: What is it?</search>", "no worker 'GPT-9'; there are Model 0"),
        ("<search>LLM-Name:Your-Query</search>", "was not filled in"),
        ("<answer> </answer>", "the answer is empty"),
    ],
)
def test_an_action_that_is_none_costs_a_round_and_says_why(
    make: Make, action: str, complaint: str
) -> None:
    env = make([FakeWorker("a", "42")])
    begun(env)

    text, _, _, _, info = env.step(action)

    assert complaint in text
    assert info["signals"]["format_ok"] == 0.0


def test_the_papers_silent_form_tells_nothing(make: Make) -> None:
    env = make([FakeWorker("a", "42")], silent=True)
    begun(env)

    assert not env.step("42")[0].strip()


def test_in_the_silent_form_a_worker_that_there_is_not_is_a_route_without_a_reply(
    make: Make,
) -> None:
    """As the paper's code has it: it counts as a route, and the form is broken."""
    env = make([FakeWorker("a", "42")], silent=True, routes=1)
    begun(env)

    text, _, _, _, info = env.step(ASK.replace("Model 0", "GPT-9"))
    _, _, _, _, end = env.step(ANSWER)

    assert text == "<information>None</information>"
    assert "worker_calls" not in info["signals"]
    assert end["outcome"]["success"] == 1.0
    assert end["outcome"]["format_valid"] == 0.0


def test_an_answer_that_was_cut_off_counts_and_breaks_the_form(make: Make) -> None:
    env = make([FakeWorker("a", "It is 42.")])
    begun(env)

    outcome = env.step(ANSWER.removesuffix("</answer>"))[4]["outcome"]

    assert (outcome["success"], outcome["format_valid"]) == (1.0, 0.0)


def test_tags_in_a_workers_reply_are_not_held_against_the_router(make: Make) -> None:
    env = make([FakeWorker("a", "<think>Hm.</think> <answer>42")])
    begun(env)
    env.step(ASK)

    assert env.step(ANSWER)[4]["outcome"]["format_valid"] == 1.0


def test_the_papers_cost_counts_the_tokens_that_a_worker_wrote(make: Make) -> None:
    """5 tokens at 2 USD per million; those 10 that it was given, at 1, count for worker_usd."""
    env = make([FakeWorker("a", "42"), FakeWorker("b", broken("b"))])
    begun(env)

    told = env.step(ASK)[4]["signals"]
    failed = env.step(ASK.replace("Model 0", "Model 1"))[4]["signals"]

    assert told["worker_usd_out"] == pytest.approx(5 * 2.0 / 1e6)
    assert told["worker_usd"] == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)
    assert failed["worker_usd_out"] == 0.0


def test_a_worker_that_fails_is_told_and_another_may_be_asked(make: Make) -> None:
    env = make([FakeWorker("a", broken("a")), FakeWorker("b", "42")])
    begun(env)

    text, _, _, _, info = env.step(ASK)
    env.step(ASK.replace("Model 0", "Model 1"))

    assert text == "<information>None</information>"
    assert info["signals"]["failed_nodes"] == 1.0
    assert env.step("<think>.</think><answer>41</answer>")[4]["outcome"]["success"] == 0.0


def test_a_wrong_answer_after_failures_alone_is_no_reward_of_zero(make: Make) -> None:
    env = make([FakeWorker("a", broken("a"))])
    begun(env)
    env.step(ASK)

    with pytest.raises(WorkerFailedError, match="every other that was asked failed"):
        env.step("<think>I guess.</think><answer>41</answer>")


def test_an_answer_of_several_lines_keeps_the_spaces_that_a_patch_needs() -> None:
    assert read_round("<answer>\n-a\n+b\n \n</answer>", ["w"]).text == "-a\n+b\n "
    assert read_round("<answer> 42\n</answer>", ["w"]).text == "42"


def test_a_query_may_hold_a_colon() -> None:
    found = read_round("<search>a: one: two", ["a"])
    assert (found.kind, found.worker, found.text) == ("route", "a", "one: two")


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["<think>a</think><answer>1</answer>"], ""),
        (
            [
                "<think>a</think><search>w:q</search>",
                "<information>r</information>",
                "<think>b</think><answer>1</answer>",
            ],
            "",
        ),
        (["<answer>1</answer>"], "no thought"),
        (["<think> ... </think><answer>1</answer>"], "a thought is empty"),
        (["<think>a</think><answer>1</answer><answer>2</answer>"], "2 answers"),
        (["<think>a<answer>1</answer></think>"], "<answer> stands in <think>"),
        (["<think>a</think><answer>1"], "<answer> is never closed"),
        (["<think>a</think><search>w:q</search><answer>1</answer>"], "1 routes got 0 answers"),
        (["So: <think>a</think><answer>1</answer>"], "does not begin with a thought"),
        (
            [
                "<think>a</think><search>x:q</search>",
                "<information>r</information>",
                "<think>b</think><answer>1</answer>",
            ],
            "no worker 'x'",
        ),
        (
            [
                "<think>a</think><search>w:q:r</search>",
                "<information>r</information>",
                "<think>b</think><answer>1</answer>",
            ],
            "2 colons",
        ),
        (
            [
                "<think>a</think><search>w:ask w</search>",
                "<information>r</information>",
                "<think>b</think><answer>1</answer>",
            ],
            "names worker 'w'",
        ),
    ],
)
def test_the_papers_form(texts: list[str], problem: str) -> None:
    found = format_problem(texts, ["w"])
    assert problem in found
    assert bool(problem) == bool(found)
