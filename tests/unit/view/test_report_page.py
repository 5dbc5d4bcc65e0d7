import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import (
    Episode,
    Failure,
    Gate,
    Generation,
    Sampling,
    Status,
    StopReason,
    Turn,
    Usage,
)
from agentrl.errors import StorageError
from agentrl.runs.summary import summarise
from agentrl.view.report import write_report

EVIL = "<script>alert(1)</script> </script> <!-- <img src=x onerror=alert(2)> \u2028 & é \ud800"


def episode(number: int, text: str = "a room", success: float = 1.0) -> Episode:
    answer = Generation(
        f"I say {text}",
        "stop",
        "m",
        Sampling(),
        Usage(10, 2),
        token_ids=(7, 8),
        logprobs=(-0.12345, -1.0),
        allowed=(None, (8, 9)),
    )
    turn = Turn(text, "go", (answer,), {"format_ok": 1.0}, 0.5, {"success": success})
    return Episode(
        id=f"id-{number}",
        task_id=f"task {text} {number}",
        group_id="g",
        seed=number,
        agent="agent " + text,
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(turn,),
        final_observation="the end " + text,
        outcome={"success": success},
        task_group=text,
    )


class Page(HTMLParser):
    """What a browser would make of the page: its tags, its attributes, its scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.in_script = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.in_script = tag == "script"
        if self.in_script:
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)

    def data(self, name: str) -> Any:
        """The JSON value that the page holds under a name."""
        [text] = [text for attributes, text in self.scripts if attributes.get("id") == name]
        return json.loads(text)


def report(folder: Path, episodes: list[Episode], max_bytes: int = 10**6) -> Page:
    path = folder / "report.html"
    found = summarise(episodes, run="run " + EVIL, suite="s")
    write_report(path, found, iter(episodes), "name: s # " + EVIL, max_bytes=max_bytes)
    return Page(path)


def test_an_episode_is_in_the_page_word_for_word(tmp_path: Path) -> None:
    page = report(tmp_path, [episode(0)])
    shown = page.data("episode-0")
    [turn] = shown["turns"]
    [answer] = turn["answers"]

    assert turn["observation"] == "a room"
    assert answer["text"] == "I say a room"
    assert answer["logprobs"] == [-0.123, -1.0]
    assert answer["allowed"] == [None, 2]
    assert shown["final"] == "the end a room"
    assert page.data("index")[0]["success"] == 1.0


def test_what_worlds_and_agents_say_never_becomes_markup(tmp_path: Path) -> None:
    page = report(tmp_path, [episode(0, EVIL), episode(1, EVIL, 0.0)])
    runnable = [attributes for attributes, _ in page.scripts if "type" not in attributes]

    assert len(runnable) == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    observation = page.data("episode-0")["turns"][0]["observation"]
    assert observation == EVIL.replace("\ud800", "?")


def test_the_page_may_run_its_own_script_and_load_nothing(tmp_path: Path) -> None:
    page = report(tmp_path, [episode(0)])
    [policy] = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    [script] = [text for attributes, text in page.scripts if "type" not in attributes]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy is not None
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}';")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert "url(" not in text


def test_an_episode_without_a_result_is_listed_with_its_error(tmp_path: Path) -> None:
    lost = replace(
        episode(0),
        status=Status.INFRA_FAILED,
        outcome={"success": 0.0},
        error=Failure("ModelError", "server down"),
    )
    page = report(tmp_path, [lost])
    [row] = page.data("index")

    assert row["success"] is None
    assert row["reward"] is None
    assert row["error"] == "ModelError"
    assert page.data("episode-0")["error"] == ["ModelError", "server down"]


def rewarded(number: int, group: str, terms: list[dict[str, float]], *gates: Gate) -> Episode:
    (turn,) = episode(number).turns
    turns = tuple(replace(turn, terms=each) for each in terms)
    return replace(episode(number), turns=turns, gates=gates, task_group=group)


def test_the_page_holds_the_terms_of_each_turn_and_what_the_gates_did(tmp_path: Path) -> None:
    gate = Gate("solved", False, "success is 0, asked for success >= 1")
    page = report(
        tmp_path, [rewarded(0, "a", [{"steps": 0.5}, {"steps": -0.25, "cost": -1}], gate)]
    )
    shown = page.data("episode-0")

    assert [turn["terms"] for turn in shown["turns"]] == [
        {"steps": 0.5},
        {"steps": -0.25, "cost": -1},
    ]
    assert shown["gates"] == [["solved", False, "success is 0, asked for success >= 1"]]
    assert page.data("terms") == ["steps", "cost"]


def test_the_overview_tells_the_reward_term_by_term_for_each_task_group(tmp_path: Path) -> None:
    shut, wide = Gate("solved", False, "no"), Gate("solved", True, "yes")
    lost = replace(rewarded(9, "easy", [{"success": 99.0}]), status=Status.INFRA_FAILED)
    report(
        tmp_path,
        [
            rewarded(0, "easy", [{"success": 1.0, "steps": 0.5}, {"steps": 0.25}], wide),
            rewarded(1, "easy", [{"success": 0.0}], shut),
            rewarded(2, "hard", [{"success": 0.0, "steps": -0.5}], shut),
            lost,
        ],
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    (table,) = re.findall(r'<table class="stages"><caption>Reward of an episode.*?</table>', text)
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)<", row) for row in table.split("<tr")[1:]]

    assert rows == [
        ["", "episodes", "reward", "success", "steps", "solved open"],
        ["easy", "2", "0.88", "0.50", "0.38", "50.0%"],
        ["hard", "1", "−0.50", "0.00", "−0.50", "0.0%"],  # noqa: RUF001
        ["all", "3", "0.42", "0.33", "0.08", "33.3%"],
    ]


def test_a_reward_of_one_term_needs_no_table(tmp_path: Path) -> None:
    report(tmp_path, [episode(0), episode(1)])

    assert "mean of each term" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_terms_and_gates_are_called_never_becomes_markup(tmp_path: Path) -> None:
    page = report(tmp_path, [rewarded(0, EVIL, [{EVIL: 1.0, "b": 1}], Gate(EVIL, True, EVIL))])

    assert "img" not in [tag for tag, _ in page.tags]
    assert len([attributes for attributes, _ in page.scripts if "type" not in attributes]) == 1


def test_a_page_that_would_grow_too_large_keeps_the_first_episodes_and_says_so(
    tmp_path: Path,
) -> None:
    small, large = [episode(n) for n in range(3)], episode(3, "x" * 5_000)
    page = report(tmp_path, [*small, large, episode(4)], max_bytes=4_000)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert len(page.data("index")) == 5
    assert page.data("episode-2")
    assert 'id="episode-3"' not in text
    assert 'id="episode-4"' not in text, "an episode after the first one left out is left out too"
    assert "The first 3 of 5 episodes are here turn by turn" in text


def test_a_run_without_episodes_still_has_a_page(tmp_path: Path) -> None:
    assert report(tmp_path, []).data("index") == []


def test_a_new_report_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    report(tmp_path, [episode(0)])
    page = report(tmp_path, [episode(0), episode(1)])

    assert len(page.data("index")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_run_that_breaks_off_keeps_the_old_report(tmp_path: Path) -> None:
    page = report(tmp_path, [episode(0)])

    def broken() -> Iterator[Episode]:
        yield episode(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path / "report.html", summarise([], run="r", suite="s"), broken(), "")

    assert Page(tmp_path / "report.html").scripts == page.scripts
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_that_is_gone_is_reported_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "report.html"

    with pytest.raises(StorageError, match=r"cannot write the report .*gone/report\.html: No such"):
        write_report(path, summarise([], run="r", suite="s"), [], "")


def test_many_rewards_share_bins_and_few_have_their_own(tmp_path: Path) -> None:
    report(tmp_path, [episode(n, success=n / 40) for n in range(41)])
    many = (tmp_path / "report.html").read_text(encoding="utf-8")
    report(tmp_path, [episode(n, success=float(n % 2)) for n in range(41)])
    few = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "reward, from" in many
    assert "1: 21, 0 successes" not in few
    assert "1: 20, 20 successes" in few
