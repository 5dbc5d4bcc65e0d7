"""Ten thousand hostile actions on real games."""

import random
import re
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.text.textworld import TextWorldEnv
from agentrl.envs.text.textworld.commands import problem_with, tidy_command

ACTIONS = 10_000
LEAK = re.compile(r"\bscor|out of a possible|\d/\d|\$\$|RESTART|Identification|\[|<score>", re.I)
META = (
    *("save", "restore", "quit", "q", "restart", "undo", "score", "script", "transcript on", "g"),
    *("verify", "version", "notify on", "superbrief", "again", "oops save", "tw-trace-actions"),
    *("tw-extra-infos score", "print_state", "enable print state option", "restrict commands"),
)
VERBS: list[str] = re.findall(
    r"\w+",
    "answer ask attach attack break burn buy climb close consult cut drink drop eat enter examine "
    "exit fill get give go goal help hit i insert inventory jump kill kiss l leave listen lock "
    "look move no open out pay pick pull push put read remove say search set show sing sit sleep "
    "smell stand switch take tell think throw tie touch turn unlock wait wake wave wear x y yes z",
)
STRANGE = (
    *("%s%n%x", "%n" * 40, "{0}", "$(reboot)", "`id`", "\\help", "\\x41", "\x1b[A", "\0", "é" * 50),
    *("日本", "a" * 100_000, "x " * 79, "z" * 160, "\ud800", "it", "them", "all", "take all", "1"),
    *("-1", "9" * 150, "take 5 things", "$ve", "//", "*comment", "# x", "@", "~", "^", "drop all"),
)


def hostile(rng: random.Random, nouns: Sequence[str]) -> str:
    """Return one action that a confused or malicious agent might send."""
    noun, verb, meta = rng.choice(nouns), rng.choice(VERBS), rng.choice(META)
    joint = rng.choice([". ", " then ", ", ", " and ", "; ", "\n", "\r", " "])
    words = [*VERBS, *nouns, "and", "all", "but", "except", "of", "the", "it", "in", "on", "with"]
    return rng.choice(
        [
            "".join(chr(rng.randrange(256)) for _ in range(rng.randrange(1, 60))),
            "".join(rng.choice(string.printable) for _ in range(rng.randrange(1, 160))),
            rng.choice([meta, meta.upper(), f"{noun}, {meta}", f"{verb} {meta}"]),
            f"{verb} {noun}{joint}{meta}",
            f"{verb} {noun} {rng.choice(['in', 'on', 'with', 'to', 'from'])} {rng.choice(nouns)}",
            rng.choice(STRANGE),
            rng.choice([verb, noun]),
            " ".join(rng.choice(words) for _ in range(rng.randrange(1, 20))),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"preset": "w2-o3-q4"},
        {"game": "simple"},
        {"game": "cooking", "recipe": 2, "take": 2, "open": True, "cook": True, "go": 6},
    ],
    ids=str,
)
def test_hostile_actions_do_no_harm(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    env = TextWorldEnv(**options)
    nouns, ended = ["me"], True
    for number in range(ACTIONS // 3 + 1):
        if ended or number % 500 == 0:
            observation, _ = env.reset(seed=7)
            nouns = ["me", "north", *re.findall(r"[a-z-]{3,}", observation)]
        action = hostile(rng, nouns)
        understood = problem_with(tidy_command(action)) is None
        observation, _, ended, _, info = env.step(action)
        assert info["signals"]["format_ok"] == understood
        answer = observation.partition("\n\n-=")[0]
        assert not (understood and LEAK.search(answer)), (action, answer)
        if number % 100 == 99 and not ended:
            assert env.step("look")[4]["signals"]["grounded"] == 1, action
    env.reset(seed=7)
    while not env.step(env.expert_action() or "")[2]:
        pass
    assert env.outcome()["success"] == 1
    assert list(tmp_path.iterdir()) == []
    env.close()
