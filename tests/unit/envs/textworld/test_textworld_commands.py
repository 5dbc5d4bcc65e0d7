import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.text.textworld.commands import MAX_LENGTH, problem_with, tidy_command


@pytest.mark.parametrize(
    "command",
    [
        "look",
        "take teacup from fridge",
        "put half of a bag of chips on king-size bed",
        "take all",
        "take apple and pear",
        "examine long table",
        "take type Q safe",
        "go save",
        "what is %s ?",
    ],
)
def test_a_command_in_plain_words_may_pass(command: str) -> None:
    assert problem_with(command) is None


@pytest.mark.parametrize(
    "command",
    [
        *("save", "SAVE", "restore", "quit", "q", "restart", "undo", "script", "script off"),
        *("transcript on", "transcripts", "verify", "version", "notify off", "superbrief"),
        *("superbriefly", "score", "again", "g", "oops save", "tw-extra-infos score"),
        *("tw-trace-actions", "print_state", "enable print state option", "restrict commands"),
        *("take cup and save", "save now"),
    ],
)
def test_a_command_to_the_game_program_is_refused(command: str) -> None:
    assert "command to the game program" in (problem_with(command) or "")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "no command"),
        ("look\nsave", "one line"),
        ("look\rsave", "one line"),
        ("look. save", "one command at a time"),
        ("look then save", "one command at a time"),
        ("look, save", "one command at a time"),
        ('say "save"', "one command at a time"),
        ("\\help", "plain letters"),
        ("go\x00north", "plain letters"),
        ("\x1b[A", "plain letters"),
        ("prends la clé", "plain letters"),
        ("\ud800", "plain letters"),
        ("a" * (MAX_LENGTH + 1), "at most 160"),
    ],
)
def test_a_text_that_could_harm_is_refused_with_the_reason(command: str, why: str) -> None:
    assert why in (problem_with(command) or "")


def test_outer_spaces_and_the_closing_full_stop_are_dropped() -> None:
    assert tidy_command("  Go east.\n") == "Go east"


@given(st.text())
def test_only_short_printable_ascii_without_separators_ever_passes(text: str) -> None:
    command = tidy_command(text)
    if problem_with(command) is None:
        assert 0 < len(command) <= MAX_LENGTH
        assert all(" " <= letter <= "~" for letter in command)
        assert not set(command) & set('\\.,;:"')
