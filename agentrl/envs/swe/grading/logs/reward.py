"""The reward that a task of Harbor leaves, as the outcome of one test."""

import json
import math

from agentrl.envs.swe.formats.harbor import REWARD
from agentrl.envs.swe.grading.logs.cleaning import Statuses
from agentrl.envs.swe.grading.verdict import Status


def parse_reward(text: str) -> Statuses:
    """Read the contents of ``reward.json`` or ``reward.txt``.

    The test ``reward`` has passed with a reward of 1 or more. Of several named rewards the one that
    is called ``reward`` counts, or else the least. A file without a finite number tells nothing.
    """
    rewards = _rewards(text)
    if not rewards or not all(math.isfinite(reward) for reward in rewards):
        return {}
    return {REWARD: Status.PASSED if min(rewards) >= 1 else Status.FAILED}


def _rewards(text: str) -> list[float]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(value, dict):
        named = value.get(REWARD)
        values = list(value.values()) if named is None else [named]
    else:
        values = [value]
    fit = all(isinstance(reward, int | float) for reward in values)
    return [float(reward) for reward in values] if fit else []
