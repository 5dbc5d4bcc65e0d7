"""Conformance checks for environments: what every ``TextEnv`` promises, tried out.

Each check raises ``AssertionError`` with a text that says which promise is broken. In a test::

    def test_my_environment_keeps_its_promises() -> None:
        check_text_env(lambda: build_env(EnvSpec(id="my_envs:Countdown-v0")), Task("a", seed=1))
"""

import math
import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from agentrl.envs.base import FreeText, TextEnv
from agentrl.envs.tasks import world_seed
from agentrl.rewards.facts import is_stated
from agentrl.task import Task

MakeEnv = Callable[[], TextEnv]
"""Returns a new environment each time."""

MOST_TURNS = 60
"""How many turns of an episode the checks play at most."""

_HARMLESS = (
    "No render fps was declared",  # text has no frames
    "render modes due to the environment not having a spec",  # made without gymnasium.make
)


@dataclass(frozen=True, slots=True)
class Played:
    """One turn as the checks saw it."""

    action: str
    observation: str
    reward: float
    ended: tuple[bool, bool]
    """Terminated and truncated."""
    signals: dict[str, float]
    outcome: dict[str, float] | None


def check_text_env(make: MakeEnv, task: Task, *, bad_action: str = "no such action") -> None:
    """Run every check below on an environment.

    Args:
        make: returns a new environment, not yet reset.
        task: what to attempt in it.
        bad_action: a text that the environment does not take for an action.

    Raises:
        AssertionError: a promise is broken; the text says which.
    """
    check_gymnasium(make)
    check_facts(make, task)
    check_determinism(make, task)
    check_bad_action(make, task, bad_action)
    check_order(make, task)
    check_close(make, task)
    check_isolation(make, task)


def check_gymnasium(make: MakeEnv) -> None:
    """Check that gymnasium's own ``check_env`` passes, without a warning that matters."""
    env = make()
    assert isinstance(env, TextEnv), f"make returned {env!r}, expected a TextEnv"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env)
    env.close()
    matter = [str(w.message) for w in caught if "WARN" in str(w.message)]
    matter = [text for text in matter if not any(harmless in text for harmless in _HARMLESS)]
    assert not matter, f"gymnasium's check_env warns: {matter}"


def check_facts(make: MakeEnv, task: Task) -> None:
    """Check the texts, that signals and results are finite numbers, and ``success`` is a share."""
    env = make()
    observation = _begin(env, task)
    assert observation.strip(), "the first observation is empty; it must show the world"
    assert env.instructions.strip(), "the instructions are empty; they must say how to act"
    assert env.max_turns >= 1, f"max_turns is {env.max_turns}, expected at least 1"
    _check_outcome(env.outcome(), "right after reset")
    _check_choices(env)
    turns = _play(env, task)
    for number, turn in enumerate(turns, 1):
        where = f"turn {number} ({turn.action!r})"
        assert isinstance(turn.observation, str), f"{where}: the observation is no text"
        assert "format_ok" in turn.signals, f"{where}: the signals lack 'format_ok'"
        _check_numbers({**turn.signals, "reward": turn.reward}, where)
        _check_declared(env, turn, where)
        if any(turn.ended):
            assert turn.outcome is not None, f"{where}: the episode ended, info has no 'outcome'"
            _check_outcome(turn.outcome, where)
    env.close()


def _check_choices(env: TextEnv) -> None:
    """Check that what is told of actions is told of the legal ones, in finite numbers."""
    choices, legal = env.choices(), env.legal_actions()
    assert (choices is None) == (legal is None), "choices and legal_actions must both be listed"
    if choices is None:
        return
    assert choices.actions == legal, f"choices are of {choices.actions}, legal are {legal}"
    count = len(choices.actions)
    told = (len(choices.words), len(choices.facts))
    assert told == (count, count), f"choices tell of {told} actions, and there are {count}"
    names = env.choice_facts
    for action, facts in zip(choices.actions, choices.facts, strict=True):
        assert len(facts) == len(names), f"{action!r} has {len(facts)} facts for {names}"
        _check_numbers(dict(zip(names, facts, strict=True)), f"the action {action!r}")


def _check_declared(env: TextEnv, turn: Played, where: str) -> None:
    declared = {} if env.orchestrated else env.stated()  # its inner environment states more
    for name in (*turn.signals, *(turn.outcome or {})):
        assert not declared or is_stated(name, declared), (
            f"{where} states {name!r}, which is not among the class's 'facts'"
        )


def check_determinism(make: MakeEnv, task: Task) -> None:
    """Check that the same task, seed and actions give the same episode, here and elsewhere."""
    env = make()
    first_observation = _begin(env, task)
    first = _play(env, task)
    actions = [turn.action for turn in first]
    for where, again in (("in the same instance", env), ("in another instance", make())):
        observation = _begin(again, task)
        assert observation == first_observation, (
            f"reset with the same seed {where} shows {observation!r}, before {first_observation!r}"
        )
        _check_same(first, _play(again, task, actions), f"the same seed and actions {where}")
        again.close()


def check_bad_action(make: MakeEnv, task: Task, bad_action: str) -> None:
    """Check that a bad action costs a turn, is answered, and changes nothing in the world."""
    plain, disturbed = make(), make()
    _begin(plain, task)
    _begin(disturbed, task)
    turns = _play(plain, task)
    for number, turn in enumerate(turns, 1):
        where = f"the bad action {bad_action!r} before turn {number}"
        legal, results = disturbed.legal_actions(), disturbed.outcome()
        answer = _step(disturbed, bad_action)
        assert not any(answer.ended), f"{where} ended the episode"
        assert answer.observation.strip(), f"{where} was answered with nothing"
        refused = 0.0 in (answer.signals.get("format_ok"), answer.signals.get("grounded"))
        assert refused, f"{where} was taken: neither 'format_ok' nor 'grounded' is 0"
        assert disturbed.legal_actions() == legal, f"{where} changed the legal actions"
        assert disturbed.outcome() == results, f"{where} changed the outcome"
        _check_same([turn], [_step(disturbed, turn.action)], f"{where} changed the world")
    plain.close()
    disturbed.close()


def check_order(make: MakeEnv, task: Task) -> None:
    """Check that a step before ``reset`` and one after the end are refused."""
    env = make()
    _check_needs_reset(env, "before reset")
    _begin(env, task)
    turns = _play(env, task)
    if turns and any(turns[-1].ended):
        _check_needs_reset(env, "after the episode ended")
        _begin(env, task)
        _step(env, turns[0].action)
    env.close()


def check_close(make: MakeEnv, task: Task) -> None:
    """Check that ``close`` can be called twice: before a reset, and in the middle of an episode."""
    untouched, begun = make(), make()
    _begin(begun, task)
    for env in (untouched, begun):
        env.close()
        env.close()


def check_isolation(make: MakeEnv, task: Task) -> None:
    """Check that two instances that take turns play as if each were alone."""
    seed = world_seed(0, task)
    tasks = [replace(task, seed=seed), replace(task, seed=seed + 1)]
    openings, alone = [], []
    for one in tasks:
        env = make()
        openings.append(_begin(env, one))
        alone.append(_play(env, one))
        env.close()
    pair = [make() for _ in tasks]
    seen = [_begin(env, one) for env, one in zip(pair, tasks, strict=True)]
    assert seen == openings, "two instances share state: the first observation differs"
    together: list[list[Played]] = [[], []]
    for number in range(max(map(len, alone))):
        for env, known, turns in zip(pair, alone, together, strict=True):
            if number < len(known):
                turns.append(_step(env, known[number].action))
    for known, turns in zip(alone, together, strict=True):
        _check_same(known, turns, "two instances share state: taking turns")
    for env in pair:
        env.close()


def _begin(env: TextEnv, task: Task) -> str:
    observation, info = env.reset(seed=world_seed(0, task), options={"task": task})
    assert isinstance(observation, str), f"reset returned {observation!r}, expected a text"
    assert "signals" in info, "info of reset lacks 'signals'"
    return observation


def _step(env: TextEnv, action: str) -> Played:
    observation, reward, terminated, truncated, info = env.step(action)
    assert "signals" in info, f"info of step({action!r}) lacks 'signals'"
    outcome = info.get("outcome")
    return Played(
        action, observation, reward, (terminated, truncated), dict(info["signals"]), outcome
    )


def _play(env: TextEnv, task: Task, actions: Sequence[str] | None = None) -> list[Played]:
    """Play until the end or for ``MOST_TURNS`` turns: given actions, the expert's, or any text."""
    rng = random.Random(world_seed(0, task))
    anything = FreeText(seed=world_seed(0, task))
    turns: list[Played] = []
    for number in range(MOST_TURNS if actions is None else len(actions)):
        action = _choose(env, rng) if actions is None else actions[number]
        turns.append(_step(env, anything.sample() if action is None else action))
        if any(turns[-1].ended):
            break
    return turns


def _choose(env: TextEnv, rng: random.Random) -> str | None:
    """Return an action that makes sense; None where none is known."""
    legal = env.legal_actions()
    # One stray step in four leaves the expert's path, so that replanning is tried too.
    if legal and rng.random() < 0.25:
        return rng.choice(legal)
    return env.expert_action() or (rng.choice(legal) if legal else None)


def _check_same(wanted: Sequence[Played], got: Sequence[Played], what: str) -> None:
    assert len(wanted) == len(got), f"{what}: {len(got)} turns instead of {len(wanted)}"
    for number, (first, second) in enumerate(zip(wanted, got, strict=True), 1):
        assert first == second, f"{what}: turn {number} gave {second}, expected {first}"


def _check_needs_reset(env: TextEnv, when: str) -> None:
    try:
        env.step("anything")
    except ResetNeeded:
        return
    raise AssertionError(f"step {when} was carried out, expected gymnasium's ResetNeeded")


def _check_outcome(outcome: dict[str, float], where: str) -> None:
    assert "success" in outcome, f"{where}: the outcome lacks 'success'"
    _check_numbers(outcome, f"{where}, outcome")
    success = outcome["success"]
    assert 0 <= success <= 1, f"{where}: 'success' is {success}, expected a number from 0 to 1"


def _check_numbers(named: dict[str, float], where: str) -> None:
    for name, value in named.items():
        good = isinstance(value, float) and math.isfinite(value)
        assert good, f"{where}: {name!r} is {value!r}, expected a finite float"
