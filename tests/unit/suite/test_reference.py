"""The page of a suite's keys tells of every section that may stand somewhere."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agentrl.suite.reference import reference
from agentrl.suite.reward.combine import CombineSpec
from agentrl.suite.reward.cost import CostSpec
from agentrl.suite.reward.gates import GateSpec
from agentrl.suite.reward.labels import LabelSpec
from agentrl.suite.reward.terms import TermSpec
from agentrl.suite.reward.transforms import TransformSpec

PAGE = reference()


def members(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from members(argument)


@pytest.mark.parametrize(
    ("place", "union", "tag"),
    [
        ("reward.terms.<name>", TermSpec, "kind"),
        ("reward.terms.<name: fact>.transforms[]", TransformSpec, "kind"),
        ("reward.gates.<name>", GateSpec, "mode"),
        ("reward.cost.<name>", CostSpec, "kind"),
        ("reward.combine", CombineSpec, "kind"),
        ("reward.labels.<name>", LabelSpec, "kind"),
    ],
)
def test_every_kind_has_a_part_of_its_own(place: str, union: Any, tag: str) -> None:
    for member in members(union):
        (choice,) = get_args(member.model_fields[tag].annotation)
        assert f"## `{place}` with `{tag}: {choice}`" in PAGE


def test_no_part_stands_twice_and_every_reference_leads_to_one() -> None:
    titles = re.findall(r"^## (.*)$", PAGE, re.M)
    referred = set(re.findall(r"as in `([^`]+)`", PAGE))

    assert len(set(titles)) == len(titles)
    assert all(any(title.startswith(f"`{place}`") for title in titles) for place in referred)
