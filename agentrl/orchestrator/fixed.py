"""A fixed topology as a conductor's plan: what it writes, and how what is written is executed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.orchestrator.limits import HasLimits
from agentrl.orchestrator.parse import TEXT_CHARS
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.staged import Program
from agentrl.orchestrator.topology import Plan, build_topology, topology_spec, whole
from agentrl.orchestrator.workflow import Workflow, WorkflowError, shown
from agentrl.suite.topology import TopologySpec, TreeSpec

_FORM = re.compile(r'\{\s*"topology"\s*:')
_NAMED = ("worker", "judge", "critic", "hub", "aggregator", "verifier", "ranker", "expert")
"""Options of a topology that name one worker; ``workers`` names several."""


def topology_text(topology: Mapping[str, Any], own: Sequence[str], told: Sequence[str]) -> str:
    """Return a topology as the text of a plan.

    Args:
        topology: as in YAML, with the pool's own names.
        own: the workers' own names, in order.
        told: what they are called in the episode, in the same order.
    """
    names = dict(zip(own, told, strict=True))
    renamed: dict[str, Any] = dict(topology)
    for key in _NAMED:
        if isinstance(renamed.get(key), str):
            renamed[key] = names.get(renamed[key], renamed[key])
    if isinstance(renamed.get("workers"), list | tuple):
        renamed["workers"] = [names.get(name, name) for name in renamed["workers"]]
    return json.dumps({"topology": renamed.pop("topology"), **renamed})


def parse_topology(text: str, names: Sequence[str], limits: HasLimits) -> Plan | None:
    """Return the topology that a text names as a JSON object; None: it names none.

    Thinking before the last ``</think>`` is passed over, and of several objects the last counts.

    Raises:
        WorkflowError: there is no such topology, or the pool or the limits do not allow it.
    """
    said = text.rpartition("</think>")[2]
    starts = [found.start() for found in _FORM.finditer(said)]
    if not starts:
        return None
    if len(said) > TEXT_CHARS:
        raise WorkflowError(
            f"the text has {len(said)} characters, at most {TEXT_CHARS} are read; write less"
        )
    try:
        data, _ = json.JSONDecoder(strict=False).raw_decode(said, starts[-1])
    except (ValueError, RecursionError) as exc:
        raise WorkflowError(
            f"the JSON of the topology cannot be read: {exc}; write one object such as "
            f'{{"topology": "vote", "workers": ["{names[0]}"]}}'
        ) from None
    return check_topology(data, names, limits)


def check_topology(topology: Mapping[str, Any], names: Sequence[str], limits: HasLimits) -> Plan:
    """Return the plan that a topology describes.

    Raises:
        WorkflowError: it describes none, or the pool or the limits do not allow it.
    """
    if "topology" not in topology:
        raise WorkflowError(
            f"the topology is {shown(dict(topology))}, expected its name and options, such as "
            f"{{topology: vote, workers: [...]}}"
        )
    spec = topology_spec(topology)
    _check_size(spec, limits)
    plan = build_topology(spec)
    whole(plan).validate(names, limits)
    return plan


def _check_size(spec: TopologySpec, limits: HasLimits) -> None:
    """See that a topology is not far too large, before its nodes are made.

    Raises:
        WorkflowError: it is.
    """
    counts = [getattr(spec, name, 1) for name in ("samples", "rounds", "layers")]
    counts += [len(getattr(spec, "workers", ()))]
    if isinstance(spec, TreeSpec):
        counts.append(spec.branching**spec.depth)
    if max(counts) > limits.nodes:
        raise WorkflowError(
            f"the topology has more than {max(counts) - 1} nodes, at most {limits.nodes} are "
            f"allowed; use fewer"
        )


@dataclass(slots=True)
class Followed:
    """A program that remembers the workflow that it grew to."""

    program: Program
    workflow: Workflow

    @property
    def whole(self) -> Workflow:
        """See ``Program.whole``."""
        return self.program.whole

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        """See ``Program.next_workflow``."""
        step = self.program.next_workflow(results)
        if isinstance(step, Workflow):
            self.workflow = step
        return step
