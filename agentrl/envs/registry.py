"""Which environments there are, and how one is built from a suite's ``env`` section."""

import gymnasium

ENTRY_POINTS = {
    "agentrl/TextWorld-v0": "agentrl.envs.text.textworld:TextWorldEnv",
    "agentrl/Gym-v0": "agentrl.envs.text.gym:GymEnv",
    "agentrl/Sokoban-v0": "agentrl.envs.text.sokoban:SokobanEnv",
    "agentrl/Maze-v0": "agentrl.envs.text.maze:MazeEnv",
    "agentrl/QA-v0": "agentrl.envs.qa.env:QAEnv",
    "agentrl/Code-v0": "agentrl.envs.code.env:CodeEnv",
    "agentrl/SWE-v0": "agentrl.envs.swe.env:SWEEnv",
    "agentrl/Conductor-v0": "agentrl.orchestrator.conductor:ConductorEnv",
    "agentrl/Choice-v0": "agentrl.orchestrator.choice:ChoiceEnv",
    "agentrl/Router-v0": "agentrl.orchestrator.router:RouterEnv",
}
"""Our environments by id, each imported only when it is built."""


def register_all() -> None:
    """Register our environments with gymnasium; doing it again changes nothing.

    ``import agentrl.envs`` does it; ``gymnasium.make("agentrl.envs:agentrl/Maze-v0")`` imports it.
    """
    for env_id, entry_point in ENTRY_POINTS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(env_id, entry_point=entry_point)
