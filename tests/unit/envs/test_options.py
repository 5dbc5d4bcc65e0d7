from typing import Any, Literal

from agentrl.envs.options import Option, describe_options
from agentrl.envs.text.gym import GymEnv
from agentrl.envs.text.maze import MazeEnv
from agentrl.envs.text.sokoban import SokobanEnv


class Documented(MazeEnv):
    """A world.

    Args:
        needed (int): must be given,
            as: two lines say.
        mode: one of two.

    Raises:
        UsageError: never.
    """

    def __init__(
        self,
        needed: int,
        mode: Literal["a", "b"] = "a",
        pairs: dict[str, tuple[int, ...]] | None = None,
        render_mode: str | None = None,
        **others: Any,
    ) -> None:
        super().__init__()


def test_options_are_read_off_signature_and_docstring() -> None:
    assert describe_options(Documented) == (
        Option("needed", "int", None, "must be given, as: two lines say."),
        Option("mode", '"a" | "b"', '"a"', "one of two."),
        Option("pairs", "dict[str, tuple[int, ...]] | None", "null", ""),
    )


def test_every_option_of_ours_is_explained() -> None:
    for env in (GymEnv, MazeEnv, SokobanEnv):
        for option in describe_options(env):
            assert option.text, f"{env.__name__}.{option.name}"
