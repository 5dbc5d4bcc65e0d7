"""Reading a pool from a file of its own."""

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from agentrl.errors import SuiteError, nearest
from agentrl.suite.known_keys import known_keys
from agentrl.suite.orchestrator import POOL_FILE_KEYS, OrchestratorSpec, PoolSpec


def pool_spec(spec: OrchestratorSpec) -> PoolSpec:
    """Return the pool of a suite, read from its file where it has one.

    Raises:
        SuiteError: the file cannot be used, or the suite's ``fallback`` or ``sub_pool`` does not
            go with it.
    """
    if isinstance(spec.pool, PoolSpec):
        return spec.pool
    pool = read_pool(Path(spec.pool))
    try:
        OrchestratorSpec.model_validate({**spec.model_dump(), "pool": pool})
    except ValidationError as exc:
        problem = exc.errors()[0]["msg"].removeprefix("Value error, ")
        raise SuiteError(f"{spec.pool}: orchestrator: {problem}") from None
    return pool


def read_pool(path: Path) -> PoolSpec:
    """Read a pool: a YAML file with ``workers``. Files that it names are looked for beside it.

    Raises:
        SuiteError: the file is missing, is no YAML, or says something that a pool cannot say.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SuiteError(
            f"{path}: cannot read the pool: {exc.strerror}; give the path of a YAML file, or "
            "write the workers into the suite"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise SuiteError(f"{path}: no YAML: {exc}") from None
    if not isinstance(data, dict):
        raise SuiteError(f"{path}: expected a mapping with 'workers'")
    for keys in POOL_FILE_KEYS:
        _look_beside(data, keys, path.parent)
    try:
        return PoolSpec.model_validate(data)
    except ValidationError as exc:
        raise SuiteError("\n".join(f"{path}: {_problem(e, data)}" for e in exc.errors())) from None


def _look_beside(data: Any, keys: tuple[str, ...], folder: Path) -> None:
    first, *rest = keys
    if not isinstance(data, dict):
        return
    if rest:
        for key in data if first == "*" else (first,):
            _look_beside(data.get(key), tuple(rest), folder)
    elif isinstance(data.get(first), str) and (folder / data[first]).exists():
        data[first] = str((folder / data[first]).resolve())


def _problem(error: Any, data: Mapping[str, Any]) -> str:
    location = error["loc"]
    keys = [key for i, key in enumerate(location) if _is_key(location, i, data)]
    where = ".".join(str(key) for key in keys) or "pool"
    if error["type"] == "extra_forbidden":
        known = known_keys(PoolSpec, location[:-1])
        hint = nearest(str(location[-1]), known) or f"; known: {', '.join(known)}"
        return f"{where}: unknown key{hint}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}"


def _is_key(location: tuple[Any, ...], index: int, data: Any) -> bool:
    """Whether a step is a key of the file and not pydantic's name for a member of a union."""
    if index == len(location) - 1:
        return True
    try:
        return location[index] in reduce(_step, location[:index], data)
    except TypeError:
        return False


def _step(data: Any, key: Any) -> Any:
    return data[key] if isinstance(data, dict) and key in data else data
