"""Milestones that a frozen model marks in a program with print statements (arXiv 2509.01684).

The model is shown the agent's program and the milestones' texts, and inserts ``print("<text>")``
where each is reached. That it did nothing else is checked on the syntax tree: without the inserted
statements its answer must be the agent's program, or else the program runs as it was. Before each
run the inserted statements get random marks in the place of the texts, one for each milestone, and
only the marks count. So an agent that prints the texts itself, or that learns one mark by replacing
``print`` or ``sys.stdout``, reaches nothing by it.

The model sees the program without its comments, lest they tell it where to print.

What remains: texts and names in the program may still talk to the model, which can then misplace a
print, though never forge one. And program and marks share a process, so that a program that reads
its own code could print them all. Programs that use Python's means for that are not instrumented
(``introspects``); a means that is not on the list would work, as would reading the process's memory
where the system allows it. Keep the milestones' weight small beside the outcome's, and gate it.
"""

import ast
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentrl.episode import Sampling
from agentrl.errors import UsageError
from agentrl.models.base import Message, Model, Request
from agentrl.rewards.verify.milestones import Milestones, read_milestones

SELF_READING = frozenset(
    {
        "__builtins__",
        "__closure__",
        "__code__",
        "__dict__",
        "__file__",
        "__func__",
        "__getattribute__",
        "__globals__",
        "__import__",
        "__loader__",
        "__self__",
        "__spec__",
        "__traceback__",
        "__wrapped__",
        "_current_frames",
        "_getframe",
        "ag_code",
        "ag_frame",
        "attrgetter",
        "bdb",
        "co_consts",
        "compile",
        "cr_code",
        "cr_frame",
        "ctypes",
        "dis",
        "doctest",
        "eval",
        "exec",
        "f_back",
        "f_code",
        "f_globals",
        "f_locals",
        "faulthandler",
        "gc",
        "getattr",
        "gi_code",
        "gi_frame",
        "globals",
        "importlib",
        "inspect",
        "linecache",
        "locals",
        "marshal",
        "monitoring",
        "pdb",
        "pickle",
        "runpy",
        "setprofile",
        "settrace",
        "tb_frame",
        "timeit",
        "trace",
        "traceback",
        "tracemalloc",
        "vars",
    }
)
"""Names with which a Python program can get at its own code; one that has any of them is not
instrumented, nor one with a text that holds ``/proc`` or such a name with an underscore."""
_IN_TEXTS = ("/proc", *sorted(name for name in SELF_READING if "_" in name))

_MOST_PROGRAMS = 4096
_MOST_CHARS = 50_000
_FENCE = re.compile(r"^```[^\n`]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SYSTEM = """\
You are given a Python program and a list of milestones. Return the whole program with one statement
print("<milestone>") inserted directly after the code that reaches each milestone, in the very words
of the list. Insert nothing for a milestone that the program never reaches. Change, remove and add
nothing else. Answer with the program in one fenced block."""


@dataclass(frozen=True, slots=True)
class Instrumented:
    """A program as it is to be run once."""

    program: str
    """With marks, or the original."""
    milestones: Milestones
    """What to look for in the output of this run."""
    reason: str = ""
    """Why the original runs; empty where the marked program does."""

    @property
    def marked(self) -> bool:
        return not self.reason

    def facts(self, output: str) -> dict[str, float]:
        """Return 1 for each milestone that the output shows, and 0 for each other."""
        return self.milestones.facts(output)


class Instrumenter:
    """Has a model mark milestones in programs; asks once for each program.

    The model is never trained: give one that is not the policy, or a copy of the policy from before
    the training.
    """

    def __init__(
        self,
        model: Model,
        milestones: Mapping[str, str],
        *,
        sampling: Sampling = Sampling(temperature=0.0, max_tokens=4096),
        new_mark: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """
        Args:
            model: a model that is started.
            milestones: text by name, in the order in which a good program reaches them.
            sampling: how it answers.
            new_mark: makes a random mark.

        Raises:
            UsageError: there is no milestone, or two have one text.
        """
        texts = [text.strip() for text in milestones.values()]
        if not texts or len(set(texts)) < len(texts) or not all(texts) or "\n" in "".join(texts):
            raise UsageError(
                f"the milestones are {dict(milestones)}, expected a line of text of its own for "
                f"each, and at least one"
            )
        self._model = model
        self._names = dict(zip(texts, milestones, strict=True))
        self._sampling = sampling
        self._new_mark = new_mark
        self._answers: OrderedDict[str, str] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names.values())

    async def instrument(self, program: str) -> Instrumented:
        """Return a program with fresh marks, or as it is where it cannot be marked honestly.

        Raises:
            ModelError: the model does not answer.
        """
        marks = {name: self._new_mark() for name in self._names.values()}
        milestones = read_milestones({name: re.escape(mark) for name, mark in marks.items()})
        original = _parsed(program)
        if original is None:
            return Instrumented(program, milestones, "the program cannot be parsed")
        if introspects(original):
            return Instrumented(program, milestones, "the program could read its own code")
        shown = _written(original)
        if shown is None:
            return Instrumented(program, milestones, "the program cannot be written")
        answered = _parsed(await self._answer(shown))
        if answered is None:
            return Instrumented(program, milestones, "the model's answer cannot be parsed")
        inserted = insertions(original, answered, self._names)
        if inserted is None:
            return Instrumented(program, milestones, "the model changed the program")
        by_text = {text: marks[name] for text, name in self._names.items()}
        marked = _marked(answered, inserted, by_text)
        if marked is None:
            return Instrumented(program, milestones, "the marked program cannot be written")
        return Instrumented(marked, milestones)

    async def _answer(self, program: str) -> str:
        key = hashlib.sha256(program.encode(errors="surrogatepass")).hexdigest()
        if key not in self._answers:
            listed = "\n".join(f"- {text}" for text in self._names)
            asked = f"Milestones:\n{listed}\n\nProgram:\n```python\n{program}\n```"
            messages = (Message("system", _SYSTEM), Message("user", asked))
            request = Request(messages, self._sampling, session=f"instrument-{key[:16]}")
            self._answers[key] = _block((await self._model.generate(request)).text)
            if len(self._answers) > _MOST_PROGRAMS:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return self._answers[key]


def introspects(tree: ast.AST) -> bool:
    """Return whether a program uses a name with which it could read its own code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            found = {*node.name.split("."), node.asname}
        elif isinstance(node, ast.ImportFrom):
            found = set((node.module or "").split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            if any(part in str(node.value) for part in _IN_TEXTS):
                return True
            continue
        else:
            found = {getattr(node, field, None) for field in ("id", "attr", "name", "arg")}
        if SELF_READING & {name for name in found if isinstance(name, str)}:
            return True
    return False


def insertions(
    original: ast.Module, answered: ast.Module, texts: Mapping[str, object]
) -> tuple[ast.stmt, ...] | None:
    """Return the print statements that were inserted; None where anything else differs.

    Only ``print`` with one of the texts and nothing more may be inserted, and not before a
    docstring or an import from ``__future__``, which must come first.
    """
    try:
        found = _differences(original, answered, texts)
    except RecursionError:
        return None
    return None if found is None else tuple(found)


def _differences(one: object, other: object, texts: Mapping[str, object]) -> list[ast.stmt] | None:
    """Return the statements that only ``other`` has; None where more differs."""
    if isinstance(one, ast.AST):
        if type(one) is not type(other):
            return None
        pairs = [(getattr(one, name, None), getattr(other, name, None)) for name in one._fields]
        return _in_all(pairs, texts)
    if isinstance(one, list):
        if not isinstance(other, list):
            return None
        if any(isinstance(item, ast.stmt) for item in (*one, *other)):
            return _in_body(one, other, texts)
        return (
            _in_all(list(zip(one, other, strict=True)), texts) if len(one) == len(other) else None
        )
    return [] if type(one) is type(other) and repr(one) == repr(other) else None


def _in_all(
    pairs: Sequence[tuple[object, object]], texts: Mapping[str, object]
) -> list[ast.stmt] | None:
    inserted: list[ast.stmt] = []
    for one, other in pairs:
        found = _differences(one, other, texts)
        if found is None:
            return None
        inserted += found
    return inserted


def _in_body(
    original: Sequence[ast.stmt], answered: Sequence[ast.stmt], texts: Mapping[str, object]
) -> list[ast.stmt] | None:
    inserted: list[ast.stmt] = []
    at = 0
    for statement in answered:
        rest = original[at:]
        found = _differences(rest[0], statement, texts) if rest else None
        if found is not None:
            inserted += found
            at += 1
        elif _text(statement) in texts and not (rest and _comes_first(rest[0], at)):
            inserted.append(statement)
        else:
            return None
    return inserted if at == len(original) else None


def _text(statement: ast.stmt) -> str | None:
    """Return the text of a plain ``print`` of one text."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    if call.func.id != "print" or len(call.args) != 1 or call.keywords:
        return None
    argument = call.args[0]
    is_text = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return str(argument.value) if isinstance(argument, ast.Constant) and is_text else None


def _comes_first(statement: ast.stmt, at: int) -> bool:
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    value = statement.value if isinstance(statement, ast.Expr) else None
    return at == 0 and isinstance(value, ast.Constant) and isinstance(value.value, str)


def _marked(tree: ast.Module, inserted: Sequence[ast.stmt], marks: Mapping[str, str]) -> str | None:
    for statement in inserted:
        text = _text(statement)
        assert text is not None, "only prints are inserted"
        assert isinstance(statement, ast.Expr)
        line = f'print("\\n{marks[text]}", flush=True)'
        statement.value = ast.parse(line, mode="eval").body
    return _written(tree)


def _written(tree: ast.Module) -> str | None:
    """Return a program's source without its comments; None where it would not be the same."""
    try:
        source = ast.unparse(tree)
        compile(source, "<program>", "exec", dont_inherit=True)
        faithful = ast.dump(ast.parse(source)) == ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return source if faithful else None


def _parsed(source: str) -> ast.Module | None:
    if len(source) > _MOST_CHARS:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _block(answer: str) -> str:
    blocks = _FENCE.findall(answer)
    return str(blocks[-1]) if blocks else answer
