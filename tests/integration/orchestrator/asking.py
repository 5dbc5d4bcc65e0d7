"""A router whose known way is to ask the first worker and to hand in what it says."""

import gymnasium

from agentrl.orchestrator.router import RouterEnv


class AskingRouter(RouterEnv):
    """Shows the form of Router-R1, for a model from nothing to imitate."""

    def expert_action(self) -> str | None:
        if self._rounds:
            reply = (self.render() or "").removeprefix("<information>").split("</information>")[0]
            return f"<think>I was told.</think><answer> {reply} </answer>"
        question = self._task().data["question"]
        return f"<think>I ask.</think><search> {self.names[0]}:{question} </search>"


if "AskingRouter-v0" not in gymnasium.registry:
    gymnasium.register("AskingRouter-v0", entry_point=f"{__name__}:AskingRouter")
