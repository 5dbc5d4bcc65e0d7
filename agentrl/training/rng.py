"""The states of the global random number generators, for a training that can be resumed."""

import random
from typing import Any

import numpy as np
import torch

from agentrl.errors import CheckpointError


def rng_state() -> dict[str, Any]:
    """Return the states of Python's, numpy's and torch's generators, those of all GPUs too.

    It is made of tensors, numbers and texts only, as ``Checkpoints.save`` wants it.
    """
    version, words, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=True)
    name, keys, position, has_gauss, cached = legacy
    return {
        "python": {"version": version, "words": torch.tensor(words), "gauss": gauss},
        "numpy": {
            "name": str(name),
            "keys": torch.tensor(keys.astype(np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached": float(cached),
        },
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_rng(state: dict[str, Any]) -> None:
    """Go on with the random numbers where ``rng_state`` was called.

    States of GPUs that are not here are passed over.

    Raises:
        CheckpointError: it is not what ``rng_state`` returned.
    """
    try:
        _restore(state)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as exc:
        raise CheckpointError(
            f"the states of the random number generators cannot be restored "
            f"({type(exc).__name__}: {exc}); give what rng_state() returned"
        ) from exc


def _restore(state: dict[str, Any]) -> None:
    python, numpy = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    keys = numpy["keys"].numpy().astype(np.uint32)
    position, has_gauss, cached = numpy["position"], numpy["has_gauss"], numpy["cached"]
    np.random.set_state((numpy["name"], keys, position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    here = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for device, words in enumerate(state["cuda"][:here]):
        torch.cuda.set_rng_state(words.cpu(), device)
