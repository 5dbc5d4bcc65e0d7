"""A second attempt at a maze, by an agent that knows what the first one lacked."""

import asyncio

import gymnasium

from agentrl.agents.base import View
from agentrl.agents.llm import LLMAgent
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel, turn_index
from agentrl.rewards.subgoals.hindsight import hindsight_prompt, improvement_bonus, unmet_subgoals
from agentrl.rewards.subgoals.labeler import build
from agentrl.rewards.subgoals.static import StaticSubgoals
from agentrl.rewards.subgoals.subgoal import task_of
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec
from agentrl.suite.spec import AgentSpec

GOALS = SubgoalsLabelSpec.model_validate(
    {
        "kind": "subgoals",
        "subgoals": [
            {"name": "moved", "text": "Leave the start.", "fact": "grounded", "at_least": 1},
            {"name": "near", "text": "Come nearer.", "fact": "progress", "at_least": 0.01},
        ],
    }
)
SEED = 7


def solution() -> list[str]:
    env = gymnasium.make("agentrl.envs:agentrl/Maze-v0", difficulty="easy")
    env.reset(seed=SEED)
    moves, done = [], False
    while not done:
        moves.append(env.unwrapped.expert_action())  # type: ignore[attr-defined]
        _, _, done, _, _ = env.step(moves[-1])
    env.close()
    return moves


async def attempt(agent: LLMAgent, hint: str) -> Episode:
    env = gymnasium.make("agentrl.envs:agentrl/Maze-v0", difficulty="easy")
    instructions = env.unwrapped.instructions  # type: ignore[attr-defined]
    observation, _ = env.reset(seed=SEED)
    session = agent.session("e", f"{instructions}\n\n{hint}", SEED)
    turns: list[Turn] = []
    info: dict[str, dict[str, float]] = {}
    for _ in range(20):
        action = await session.act(View(observation))
        seen, _, done, _, info = env.step(action.text)
        turns.append(Turn(observation, action.text, signals=info["signals"]))
        observation = seen
        if done:
            break
    env.close()
    outcome = {"success": info.get("outcome", {}).get("success", 0.0)}
    reason = StopReason.TERMINATED if outcome["success"] else StopReason.MAX_TURNS
    return Episode(
        "e", "maze", "maze", SEED, "llm", Status.OK, reason, tuple(turns), observation, outcome
    )


def test_an_agent_that_is_told_what_its_first_attempt_lacked_does_better() -> None:
    moves = solution()

    def answer(request: Request) -> str:
        told = "did not meet these" in request.messages[0].content
        return moves[turn_index(request)] if told else "wait here"

    async def run() -> None:
        spec = AgentSpec.model_validate(
            {"kind": "llm", "model": {"backend": "scripted", "answers": ["x"]}}
        )
        agent = LLMAgent(ScriptedModel(answer), spec)
        labeler = build("way", GOALS)
        await agent.start()
        (first,) = await labeler.label([await attempt(agent, "")])
        goals = await StaticSubgoals(GOALS.subgoals).subgoals(task_of(first))
        unmet = unmet_subgoals(first, "way", goals)
        assert unmet == ["Leave the start.", "Come nearer."]

        (second,) = await labeler.label([await attempt(agent, hindsight_prompt(first, unmet))])
        assert unmet_subgoals(second, "way", goals) == []
        assert sum(turn.signals["way"] for turn in second.turns) == 1.0
        scores = first.outcome["success"], [second.outcome["success"]]
        assert scores == (0.0, [1.0])
        assert improvement_bonus(*scores) == 0.5
        await agent.close()

    asyncio.run(run())
