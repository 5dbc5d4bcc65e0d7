import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.codec import SCHEMA_VERSION, common_prefix, dump_episode, load_episode
from agentrl.episode import Episode, Failure, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.errors import RecordError

finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(max_size=8)
facts = st.dictionaries(names, finite, max_size=3)
token_ids = st.lists(st.integers(0, 2**17), max_size=6).map(tuple)
texts = st.text(alphabet=st.characters(), max_size=40)  # lone surrogates included


@st.composite
def generations(draw: st.DrawFn) -> Generation:
    sampled = draw(st.none() | token_ids)
    return Generation(
        text=draw(texts),
        finish_reason=draw(st.sampled_from(["stop", "length"])),
        model=draw(names),
        sampling=Sampling(temperature=draw(st.floats(0, 2)), stop=tuple(draw(st.lists(texts)))),
        usage=Usage(draw(st.integers(0, 99)), draw(st.integers(0, 99))),
        token_ids=sampled,
        logprobs=None if sampled is None else tuple(draw(finite) for _ in sampled),
        prompt_token_ids=draw(st.none() | token_ids),
        allowed=None if sampled is None else tuple(draw(st.none() | token_ids) for _ in sampled),
        cost_usd=draw(finite),
    )


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    return Turn(
        observation=draw(texts),
        action=draw(texts),
        generations=tuple(draw(st.lists(generations(), max_size=2))),
        signals=draw(facts),
        env_reward=draw(finite),
        terms=draw(facts),
    )


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    return Episode(
        id=draw(names),
        task_id=draw(names),
        group_id=draw(names),
        seed=draw(st.integers(0, 2**31)),
        agent=draw(names),
        status=draw(st.sampled_from(Status)),
        stop_reason=draw(st.sampled_from(StopReason)),
        turns=tuple(draw(st.lists(turns(), max_size=3))),
        outcome=draw(facts),
        error=draw(st.none() | st.builds(Failure, kind=names, message=texts)),
        duration_s=draw(finite),
    )


PLAIN = Episode(
    id="t#0",
    task_id="t",
    group_id="t",
    seed=1,
    agent="expert",
    status=Status.OK,
    stop_reason=StopReason.TERMINATED,
)
ANSWER = Generation(text="go", finish_reason="stop", model="m", sampling=Sampling())


@given(episodes())
def test_an_episode_comes_back_as_it_was_written(episode: Episode) -> None:
    assert load_episode(dump_episode(episode)) == episode


@given(episodes())
def test_an_episode_is_one_line(episode: Episode) -> None:
    assert "\n" not in dump_episode(episode)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_say_is_refused_with_its_path(number: float) -> None:
    turn = Turn("room", "look", signals={"progress": number})

    with pytest.raises(RecordError, match=r"episode.turns\[0\].signals.progress is .*finite"):
        dump_episode(replace(PLAIN, turns=(turn,)))


def test_a_very_long_output_is_kept_whole() -> None:
    text = "line\u2028 \x00\n" * 200_000

    assert (
        load_episode(dump_episode(replace(PLAIN, final_observation=text))).final_observation == text
    )


def test_a_prompt_that_continues_the_conversation_is_written_once() -> None:
    first = replace(ANSWER, prompt_token_ids=tuple(range(1000)), token_ids=(7, 8))
    second = replace(ANSWER, prompt_token_ids=(*range(1000), 7, 8, 9), token_ids=(5,))
    turns = (Turn("a", "x", (first,)), Turn("b", "y", (second,)))

    line = dump_episode(replace(PLAIN, turns=turns))

    written = json.loads(line)["turns"][1]["generations"][0]["prompt_token_ids"]
    assert written == {"keep": 1002, "new": [9]}
    assert load_episode(line).turns == turns


def test_a_record_of_version_1_is_read() -> None:
    record = {
        "id": "t#0",
        "task_id": "t",
        "group_id": "t",
        "seed": 1,
        "agent": "m",
        "status": "truncated",
        "turns": [
            {
                "observation": "room",
                "action": "go",
                "generations": [
                    {
                        "text": "go",
                        "finish_reason": "stop",
                        "model": "m",
                        "sampling": {"temperature": 0.7},
                        "prompt_token_ids": [1, 2],
                        "token_ids": [3],
                        "logprobs": [-0.5],
                    }
                ],
            }
        ],
        "outcome": {"success": 0.0},
    }

    episode = load_episode(json.dumps(record))

    assert episode.stop_reason is StopReason.MAX_TURNS
    assert episode.turns[0].generations[0].prompt_token_ids == (1, 2)
    assert episode.turns[0].generations[0].sampling == Sampling(temperature=0.7)


def test_a_record_of_a_newer_version_asks_for_a_newer_agentrl() -> None:
    with pytest.raises(RecordError, match=f"reads up to {SCHEMA_VERSION}; read it with a newer"):
        load_episode(json.dumps({"schema": SCHEMA_VERSION + 1}))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not a line of JSON"),
        ("[]", "expected a JSON object with an episode, got list"),
        ('{"schema": 2, "id": "x"}', "not an episode: task_id: Field required"),
        ('{"schema": 2, "turns": [3]}', "not an episode"),
        ('{"schema": "two"}', "schema version 'two'"),
        ('{"schema": 0}', "schema version 0"),
        ("{}", "not an episode"),
    ],
)
def test_a_line_that_is_no_episode_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(RecordError, match=complaint):
        load_episode(line)


@given(token_ids, token_ids, token_ids)
def test_the_common_prefix_is_common_and_longest(
    shared: tuple[int, ...], a: tuple[int, ...], b: tuple[int, ...]
) -> None:
    left, right = shared + a, shared + b
    n = common_prefix(left, right)

    assert left[:n] == right[:n]
    assert n >= len(shared)
    assert n in (len(left), len(right)) or left[n] != right[n]
