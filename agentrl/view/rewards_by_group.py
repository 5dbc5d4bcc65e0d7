"""What each term of the reward earned, and how often each gate was open, by task group."""

from collections.abc import Iterable, Mapping, Sequence

from agentrl.runs.summary_facts import Facts
from agentrl.view.html import escape
from agentrl.view.numbers import NOTHING, decimal, percent
from agentrl.view.table import NO_GROUP

_MOST_GROUPS = 50


def term_names(rows: Iterable[Facts]) -> dict[str, None]:
    """Return the names of the reward's terms, in order of appearance."""
    return dict.fromkeys(name for row in rows for name in row.terms)


def rewards_by_group(rows: Sequence[Facts]) -> str:
    """Return a table by task group as HTML, or nothing where a single term makes the reward.

    Means are over scored episodes; a term that an episode does not state adds nothing to it, so
    that the terms of a row sum to its reward.
    """
    scored = [row for row in rows if row.status.scored]
    terms = list(term_names(scored))
    gates = list(dict.fromkeys(name for row in scored for name in row.gates))
    if len(terms) < 2 and not gates:
        return ""
    groups: dict[str, list[Facts]] = {}
    for row in scored:
        groups.setdefault(row.task_group, []).append(row)
    shown = list(groups.items())[:_MOST_GROUPS] if len(groups) > 1 else []
    lines = [_line(name or NO_GROUP, found, terms, gates) for name, found in shown]
    lines.append(_line("all", scored, terms, gates, kind="all"))
    heads = ["", "episodes", "reward", *terms, *(f"{name} open" for name in gates)]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    caption = "Reward of an episode by task group: mean of each term, and how often gates are open"
    return (
        f'<div class="scroll"><table class="stages"><caption>{caption}{_rest(len(groups))}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _rest(groups: int) -> str:
    return f"; the first {_MOST_GROUPS} of {groups} groups" if groups > _MOST_GROUPS else ""


def _line(
    name: str, rows: Sequence[Facts], terms: Sequence[str], gates: Sequence[str], kind: str = ""
) -> str:
    n = len(rows)
    cells = [str(n), decimal(sum(row.reward for row in rows) / n)]
    cells += [decimal(sum(row.terms.get(term, 0.0) for row in rows) / n) for term in terms]
    cells += [_open_rate([row.gates for row in rows], gate) for gate in gates]
    numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}"><td>{escape(name)}</td>{numbers}</tr>'


def _open_rate(met: Iterable[Mapping[str, bool]], gate: str) -> str:
    known = [gates[gate] for gates in met if gate in gates]
    return percent(sum(known) / len(known)) if known else NOTHING
