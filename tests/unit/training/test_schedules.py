"""Numbers that change while training goes on."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import CheckpointError, SuiteError
from agentrl.suite import Suite, load_suite
from agentrl.suite.spec import SuiteSpec
from agentrl.training.schedules import Schedules

SUITE = """\
name: maze
env: {id: agentrl/Maze-v0, options: {size: 5, loops: 0.0}}
tasks: {generate: {count: 3}}
agent: {model: {backend: transformers, scratch: {}}}
limits: {max_turns: 30}
train:
  steps: 11
  algorithm: ppo
  schedules:
"""


def suite(folder: Path, schedules: dict[str, Any], *overrides: str) -> Suite:
    path = folder / "suite.yaml"
    lines = [f"    {key}: {json.dumps(section)}\n" for key, section in schedules.items()]
    path.write_text(SUITE + "".join(lines))
    return load_suite(path, overrides)


def schedules(folder: Path, key: str, *overrides: str, **section: Any) -> Schedules:
    return Schedules(suite(folder, {key: section}, *overrides))


def values(one: Schedules, key: str, *steps: int) -> list[float]:
    return [one.values_at(step)[key] for step in steps]


def test_a_line_goes_from_the_suites_own_value_to_its_end(tmp_path: Path) -> None:
    one = schedules(tmp_path, "agent.sampling.temperature", end=0.5)
    assert values(one, "agent.sampling.temperature", 1, 6, 11, 99) == [1.0, 0.75, 0.5, 0.5]


def test_a_line_may_begin_elsewhere_and_end_early(tmp_path: Path) -> None:
    one = schedules(tmp_path, "train.loss.entropy", start=0.2, end=0.0, over=5)
    assert values(one, "train.loss.entropy", 1, 3, 5, 6) == pytest.approx([0.2, 0.1, 0.0, 0.0])


def test_a_cosine_is_slow_at_both_ends(tmp_path: Path) -> None:
    one = schedules(tmp_path, "train.loss.entropy", shape="cosine", start=1.0, end=0.0)
    assert values(one, "train.loss.entropy", 1, 6, 11) == pytest.approx([1.0, 0.5, 0.0])
    # by hand: a fifth of the way is (1 - cos(36 degrees)) / 2 of the change
    assert values(one, "train.loss.entropy", 3) == pytest.approx([1 - 0.0954915])


def test_steps_hold_each_value_and_end_with_the_last(tmp_path: Path) -> None:
    one = schedules(tmp_path, "limits.max_turns", shape="steps", end=10, over=9, every=3)
    got = values(one, "limits.max_turns", *range(1, 12))
    assert got == [30, 30, 30, 20, 20, 20, 10, 10, 10, 10, 10]


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    one = schedules(tmp_path, "limits.max_turns", end=27)
    assert values(one, "limits.max_turns", 1, 2, 4, 11) == [30, 30, 29, 27]
    assert all(isinstance(one.values_at(step)["limits.max_turns"], int) for step in range(1, 12))


@settings(deadline=None)
@given(
    shape=st.sampled_from(["linear", "cosine", "steps"]),
    start=st.floats(0, 5),
    end=st.floats(0, 5),
    over=st.integers(2, 30),
)
def test_a_schedule_never_turns_back_or_leaves_its_ends(
    tmp_path_factory: pytest.TempPathFactory, shape: str, start: float, end: float, over: int
) -> None:
    section = {"shape": shape, "start": start, "end": end, "over": over, "every": 1}
    one = Schedules(suite(tmp_path_factory.getbasetemp(), {"agent.sampling.temperature": section}))
    got = values(one, "agent.sampling.temperature", *range(1, over + 3))
    assert got[0] == start
    assert got[over - 1] == got[-1] == end
    moves = [after - before for before, after in pairwise(got)]
    assert all(move * (end - start) >= -1e-12 for move in moves)
    assert all(min(start, end) - 1e-12 <= value <= max(start, end) + 1e-12 for value in got)


def test_the_suite_of_a_step_has_its_values_and_nothing_else_changes(tmp_path: Path) -> None:
    read = suite(
        tmp_path,
        {
            "train.loss.entropy": {"start": 0.1, "end": 0.0},
            "train.group_size": {"end": 4},
            "env.options.loops": {"end": 1.0},
            "reward.terms.success.weight": {"end": 2.0},
        },
    )
    one = Schedules(read)
    data = read.spec.model_dump()
    data["train"]["loss"]["entropy"] = 0.05
    data["train"]["group_size"] = 6
    data["env"]["options"]["loops"] = 0.5
    data["reward"]["terms"]["success"]["weight"] = 1.5
    assert one.spec_at(6) == SuiteSpec.model_validate(data)
    assert one.spec_at(1).train != one.spec_at(6).train
    assert one.spec_at(6).agent is read.spec.agent
    assert read.spec.env.options["loops"] == 0.0


def test_without_schedules_every_step_has_the_suite_itself(tmp_path: Path) -> None:
    read = suite(tmp_path, {}, "train.schedules={}")
    one = Schedules(read)
    assert one.spec_at(1) is one.spec_at(7) is read.spec
    assert one.values_at(3) == {}


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("limits.max_turnz", "no such key (did you mean limits.max_turns?)"),
        ("limitz.max_turns", "no such key (did you mean limits.max_turns?)"),
        ("train.loss.entropy.more", "no such key"),
        ("env.options.siez", "no such key (did you mean env.options.size?)"),
        ("xyzzy", "no such key; numbers that can change are below agent.sampling, "),
        ("agent.sampling", "it is a section; name a number of it: agent.sampling.temperature, "),
        ("train.loss.ratio", "only a number can follow a schedule, and it is 'token'"),
        ("train.loss.dual_clip", "it has no value in the suite; give it one there"),
        ("tasks.generate.count", "it is read once, before the first step"),
        ("rollouts.seed", "it is read once, before the first step"),
        ("rollouts.concurrency", "it is read once, before the first step"),
        ("train.steps", "it is read once, before the first step"),
        ("train.seed", "it is read once, before the first step"),
        ("train.staleness", "it is read once, before the first step"),
        ("train.stall_s", "it is read once, before the first step"),
        ("train.critic.lr", "it is read once, before the first step"),
        ("train.optimiser.weight_decay", "it is read once, before the first step"),
        ("train.sampler.curriculum.low", "it is read once, before the first step"),
        ("train.checkpoints.every", "it is read once, before the first step"),
        ("policy.sync_tolerance", "it is read once, before the first step"),
        ("agent.model.scratch.layers", "it is read once, before the first step"),
        ("train.sampler.refills", "needs train.sampler.equal_rewards to be 'refill'"),
        ("train.sampler.adaptive.rounds", "needs train.sampler.kind to be 'adaptive'"),
        ("train.critic.coefficient", "needs train.critic.trunk to be 'shared'"),
        ("train.loss.imitation.coefficient", "expert episodes are collected before"),
        ("train.loss.constant", "needs train.loss.aggregate to be 'constant'"),
    ],
)
def test_a_key_that_cannot_follow_is_refused_with_its_line(
    tmp_path: Path, key: str, complaint: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        schedules(tmp_path, key, end=1)
    assert f"suite.yaml:10: train.schedules.{key}: " in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("key", "override"),
    [
        ("train.critic.epochs", "train.critic.trunk=shared"),
        ("train.critic.clip", "train.algorithm=grpo"),
        ("train.loss.kl_coefficient", "train.loss.kl=none"),
    ],
)
def test_what_another_switch_takes_from_a_key_is_said(
    tmp_path: Path, key: str, override: str
) -> None:
    schedules(tmp_path, key, end=1)
    with pytest.raises(SuiteError, match="it has no effect: it needs"):
        schedules(tmp_path, key, override, end=1)


@pytest.mark.parametrize(
    ("key", "section", "complaint"),
    [
        ("agent.sampling.temperature", {"end": -1}, ":10: .*greater than or equal to 0"),
        ("agent.sampling.temperature", {"start": -1, "end": 1}, r"at step 1 \(.* = -1\)"),
        ("train.group_size", {"end": 0}, r"train\.group_size: Input should be greater than 0"),
        ("agent.sampling.top_p", {"end": 1.5, "over": 50}, "less than or equal to 1"),
        ("env.options.size", {"end": 9}, r"size = 6\) the environment cannot be built: .*odd"),
        ("env.options.loops", {"end": 2}, r"loops is 1\.2, expected a share from 0 to 1"),
    ],
)
def test_a_value_that_the_suite_cannot_have_is_found_before_the_first_step(
    tmp_path: Path, key: str, section: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        schedules(tmp_path, key, **section)


def test_a_value_that_another_switch_forbids_is_found_too(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"train\.group_size = 1.*must be at least 2"):
        schedules(tmp_path, "train.group_size", "train.algorithm=grpo", end=1)


def test_the_environment_is_built_with_the_values_on_the_way(tmp_path: Path) -> None:
    one = schedules(tmp_path, "env.options.size", shape="steps", end=9, over=9, every=3)
    assert [one.spec_at(step).env.options["size"] for step in (1, 4, 7)] == [5, 7, 9]


def test_an_end_far_beyond_the_training_is_checked_quickly(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="less than or equal to 1"):
        schedules(tmp_path, "agent.sampling.top_p", end=1.01, over=10**9)


@pytest.mark.parametrize(
    ("key", "section", "complaint"),
    [
        ("train.group_size", {"shape": "observed_turns"}, "is for limits.max_turns alone"),
        ("limits.max_turns", {"shape": "observed_turns", "end": 5}, "leave out 'end' and 'over'"),
        ("limits.max_turns", {"shape": "steps", "end": 5}, "never changes within 11 steps"),
        ("limits.max_turns", {"start": 3}, "shape 'linear' needs an 'end'"),
        ("limits.max_turns", {"shape": "jump", "end": 3}, "schedules.*shape: input should be"),
    ],
)
def test_a_shape_that_says_nothing_is_refused(
    tmp_path: Path, key: str, section: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        schedules(tmp_path, key, **section)


def test_supervised_training_alone_needs_no_steps(tmp_path: Path) -> None:
    one = schedules(tmp_path, "train.loss.entropy", "train.steps=0", start=0.1, end=0.0)
    assert values(one, "train.loss.entropy", 1) == [0.1]


def observed(folder: Path, **section: Any) -> Schedules:
    return schedules(folder, "limits.max_turns", shape="observed_turns", **section)


def limits(one: Schedules, *steps: int) -> list[int | None]:
    return [one.spec_at(step).limits.max_turns for step in steps]


def test_a_turn_limit_goes_halfway_from_the_mean_to_the_most_turns(tmp_path: Path) -> None:
    one = observed(tmp_path, every=2)
    one.note_turns([4, 8], 1)
    one.note_turns([12, 20], 2)
    assert limits(one, 1, 2, 3) == [30, 30, math.ceil((11 + 20) / 2)]
    one.note_turns([4], 3)
    one.note_turns([6], 4)
    # only what was seen since: (5 + 6) / 2, rounded up
    assert limits(one, 4, 5) == [16, 6]
    assert one.values_at(2) == {"limits.max_turns": 30}


def test_a_turn_limit_stays_where_no_episode_was_scored(tmp_path: Path) -> None:
    one = observed(tmp_path, every=1, start=12)
    one.note_turns([], 1)
    one.note_turns([0], 2)
    assert limits(one, 1, 2, 3) == [12, 12, 12]


@settings(deadline=None)
@given(st.data())
def test_a_turn_limit_never_rises_and_never_cuts_off_the_mean(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    one = observed(tmp_path_factory.getbasetemp(), every=1)
    for step in range(1, 6):
        before = one.spec_at(step).limits.max_turns
        assert before is not None
        turns = data.draw(st.lists(st.integers(1, before), min_size=1, max_size=5))
        one.note_turns(turns, step)
        after = one.spec_at(step + 1).limits.max_turns
        assert after is not None
        assert sum(turns) / len(turns) <= after <= before


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 30), max_size=3), max_size=8), st.integers(0, 8))
def test_restored_schedules_go_on_as_if_nothing_had_happened(
    tmp_path_factory: pytest.TempPathFactory, turns: list[list[int]], cut: int
) -> None:
    read = suite(
        tmp_path_factory.getbasetemp(),
        {"limits.max_turns": {"shape": "observed_turns", "every": 3}},
    )
    whole, first, second = Schedules(read), Schedules(read), Schedules(read)
    for step, seen in enumerate(turns, 1):
        whole.note_turns(seen, step)
        if step <= cut:
            first.note_turns(seen, step)
    second.note_turns([1], 3)  # what it saw before it was restored must not matter
    second.restore(json.loads(json.dumps(first.state())))
    for step, seen in list(enumerate(turns, 1))[cut:]:
        second.note_turns(seen, step)
    assert limits(second, *range(1, 12)) == limits(whole, *range(1, 12))


def test_a_checkpoint_of_other_schedules_is_refused(tmp_path: Path) -> None:
    plain = schedules(tmp_path, "train.loss.entropy", end=0.1)
    with pytest.raises(CheckpointError, match="'observed_turns'"):
        plain.restore(observed(tmp_path).state())


def test_a_resolved_suite_has_the_same_schedules(tmp_path: Path) -> None:
    read = suite(tmp_path, {"train.loss.entropy": {"start": 0.1, "end": 0.0}})
    again = tmp_path / "again.yaml"
    again.write_text(read.resolved())
    assert yaml.safe_load(read.resolved())["train"]["schedules"]
    assert Schedules(load_suite(again)).spec_at(4) == Schedules(read).spec_at(4)
