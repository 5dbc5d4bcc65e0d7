"""The tags of Router-R1 (arXiv 2506.09033): what a round does, and whether it keeps form."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

_ROUTE = re.compile(r"<(search|route)>(.*?)(?:</\1>|$)", re.DOTALL)
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.DOTALL)
_TAG = re.compile(r"<(/?)(think|search|route|information|answer)>")
_PLACEHOLDERS = ("llm-name", "your-query", "your query", "worker-name")


@dataclass(frozen=True, slots=True)
class Round:
    """What one text of a router does."""

    kind: Literal["route", "answer", "unknown", "invalid"]
    """``unknown``: a route to a worker that there is not."""
    worker: str = ""
    text: str = ""
    """The query, the answer, or what is wrong."""


def read_round(text: str, names: Sequence[str]) -> Round:
    """Return what a text does: the first route or answer in it counts.

    Unlike in the paper's code, a query may hold a colon.

    Args:
        text: what the model wrote; the closing tag may be missing where it ends there.
        names: the workers.
    """
    route, answer = _ROUTE.search(text), _ANSWER.search(text)
    if route is not None and (answer is None or route.start() < answer.start()):
        return _route(route[2], names)
    if answer is not None:
        said = answer[1].strip("\n")  # spaces at the ends of lines are a part of a patch
        said = said if "\n" in said else said.strip()
        return (
            Round("answer", text=said)
            if said.strip()
            else Round("invalid", text="the answer is empty")
        )
    return Round("invalid", text="there is neither a <search> nor an <answer>")


def _route(inside: str, names: Sequence[str]) -> Round:
    name, colon, query = inside.partition(":")
    name, query = name.strip(), query.strip()
    if not colon:
        return Round("invalid", text="a <search> holds a worker's name, a colon and a query")
    if not query or name.lower() in _PLACEHOLDERS or query.lower() in _PLACEHOLDERS:
        return Round("invalid", text="the query is empty or was not filled in")
    if name not in names:
        return Round("unknown", text=f"there is no worker {name[:60]!r}; there are {_few(names)}")
    return Round("route", name, query)


def format_problem(texts: Sequence[str], names: Collection[str]) -> str:
    """Return why an episode breaks the paper's form, or nothing where it keeps it.

    The form: every tag is closed and none stands in another; it begins with a thought and ends
    with the one answer; no thought is empty; every query has one colon, a known worker before it
    and no worker's name behind it, and got its information.

    Args:
        texts: what the router wrote and the information that it got, in order.
        names: the workers.
    """
    whole = "\n".join(texts).strip()
    problem = _nesting_problem(whole)
    if problem:
        return problem
    parts = re.findall(r"<(think|search|route|information|answer)>(.*?)</\1>", whole, re.DOTALL)
    counts = {kind: sum(kind == k for k, _ in parts) for kind in ("think", "information", "answer")}
    routes = [inside for kind, inside in parts if kind in ("search", "route")]
    if counts["answer"] != 1:
        return f"there are {counts['answer']} answers, expected 1"
    if not counts["think"]:
        return "there is no thought"
    if len(routes) != counts["information"]:
        return f"{len(routes)} routes got {counts['information']} answers"
    if any(not inside.strip(" .\n") for kind, inside in parts if kind == "think"):
        return "a thought is empty"
    if not whole.startswith("<think>") or not whole.endswith("</answer>"):
        return "it does not begin with a thought and end with the answer"
    return next(filter(None, (_query_problem(inside, names) for inside in routes)), "")


def _nesting_problem(text: str) -> str:
    inside = ""
    for found in _TAG.finditer(text):
        closes, kind = bool(found[1]), found[2]
        if closes and kind != inside:
            return f"</{kind}> closes nothing"
        if not closes and inside:
            return f"<{kind}> stands in <{inside}>"
        inside = "" if closes else kind
    return f"<{inside}> is never closed" if inside else ""


def _query_problem(inside: str, names: Collection[str]) -> str:
    if inside.count(":") != 1:
        return f"a query has {inside.count(':')} colons, expected 1"
    name, _, query = (part.strip() for part in inside.partition(":"))
    if name not in names:
        return f"there is no worker {name[:60]!r}"
    if not query or any(placeholder in inside.lower() for placeholder in _PLACEHOLDERS):
        return "a query is empty or was not filled in"
    named = next((other for other in names if other in query), None)
    return f"a query names worker {named!r}" if named else ""


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (" and more" if len(names) > 10 else "")
