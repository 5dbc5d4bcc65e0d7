"""The agent that is a person at the terminal."""

import asyncio
import threading
from collections.abc import Callable

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from agentrl.agents.base import Action, Needs, View

_HELP = "? lists the legal actions, /quit gives up"
_CONTROL = {*range(32), *range(127, 160)} - {ord("\n"), ord("\t")}
_SAFE = dict.fromkeys(_CONTROL, "\N{REPLACEMENT CHARACTER}")


class HumanAgent:
    """Shows each observation in the terminal and asks for an action.

    One person plays one episode at a time. Where several are under way together, their questions
    are asked one after the other.
    """

    name = "human"
    needs = Needs.LEGAL_ACTIONS

    def __init__(
        self, console: Console | None = None, read_line: Callable[[], str] = input
    ) -> None:
        """Sit a person down.

        Args:
            console: where to show; standard output if not given.
            read_line: waits for a line and returns it; raises ``EOFError`` when there are no more.
        """
        self._console = console or Console()
        self._read_line = read_line
        self._terminal = asyncio.Lock()
        self._shown: str | None = None

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "HumanSession":
        """Open an episode."""
        return HumanSession(self, episode_id, instructions)

    async def close(self) -> None:
        """Nothing to give back."""

    async def ask(self, title: str, text: str, view: View) -> str | None:
        """Show an observation and return the person's action; None where the person leaves.

        Args:
            title: names the episode; shown with ``text`` when the episode changes.
            text: the environment's instructions.
            view: what to show.
        """
        async with self._terminal:
            if title != self._shown:
                head = Rule(_safe(title)), _safe(text), Text(f"({_HELP})\n", style="dim")
                self._console.print(*head, sep="\n")
                self._shown = title
            self._console.print(_safe(view.observation))
            while (line := await self._line()) == "?":
                self._console.print(_listed(view.legal_actions))
            return line

    async def _line(self) -> str | None:
        """Return the next line that says something; None at ``/quit`` and at the input's end."""
        while True:
            self._console.print("[bold]>[/bold] ", end="")
            try:
                line = (await _in_background(self._read_line)).strip()
            except EOFError:
                return None
            if line:
                return None if line == "/quit" else line


class HumanSession:
    """An episode that a person plays."""

    def __init__(self, agent: HumanAgent, episode_id: str, instructions: str) -> None:
        self._agent = agent
        self._episode_id = episode_id
        self._instructions = instructions

    async def act(self, view: View) -> Action | None:
        """Return what the person types; None where the person leaves."""
        line = await self._agent.ask(self._episode_id, self._instructions, view)
        return None if line is None else Action(line)


async def _in_background(read_line: Callable[[], str]) -> str:
    """Read on a thread that does not keep the process alive while nobody types."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(line: str | Exception) -> None:
        if answer.done():  # cancelled in the meantime
            return
        if isinstance(line, Exception):
            answer.set_exception(line)
        else:
            answer.set_result(line)

    def read() -> None:
        line: str | Exception
        try:
            line = read_line()
        except (EOFError, OSError, ValueError) as error:  # the end, a lost terminal, no text
            line = error
        loop.call_soon_threadsafe(settle, line)

    threading.Thread(target=read, daemon=True).start()
    return await answer


def _listed(actions: tuple[str, ...] | None) -> Text:
    if actions is None:
        return Text("This environment does not list its actions.", style="dim")
    return Text("\n".join(f"  {action}" for action in actions).translate(_SAFE), style="cyan")


def _safe(text: str) -> Text:
    """Return a text whose control characters cannot steer the terminal."""
    return Text(text.translate(_SAFE))
