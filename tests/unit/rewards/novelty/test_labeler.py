import asyncio
import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from agentrl.episode import Episode, Status
from agentrl.errors import UsageError
from agentrl.rewards.novelty.embedding import HashedNgrams, Vectors
from agentrl.rewards.novelty.labeler import NoveltyLabeler, build
from agentrl.suite.reward.novelty import EmbeddingSpec, NoveltyLabelSpec
from tests.unit.rewards.novelty.episodes import walk

ROOT = 2**-0.5
ONE = walk("hall", "cellar", "hall", name="one")
TWO = walk("hall", "cellar", "attic", name="two")
LOST = walk("hall", "moon", name="lost", status=Status.INFRA_FAILED)
SCOPES = ["episodic", "global", "product"]
MEASURES = ["count", "elliptical", "predictor", "distribution"]


def made(**options: Any) -> NoveltyLabeler:
    return build("new", NoveltyLabelSpec.model_validate({"kind": "novelty", **options}))


def label(labeler: NoveltyLabeler, *group: Episode) -> list[Episode]:
    return asyncio.run(labeler.label(group))


def facts(episode: Episode, name: str = "new") -> list[float]:
    return [turn.signals[name] for turn in episode.turns]


def test_the_product_is_stated_with_its_factors() -> None:
    labeler = made()
    label(labeler, ONE)
    (two,) = label(labeler, TWO)

    # before: hall twice, cellar once; here hall at the start
    assert facts(two, "new/episodic") == [1.0, 1.0]
    assert facts(two, "new/global") == pytest.approx([ROOT, 1.0])
    assert facts(two) == pytest.approx([ROOT, 1.0])


def test_one_scope_alone_states_one_fact() -> None:
    assert facts(label(made(scope="episodic"), ONE)[0]) == pytest.approx([1, ROOT])
    (one,) = label(made(scope="global"), ONE)
    assert facts(one) == pytest.approx([1, ROOT])
    assert list(one.turns[0].signals) == ["new"]


def test_a_group_is_held_against_what_was_known_before_it() -> None:
    labeler = made(scope="global")
    one, again = label(labeler, ONE, ONE)

    assert facts(one) == facts(again) == pytest.approx([1, ROOT])
    # now hall was seen four times and cellar twice
    assert facts(label(labeler, ONE)[0]) == pytest.approx([3**-0.5, 6**-0.5])


@pytest.mark.parametrize("measure", MEASURES)
def test_the_order_of_a_group_makes_no_difference(measure: str) -> None:
    left, right = made(measure=measure), made(measure=measure)
    for group in ([ONE, TWO, LOST], [TWO, ONE, ONE]):
        there = label(left, *group)
        back = label(right, *group[::-1])

        assert [e.turns for e in there] == [e.turns for e in back[::-1]]
    assert left.memory() == right.memory()


@pytest.mark.parametrize("measure", MEASURES)
def test_a_memory_taken_up_from_json_goes_on_as_if_nothing_had_happened(measure: str) -> None:
    labeler, again = made(measure=measure), made(measure=measure)
    label(labeler, ONE, TWO)
    again.restore(json.loads(json.dumps(labeler.memory())))

    assert label(again, TWO) == label(labeler, TWO)
    assert again.memory() == labeler.memory()


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_seen_again_and_again_is_worth_less_and_less(measure: str) -> None:
    labeler = made(measure=measure, scope="global", predictor={"noise": 0.3})
    first = sum(facts(label(labeler, ONE)[0]))
    for _ in range(30):
        label(labeler, ONE)

    assert sum(facts(label(labeler, ONE)[0])) < first / 3


def test_an_episode_that_is_not_scored_passes_untouched_and_leaves_no_trace() -> None:
    labeler = made()
    before = labeler.memory()

    assert label(labeler, LOST) == [LOST]
    assert label(labeler) == []
    assert labeler.memory() == before


def test_a_counter_in_the_text_does_not_make_it_new_where_digits_are_ignored() -> None:
    spinning = walk("Turn 1", "Turn 2", "Turn 3")

    assert facts(label(made(scope="episodic"), spinning)[0]) == [1.0, 1.0]
    ignoring = made(scope="episodic", ignore=["digits"])
    assert facts(label(ignoring, spinning)[0]) == pytest.approx([ROOT, 3**-0.5])


def test_near_texts_share_a_name_where_vectors_are_counted() -> None:
    labeler = made(key="embedding", scope="episodic", embedding={"unit": "char", "longest": 1})
    long = "you see a long dark corridor with many doors"

    assert facts(label(labeler, walk(long, long + ".", "zzzz 999"))[0])[1] == 1.0
    assert facts(label(labeler, walk(long, long, "x"))[0])[0] == pytest.approx(ROOT)


def test_an_embedding_may_be_given_as_a_function() -> None:
    def embed(texts: Any) -> Vectors:
        return np.asarray([[float(len(text)), 1.0] for text in texts])

    spec = NoveltyLabelSpec.model_validate(
        {
            "kind": "novelty",
            "measure": "elliptical",
            "scope": "episodic",
            "embedding": {"features": 2},
        }
    )
    (labeled,) = asyncio.run(build("new", spec, embed).label([walk("a", "a", "bbbb")]))

    # A = [[2, 1], [1, 2]] after one (1, 1), inverse / 3; then (1, 1) again
    assert facts(labeled)[0] == pytest.approx(2 / 3)
    with pytest.raises(UsageError, match=r"shape \(1, 2\), expected \(1, 128\)"):
        build("new", spec.model_copy(update={"embedding": EmbeddingSpec()}), embed)


def test_hashed_ngrams_have_length_one_and_nothing_has_none() -> None:
    vectors = HashedNgrams(EmbeddingSpec(features=64))(["Take the lamp!", "", "#"])

    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1])
    assert HashedNgrams(EmbeddingSpec())([]).shape == (0, 128)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "elliptical", "key": "hash"}, "compares vectors: set key to embedding"),
        ({"measure": "predictor", "scope": "episodic"}, "has no episodic scope"),
        ({"of": "reward"}, "result"),
        ({"ridge": 0}, "greater than 0"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        made(**options)


def test_a_memory_of_other_settings_is_refused() -> None:
    with pytest.raises(UsageError, match=r"other settings \(ignore, of\)"):
        made().restore(made(of="action", ignore=["digits"]).memory())
