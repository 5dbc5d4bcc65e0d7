"""The processes that learn together: alone, as two that were started, and how they share work."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

from agentrl.errors import UsageError
from agentrl.training.ranks import Ranks, join_ranks, like, whole

TOGETHER = """\
import json, os, signal, sys
import torch
from agentrl.training.ranks import join_ranks, like, whole

other = os.fork()  # so that torch is imported once
signal.alarm(100)  # ends one that waits for the other in vain
os.environ["RANK"] = os.environ["LOCAL_RANK"] = "0" if other else "1"
ranks = join_ranks()
model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ModuleList([torch.nn.Linear(5, 3)]))
torch.nn.init.ones_(model[0].weight)
ranks.shard(model)
weight = model[0].weight
twice = like(2 * whole(weight.detach()), weight)
told = {
    "ranks": [ranks.index, ranks.count, ranks.first],
    "said": ranks.say({"step": 7} if ranks.first else None),
    "summed": ranks.summed(torch.tensor([1.0, 10.0 * ranks.index])).tolist(),
    "merged": ranks.merged(["mine", ranks.index]),
    "held": weight.to_local().shape[0],
    "whole": list(whole(weight).shape),
    "twice": whole(twice).unique().tolist(),
    "twice_held": twice.to_local().shape[0],
}
ranks.close()
told["closed"] = not torch.distributed.is_initialized()
with open(sys.argv[1] + str(ranks.index), "w") as file:
    json.dump(told, file)
if other:
    sys.exit(os.waitpid(other, 0)[1])
"""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Ranks:
    """Joined as by a process that torchrun did not start."""
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    return join_ranks()


def test_a_process_that_nobody_started_is_the_only_rank(alone: Ranks) -> None:
    assert alone == Ranks(index=0, count=1)
    assert alone.first
    assert not dist.is_initialized(), "no connection is opened for it"


def test_one_process_under_torchrun_is_the_only_rank_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")

    assert join_ranks() == Ranks()
    assert not dist.is_initialized()


def test_alone_one_says_sums_and_merges_to_oneself(alone: Ranks) -> None:
    values = torch.tensor([1.0, 2.0])
    message = object()

    assert alone.say(message) is message
    assert alone.summed(values) is values
    assert values.tolist() == [1.0, 2.0]
    assert alone.merged({"own": 1}) == [{"own": 1}]


def test_alone_a_model_stays_whole(alone: Ranks) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    before = dict(model.named_parameters())
    alone.shard(model)

    assert {name: type(p) for name, p in model.named_parameters()} == dict.fromkeys(
        before, nn.Parameter
    )
    assert all(p is before[name] for name, p in model.named_parameters())


def test_parting_from_nobody_changes_nothing(alone: Ranks) -> None:
    alone.close()
    alone.close()

    assert alone.say("still here") == "still here"


def test_what_is_not_spread_is_already_whole() -> None:
    tensor, other = torch.ones(2), torch.zeros(2)

    assert whole(tensor) is tensor
    assert whole("adamw") == "adamw"
    assert like(tensor, other) is tensor
    assert like(3, other) == 3


def test_only_the_first_rank_leads() -> None:
    assert [Ranks(index, 3).first for index in range(3)] == [True, False, False]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("passes", range(8))
def test_every_pass_counts_on_exactly_one_rank_and_all_ranks_take_as_many(
    count: int, passes: int
) -> None:
    work = [f"pass {n}" for n in range(passes)]
    shares = [Ranks(index, count).share(work) for index in range(count)]

    assert len({len(share) for share in shares}) == 1, "weights are gathered in each"
    assert sorted(one for share in shares for one, counts in share if counts) == work


def test_where_there_are_too_few_passes_one_is_taken_again_and_does_not_count() -> None:
    work = ["a", "b", "c"]

    assert Ranks(0, 2).share(work) == [("a", True), ("c", True)]
    assert Ranks(1, 2).share(work) == [("b", True), ("a", False)]


def test_alone_one_takes_every_pass_in_order() -> None:
    assert Ranks().share(["a", "b"]) == [("a", True), ("b", True)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes tells that find what torchrun tells them."""
    out = tmp_path_factory.mktemp("ranks") / "told"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    subprocess.run(
        [sys.executable, "-c", TOGETHER, str(out)],
        env=os.environ
        | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        timeout=120,
        check=True,
    )
    return [json.loads(Path(f"{out}{rank}").read_text()) for rank in range(2)]


def test_two_that_were_started_find_each_other(two: list[dict[str, Any]]) -> None:
    assert [told["ranks"] for told in two] == [[0, 2, True], [1, 2, False]]


def test_every_rank_hears_what_the_first_one_says(two: list[dict[str, Any]]) -> None:
    assert [told["said"] for told in two] == [{"step": 7}, {"step": 7}]


def test_every_rank_gets_the_sum_and_what_each_one_has(two: list[dict[str, Any]]) -> None:
    for told in two:
        assert told["summed"] == [2.0, 10.0]
        assert told["merged"] == [["mine", 0], ["mine", 1]]


def test_each_rank_holds_a_part_of_a_weight_and_gets_it_whole(two: list[dict[str, Any]]) -> None:
    assert [told["held"] for told in two] == [3, 2], "five rows do not divide among two"
    assert [told["whole"] for told in two] == [[5, 3], [5, 3]]


def test_a_whole_tensor_is_spread_as_the_weight_is(two: list[dict[str, Any]]) -> None:
    assert [told["twice_held"] for told in two] == [3, 2]
    assert [told["twice"] for told in two] == [[2.0], [2.0]]


def test_who_parts_lets_go_of_the_others(two: list[dict[str, Any]]) -> None:
    assert [told["closed"] for told in two] == [True, True]


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two', expected a number"),
        ({"WORLD_SIZE": "2"}, "and RANK, MASTER_ADDR, MASTER_PORT not set"),
    ],
)
def test_half_an_environment_of_torchrun_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], complaint: str
) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"{complaint}.*torchrun"):
        join_ranks()
