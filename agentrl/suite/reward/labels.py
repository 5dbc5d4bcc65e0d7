"""Facts beyond the environment's: who states them."""

from typing import Annotated

from pydantic import Field

from agentrl.suite.reward.code import CodeLabelSpec
from agentrl.suite.reward.intrinsic import IntrinsicLabelSpec
from agentrl.suite.reward.judge import JudgeLabelSpec
from agentrl.suite.reward.novelty import NoveltyLabelSpec
from agentrl.suite.reward.progress import ProgressLabelSpec
from agentrl.suite.reward.rollouts import RolloutsLabelSpec
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec
from agentrl.suite.reward.tournament import TournamentLabelSpec

LabelSpec = Annotated[
    JudgeLabelSpec
    | TournamentLabelSpec
    | NoveltyLabelSpec
    | ProgressLabelSpec
    | RolloutsLabelSpec
    | CodeLabelSpec
    | SubgoalsLabelSpec
    | IntrinsicLabelSpec,
    Field(discriminator="kind"),
]
