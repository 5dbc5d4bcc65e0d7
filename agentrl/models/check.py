"""What can be said against a model without loading it or asking its server."""

from importlib.util import find_spec
from pathlib import Path

from agentrl.errors import MissingDependencyError
from agentrl.models.build import build_model
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.suite.model import ModelSpec, TransformersSpec, VllmSpec


def check_model(spec: ModelSpec) -> None:
    """See that a model's library is installed, its key is set and its checkpoint is there.

    A checkpoint that may be a name of the hub is not looked for.

    Raises:
        UsageError: the first problem found.
    """
    match spec:
        case TransformersSpec(checkpoint=checkpoint):
            for library in ("torch", "transformers"):
                if find_spec(library) is None:
                    raise MissingDependencyError(
                        f"agent.model.backend is 'transformers', and {library} is not installed: "
                        f"pip install 'agentrl[train]'"
                    )
            _check_folder(checkpoint)
        case VllmSpec(checkpoint=checkpoint):
            from agentrl.models.vllm.server import check_installed

            check_installed()
            _check_folder(checkpoint)
        case _:
            build_model(spec)


def _check_folder(checkpoint: str | None) -> None:
    if checkpoint is not None and (
        checkpoint.startswith((".", "/", "~")) or Path(checkpoint).exists()
    ):
        resolve_checkpoint(checkpoint)
