"""The report of a training: one page, with the learning curve and the newest episodes."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.errors import StorageError
from agentrl.runs.estimate import Estimate
from agentrl.runs.training import Evaluation, Stage, TrainingSummary
from agentrl.view.training_plots import training_plots
from agentrl.view.training_report import NEWEST, write_training_report

EVIL = "<script>alert(1)</script> </script> <!-- <img src=x onerror=alert(2)> & é"


def episode(number: int, text: str = "a room") -> Episode:
    answer = Generation(f"I say {text}", "stop", "m", Sampling(), Usage(10, 2))
    return Episode(
        id=f"id-{number}",
        task_id=f"task {text} {number}",
        group_id="g",
        seed=number,
        agent="policy",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn(text, "go", (answer,), terms={"success": 1.0}),),
        final_observation="the end " + text,
        outcome={"success": 1.0},
        task_group=text,
    )


def evaluation(stage: Stage, step: int, success: float | None, games: int = 8) -> Evaluation:
    found = Estimate() if success is None else Estimate(success, 0.05, 0.95, games, "wilson")
    return Evaluation(stage, step, found, found, games, games, None if success is None else 3.5)


def rl(step: int, **numbers: float) -> dict[str, Any]:
    return {"phase": "rl", "step": step, **{n.replace("_", "/", 1): v for n, v in numbers.items()}}


def training(*evaluations: Evaluation, **other: Any) -> TrainingSummary:
    summary = TrainingSummary(
        run="my-run",
        suite="counting",
        algorithm="rloo",
        steps=20,
        planned_steps=30,
        evaluations=evaluations,
        episodes={"ok": 1},
        tokens_trained=12_345,
        duration_s=75.0,
        checkpoint=None,
        best_checkpoint=None,
        last={},
    )
    return replace(summary, **other)


class Page(HTMLParser):
    """What a browser would make of the page: its tags, its scripts and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.cells: list[str] = []
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._within:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif "style" not in self._within:
            self.words.append(data)
            if "td" in self._within:
                self.cells[-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def plots(self) -> list[str]:
        """What each plot says to who cannot see it."""
        return [a["aria-label"] or "" for tag, a in self.tags if tag == "svg" and "aria-label" in a]

    def data(self, name: str) -> Any:
        [text] = [text for attributes, text in self.scripts if attributes.get("id") == name]
        return json.loads(text)


def report(
    folder: Path,
    summary: TrainingSummary,
    metrics: Sequence[dict[str, Any]] = (),
    episodes: Sequence[Episode] = (),
    suite_yaml: str = "name: counting\n",
) -> Page:
    path = folder / "report.html"
    write_training_report(path, summary, metrics, iter(episodes), suite_yaml)
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_needs_nothing_else_and_may_load_nothing(tmp_path: Path) -> None:
    page = report(tmp_path, training(evaluation("base", 0, 0.5)), [rl(1, reward_mean=0.5)])
    [policy] = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]

    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"(src|href)=\"(?!#)", page.source)
    assert "url(" not in page.source
    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_the_learning_curve_shows_held_out_and_training_tasks(tmp_path: Path) -> None:
    summary = training(
        evaluation("base", 0, 0.25), evaluation("step", 10, 0.5), evaluation("rl", 20, 0.75)
    )
    page = report(tmp_path, summary, [rl(1, success_mean=0.125), rl(20, success_mean=0.875)])
    [curve] = [said for said in page.plots if said.startswith("Learning curve: success")]

    assert "held-out tasks: 0.25 at step 0, 0.75 at step 20" in curve
    assert "step, step 10: 50.0% [5, 95]" in curve
    assert "training tasks: 0.125 at step 1, 0.875 at step 20" in curve


def test_the_learning_curve_is_there_without_held_out_tasks(tmp_path: Path) -> None:
    page = report(tmp_path, training(), [rl(1, success_mean=0.5)])

    assert page.plots == ["Learning curve: success. training tasks: 0.5 at step 1, 0.5 at step 1"]


def test_the_tiles_tell_success_before_between_and_after(tmp_path: Path) -> None:
    summary = training(
        evaluation("base", 0, 0.125), evaluation("sft", 0, 0.5), evaluation("rl", 20, 0.875, 40)
    )
    text = report(tmp_path, summary).text

    assert "my-run" in text
    assert "rloo on suite counting" in text
    assert "Success before training 12.5% 95% [5, 95], 8 held-out tasks" in text
    assert "Success after imitation 50.0%" in text
    assert "Success after RL 87.5% 95% [5, 95], 40 held-out tasks" in text
    assert "Steps 20 of 30" in text
    assert "Trained tokens 12.3k" in text
    assert "Time 1:15 min" in text


def test_every_evaluation_has_its_row(tmp_path: Path) -> None:
    summary = training(evaluation("base", 0, 0.125), evaluation("step", 10, 0.25, 4))
    page = report(tmp_path, summary)

    assert page.cells[:14] == [
        *("before training", "0", "12.5%", "[5, 95]", "0.12", "3.5", "8"),
        *("during RL", "10", "25.0%", "[5, 95]", "0.25", "3.5", "4"),
    ]


def test_a_stage_that_did_not_happen_has_no_tile(tmp_path: Path) -> None:
    text = report(tmp_path, training(evaluation("base", 0, 0.5))).text

    assert "Success before training" in text
    assert "Success after" not in text


def test_an_evaluation_that_scored_nothing_is_a_dash_and_no_zero(tmp_path: Path) -> None:
    page = report(tmp_path, training(evaluation("base", 0, None, 0)))

    assert page.cells[2] == "–"  # noqa: RUF001
    assert "0.0%" not in page.text
    assert page.plots == [], "and no curve"


def test_a_training_that_did_nothing_still_has_a_page(tmp_path: Path) -> None:
    page = report(tmp_path, training(steps=0, episodes={}, duration_s=None))

    assert page.data("index") == []
    assert page.plots == []
    assert "Steps 0 of 30" in page.text


def test_what_tasks_and_suites_are_called_never_becomes_markup(tmp_path: Path) -> None:
    summary = training(evaluation("base", 0, 0.5), run="run " + EVIL, suite=EVIL, algorithm=EVIL)
    page = report(tmp_path, summary, [], [episode(0, EVIL)], "name: s # " + EVIL)
    runnable = [attributes for attributes, _ in page.scripts if "type" not in attributes]

    assert len(runnable) == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert page.data("index")[0]["task"] == f"task {EVIL} 0"
    assert page.data("episode-0")["turns"][0]["observation"] == EVIL
    assert f"run {EVIL}" in page.text


def test_an_episode_can_be_read_turn_by_turn(tmp_path: Path) -> None:
    page = report(tmp_path, training(), [], [episode(0)])
    [turn] = page.data("episode-0")["turns"]

    assert turn["observation"] == "a room"
    assert turn["answers"][0]["text"] == "I say a room"
    assert "The newest" not in page.text


def test_only_the_newest_episodes_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    total = NEWEST + 3
    page = report(
        tmp_path, training(episodes={"ok": total}), [], [episode(n) for n in range(total)]
    )
    index = page.data("index")

    assert len(index) == NEWEST
    assert index[0]["task"] == "task a room 3"
    assert index[-1]["task"] == f"task a room {total - 1}"
    assert f"The newest {NEWEST} of {total} training episodes" in page.text


def test_a_folder_that_is_gone_is_reported_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write the report .*gone/report\.html: No such"):
        report(tmp_path / "gone", training())


def test_a_plot_is_drawn_where_there_are_numbers_for_it() -> None:
    page = Page(
        training_plots(
            [
                {"phase": "sft", "update": 1, "sft/loss": 2.0},
                {"phase": "sft", "update": 2, "sft/loss": 0.5},
                {"phase": "evaluation", "stage": "base", "step": 0, "eval/success": 0.5},
                rl(1, reward_mean=0.25, policy_entropy=1.5),
                rl(2, reward_mean=0.5),
            ],
            [],
        )
    )

    assert page.plots == [
        "Supervised training: loss, nats. loss: 2 at step 1, 0.5 at step 2",
        "Reward of an episode. mean: 0.25 at step 1, 0.5 at step 2",
        "Entropy of a token, nats. entropy: 1.5 at step 1, 1.5 at step 1",
    ]


def test_a_number_that_never_changes_can_be_drawn() -> None:
    page = Page(training_plots([rl(step, reward_mean=0.0) for step in (1, 2)], []))

    assert page.plots == ["Reward of an episode. mean: 0 at step 1, 0 at step 2"]
    assert "nan" not in page.source


def test_every_plot_has_a_title_and_names_its_lines() -> None:
    page = Page(
        training_plots(
            [rl(1, episodes_ok=3.0, episodes_truncated=1.0, time_sample_s=1.0)],
            [evaluation("base", 0, 0.5)],
        )
    )

    assert "Episodes of a step" in page.text
    assert "truncated" in page.text
    assert len(page.plots) == 3


def test_terms_and_gates_of_the_reward_are_drawn_over_the_steps() -> None:
    names = {f"reward/term/t{n}": 0.1 * n for n in range(9)}
    steps = [{"phase": "rl", "step": s, **names, "reward/gate/solved": 0.5} for s in range(3)]
    page = training_plots(steps, [])

    assert page.count("<figcaption>Terms of the reward, mean of an episode") == 2, "8 have a colour"
    assert "Gates: share of episodes open" in page
    assert 'class="line7"' in page
    assert "solved: 0.5 at step 0, 0.5 at step 2" in page


def test_a_training_without_gates_has_no_plot_of_them() -> None:
    assert "Gates" not in training_plots([{"phase": "rl", "step": 1, "reward/mean": 1.0}], [])
