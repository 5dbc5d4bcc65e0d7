"""TextWorld: text adventures that are generated from options and a seed.

The environment is imported when it is first asked for, so that the small process that hosts the
interpreters (``zygote``) does not load gymnasium with it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentrl.envs.text.textworld.env import TextWorldEnv

__all__ = ["TextWorldEnv"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from agentrl.envs.text.textworld import env

        return getattr(env, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
