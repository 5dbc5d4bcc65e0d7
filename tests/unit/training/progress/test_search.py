"""A search that a scorer guides, in a real maze."""

from agentrl.episode import Episode
from agentrl.models.scorers.base import Values
from agentrl.rewards.progress.text import TextScorer
from agentrl.training.progress.search import guided_search
from tests.unit.rollout.walks import BUILD, TASK


class TowardsTheGoal(TextScorer):
    """Values an attempt by the progress that its turns state: a scorer that knows."""

    def score(self, episode: Episode) -> Values:
        gained, values = 0.0, [0.0]
        for turn in episode.turns:
            gained += turn.signals.get("progress", 0.0)
            values.append(gained)
        return tuple(values)


def test_a_search_that_a_good_scorer_guides_finds_the_goal() -> None:
    found = guided_search(BUILD, TASK, 3, TowardsTheGoal(), beam=2, depth=20)

    assert found.outcome["success"] == 1.0
    assert len(found.turns) == found.outcome["shortest"]
