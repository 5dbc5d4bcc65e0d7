import pickle

import pytest

from agentrl import errors
from agentrl.errors import (
    AgentrlError,
    ContextFullError,
    EnvError,
    ModelError,
    StorageError,
    boundary,
    nearest,
)

EVERY_ERROR = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, AgentrlError)
]


def test_an_unexpected_exception_becomes_the_boundarys_error_and_keeps_its_cause() -> None:
    bug = ZeroDivisionError("a bug")

    what = pytest.raises(EnvError, match="step of x: ZeroDivisionError: a bug")
    with what as caught, boundary(EnvError, "step of x"):
        raise bug

    assert caught.value.__cause__ is bug


@pytest.mark.parametrize("raised", [ModelError("m"), ContextFullError("c"), StorageError("s")])
def test_an_error_raised_on_purpose_passes_a_boundary_unchanged(raised: AgentrlError) -> None:
    with pytest.raises(AgentrlError) as caught, boundary(EnvError, "step"):
        raise raised

    assert caught.value is raised


def test_an_interrupt_is_not_a_failure_of_what_runs_inside() -> None:
    with pytest.raises(KeyboardInterrupt), boundary(EnvError, "step"):
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_survives_the_way_to_another_process(kind: type[AgentrlError]) -> None:
    sent = pickle.loads(pickle.dumps(kind("what, where, what to do")))

    assert type(sent) is kind
    assert str(sent) == "what, where, what to do"


def test_the_module_docstring_shows_every_error() -> None:
    assert [
        kind.__name__ for kind in EVERY_ERROR if kind.__name__ not in (errors.__doc__ or "")
    ] == []


def test_a_name_unlike_all_known_ones_gets_no_suggestion() -> None:
    assert nearest("zzz", ["concurrency", "attempts"]) == ""
