"""A person at the terminal, played by lines that are read in order."""

import asyncio
import io
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from agentrl.agents.base import View
from agentrl.agents.human import HumanAgent

VIEW = View("A hall with [bold]doors[/bold].", legal_actions=("go north", "go [east]"))


def typed(*lines: str) -> Callable[[], str]:
    """Return what reads these lines and then meets the input's end."""
    rest = iter(lines)

    def read_line() -> str:
        try:
            return next(rest)
        except StopIteration:
            raise EOFError from None

    return read_line


def play(read_line: Callable[[], str], view: View = VIEW) -> tuple[str | None, str]:
    shown = io.StringIO()
    agent = HumanAgent(Console(file=shown, width=80), read_line)
    action = asyncio.run(agent.session("task#0", "Find the lamp.", 0).act(view))
    return (None if action is None else action.text), shown.getvalue()


def test_what_is_typed_is_the_action() -> None:
    action, shown = play(typed("", "  ", " go north "))
    assert action == "go north"
    assert "task#0" in shown
    assert "Find the lamp." in shown
    assert "A hall with [bold]doors[/bold]." in shown


def test_a_question_mark_lists_the_legal_actions() -> None:
    action, shown = play(typed("?", "go north"))
    assert action == "go north"
    assert "go [east]" in shown


def test_a_question_mark_says_when_there_is_no_list() -> None:
    assert "does not list its actions" in play(typed("?", "look"), View("A hall."))[1]


@pytest.mark.parametrize("lines", [("/quit",), ()])
def test_quitting_and_the_end_of_input_give_up(lines: tuple[str, ...]) -> None:
    assert play(typed(*lines))[0] is None


def test_an_observation_cannot_steer_the_terminal() -> None:
    _, shown = play(typed("look"), View("red \x1b[31m alert\n\tnext"))
    assert "\x1b" not in shown
    assert "red \N{REPLACEMENT CHARACTER}[31m alert" in shown


def test_a_terminal_that_is_lost_is_an_error_and_not_an_action() -> None:
    def lost() -> str:
        raise OSError("terminal is gone")

    with pytest.raises(OSError, match="terminal is gone"):
        play(lost)


def test_the_event_loop_runs_on_while_the_person_thinks() -> None:
    looked_away = threading.Event()

    def read_line() -> str:
        assert looked_away.wait(30)
        return "look"

    async def beside() -> str | None:
        agent = HumanAgent(Console(file=io.StringIO()), read_line)
        asking = asyncio.create_task(agent.session("e", "", 0).act(VIEW))
        await asyncio.sleep(0)
        looked_away.set()
        action = await asking
        return None if action is None else action.text

    assert asyncio.run(beside()) == "look"


def test_two_episodes_are_asked_one_after_the_other() -> None:
    shown = io.StringIO()

    async def both() -> list[str]:
        agent = HumanAgent(Console(file=shown, width=80), typed("first", "second"))
        sessions = [agent.session(name, f"Rules of {name}.", 0) for name in ("one", "two")]
        actions = await asyncio.gather(*(s.act(VIEW) for s in sessions))
        return [action.text for action in actions if action]

    assert asyncio.run(both()) == ["first", "second"]
    text = shown.getvalue()
    assert text.index("Rules of one.") < text.index("Rules of two.")
