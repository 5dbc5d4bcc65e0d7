"""What can go wrong, and whose fault it is.

::

    AgentrlError
    ├── UsageError                 what the user gave cannot be used; nothing was started
    │   ├── SuiteError             a suite file: names the file, the line, the key
    │   ├── TaskError              a task, or a file of tasks
    │   ├── RecordError            an episode record or a run folder that cannot be read
    │   ├── CheckpointError        a model folder that is none
    │   ├── MissingDependencyError an optional library that is not installed
    │   ├── RewardError            a reward cannot be composed from what an episode states
    │   └── PreflightError         a training that cannot work as it is set up
    ├── RunStopped                 a run that cannot go on; everything finished so far is kept
    │   ├── StorageError           the disk is full or refuses to be written
    │   ├── ServiceDownError       a service that every episode needs does not answer
    │   ├── SyncError              the sampling engine has not the trainer's weights
    │   ├── NoSignalError          training had nothing to learn from for several steps
    │   └── DivergedError          training met a number that is not finite
    ├── InfrastructureError        an attempt failed for no fault of the agent: retry, never score
    │   ├── ModelError             a model server failed, hung or answered garbage
    │   ├── EnvError               an environment raised, or its process died
    │   ├── SandboxError           a sandbox could not be started or reached
    │   ├── WorkerError            a rollout worker process died
    │   └── DeadlineError          a turn or an episode took longer than its limit
    ├── ContextFullError           the conversation no longer fits the model's context window
    └── UnscoredError              the episode ended, but nobody could say how well

``UsageError`` and ``RunStopped`` end the command with exit code 2 and one message that says what
was given, what was expected and what to do. An ``InfrastructureError`` ends one attempt of one
episode. Code inside an environment or a model raises ordinary Python errors; ``boundary`` is the
only place that turns an unexpected one into an ``InfrastructureError``.

Every class here is picklable, because worker processes send them.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

EXIT_BAD_INPUT = 2
"""Exit code of a command that was given something it cannot use, or that had to stop early."""


class AgentrlError(Exception):
    """Any error that agentrl raises on purpose."""


class UsageError(AgentrlError, ValueError):
    """What the user gave cannot be used."""


class SuiteError(UsageError):
    """A suite file has an unknown key, a wrong type or a value that cannot be used."""


class TaskError(UsageError):
    """A task, or a file of tasks, cannot be used."""


class RecordError(UsageError):
    """An episode record or a run folder cannot be read, or a value cannot be recorded."""


class CheckpointError(UsageError):
    """A model folder is missing, incomplete or not a checkpoint."""


class MissingDependencyError(UsageError, ImportError):
    """An optional library that was asked for is not installed."""


class RewardError(UsageError):
    """A reward cannot be composed from what an episode states."""


class PreflightError(UsageError):
    """A few episodes showed that a training cannot work as it is set up."""


class RunStopped(AgentrlError):
    """A run had to stop early; every finished episode is kept and the run can be resumed."""


class StorageError(RunStopped, OSError):
    """The run folder cannot be written: the disk is full, read-only or gone."""


class ServiceDownError(RunStopped):
    """A service that every episode needs cannot be reached or keeps failing."""


class SyncError(RunStopped):
    """The engine that samples answers with other weights than the trainer's."""


class NoSignalError(RunStopped):
    """Several steps in a row had nothing to learn from: every group's rewards were equal."""


class DivergedError(RunStopped):
    """A loss or a gradient is not finite; the weights of before are kept."""


class InfrastructureError(AgentrlError):
    """An attempt failed for no fault of the agent; it is retried and never scored."""


class ModelError(InfrastructureError):
    """A model could not answer: server down, timeout, HTTP error or an unreadable answer."""


class EnvError(InfrastructureError):
    """An environment raised an unexpected error, or the process it lives in died."""


class SandboxError(InfrastructureError):
    """A sandbox could not be started or reached."""


class WorkerError(InfrastructureError):
    """A rollout worker process died while it held the episode."""


class DeadlineError(InfrastructureError):
    """A turn or an episode took longer than the suite's limit."""


class ContextFullError(AgentrlError):
    """The conversation and the room for an answer exceed the model's context window."""


class UnscoredError(AgentrlError):
    """An episode ended but its outcome cannot be determined; it is left out, not failed."""


@contextmanager
def boundary(error: type[InfrastructureError], what: str) -> Iterator[None]:
    """Turn an unexpected exception into ``error``, saying ``what`` was being done.

    Errors that agentrl raised on purpose pass unchanged, and so do ``KeyboardInterrupt`` and
    cancellation: only ``Exception`` is a failure of what runs inside.

    >>> with boundary(EnvError, "step of demo/Env-v0"):
    ...     {}["door"]
    Traceback (most recent call last):
    agentrl.errors.EnvError: step of demo/Env-v0: KeyError: 'door'
    """
    try:
        yield
    except AgentrlError:
        raise
    except Exception as exc:
        raise error(f"{what}: {type(exc).__name__}: {exc}") from exc


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean x?)"`` for the closest known name, or an empty string.

    >>> nearest("concurency", ["concurrency", "attempts"])
    ' (did you mean concurrency?)'
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""
