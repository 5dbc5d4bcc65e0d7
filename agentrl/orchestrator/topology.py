"""A topology from its section of YAML: a workflow, or a program that grows one."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from agentrl.errors import nearest
from agentrl.orchestrator import topologies
from agentrl.orchestrator.staged import Escalate, Program, Team, VerifierCascade
from agentrl.orchestrator.workflow import Workflow, WorkflowError, shown
from agentrl.suite.strategies import with_strategy
from agentrl.suite.topology import TopologySpec

Plan = Workflow | Program
"""What ``agentrl.orchestrator.staged.run`` executes."""

BUILDERS: Mapping[str, Callable[..., Plan]] = {
    "single": topologies.single,
    "vote": topologies.vote,
    "self_consistency": topologies.self_consistency,
    "best_of_n": topologies.best_of_n,
    "chain": topologies.chain,
    "reflect": topologies.reflect,
    "star": topologies.star,
    "tree": topologies.tree,
    "debate": topologies.debate,
    "mixture_of_agents": topologies.mixture_of_agents,
    "verifier_cascade": VerifierCascade,
    "team": Team,
    "escalate": Escalate,
}
"""What builds each topology; the options of its section are its arguments."""

_FUNCTIONS_CALL_IT_KIND = ("vote", "self_consistency", "debate")


def build_topology(spec: TopologySpec) -> Plan:
    """Return the workflow or the program that a section describes.

    Raises:
        UsageError: its options do not fit together.
    """
    options: dict[str, Any] = dict(spec.model_dump(exclude={"topology"}))
    strategy = options.pop("strategy", None)
    if strategy is not None:
        options["instruction"] = with_strategy(options.get("instruction", ""), strategy)
    if spec.topology in _FUNCTIONS_CALL_IT_KIND:
        options["kind"] = options.pop("vote")
    return BUILDERS[spec.topology](**options)


def read_topology(text: str) -> Plan:
    """Return what a text of YAML describes: a topology by its name, or a workflow's nodes.

    Raises:
        WorkflowError: neither can be read from it.
    """
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise WorkflowError(f"the topology is no YAML: {exc}") from None
    if isinstance(data, dict) and "topology" in data:
        return build_topology(topology_spec(data))
    return Workflow.from_data(data)


def whole(plan: Plan) -> Workflow:
    """Return the workflow of a plan; of a program the largest that it can grow to."""
    return plan if isinstance(plan, Workflow) else plan.whole


def topology_spec(data: Mapping[str, Any]) -> TopologySpec:
    """Return the section that names a topology and its options.

    Raises:
        WorkflowError: there is no such topology, or its options are others.
    """
    name = data["topology"]
    if not isinstance(name, str) or name not in BUILDERS:
        close = nearest(name[:60], BUILDERS) if isinstance(name, str) else ""
        raise WorkflowError(
            f"there is no topology {shown(name)}{close}; the topologies are {', '.join(BUILDERS)}"
        )
    try:
        return _adapter().validate_python(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(str(key)[:60] for key in first["loc"][1:])
        raise WorkflowError(f"topology {name}: {where}: {first['msg']}") from None


@cache
def _adapter() -> TypeAdapter[TopologySpec]:
    return TypeAdapter(TopologySpec)
