"""Workers that know the solutions of the environments' own small tasks."""

from agentrl.envs.code.arithmetic import small_problem
from agentrl.envs.swe.example import example_instance
from agentrl.orchestrator.worker import Request


def patch(request: Request) -> str:
    """Return the patch that repairs a small repository."""
    return example_instance(request.task.seed or 0).patch


def no_patch(request: Request) -> str:
    """Return something that is no patch."""
    return "I would look at the tests first."


def program(request: Request) -> str:
    """Return the solution of a small problem."""
    return f"Here it is:\n```python\n{small_problem(request.task.seed or 0)['solution']}```"
