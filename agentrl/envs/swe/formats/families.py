"""Which family a row belongs to, and how each is read and written."""

from collections.abc import Callable, Mapping
from typing import Any

from agentrl.envs.swe.formats import agentrl, r2e, rebench, swebench, swebench5, swesmith
from agentrl.envs.swe.formats.columns import Row
from agentrl.envs.swe.instance import Family, Instance
from agentrl.errors import TaskError

_COLUMNS: Mapping[Family, tuple[str, ...]] = {
    "agentrl": agentrl.COLUMNS,
    "swebench-5": swebench5.COLUMNS,
    "r2e-gym": r2e.COLUMNS,
    "swe-rebench": rebench.COLUMNS,
    "swebench": swebench.COLUMNS,
    "swe-smith": swesmith.COLUMNS,
}
"""What a row of each family must have, the most particular first."""

_READ: Mapping[Family, Callable[[Row], Instance]] = {
    "agentrl": agentrl.read,
    "swebench-5": swebench5.read,
    "r2e-gym": r2e.read,
    "swe-rebench": rebench.read,
    "swebench": swebench.read,
    "swe-gym": swebench.read,
    "swe-smith": swesmith.read,
}
_WRITE: Mapping[Family, Callable[[Instance], dict[str, Any]]] = {
    "agentrl": agentrl.write,
    "swebench-5": swebench5.write,
    "r2e-gym": r2e.write,
    "swe-rebench": rebench.write,
    "swebench": swebench.write,
    "swe-gym": swebench.write,
    "swe-smith": swesmith.write,
}


def instance_of(row: Row) -> Instance:
    """Read a row of any family, which its columns tell.

    Raises:
        TaskError: it is a row of no family, or one that cannot be read.
    """
    return _READ[family_of(row)](row)


def row_of(instance: Instance, family: Family | None = None) -> dict[str, Any]:
    """Return the row of an instance.

    Args:
        instance: the instance.
        family: whose form it is to have; None: its own, and ours where its own has no rows
            (Harbor) or a row of it would not hold everything.

    Raises:
        TaskError: ``family`` is given, and its rows cannot hold the instance.
    """
    if family is not None:
        if family not in _WRITE:
            raise TaskError(f"{family}: has no rows, only folders; known are {', '.join(_WRITE)}")
        return _WRITE[family](instance)
    try:
        row = _WRITE[instance.family](instance)
        whole = instance_of(row) == instance
    except (KeyError, TaskError):
        whole, row = False, {}
    return row if whole else agentrl.write(instance)


def family_of(row: Row) -> Family:
    """Return the family whose columns a row has.

    Raises:
        TaskError: it has the columns of none; says what is missing for the nearest.
    """
    has = {column for column, value in row.items() if value is not None}
    for family, columns in _COLUMNS.items():
        if has.issuperset(columns):
            return swebench.family_of(row) if family == "swebench" else family
    near = max(
        _COLUMNS, key=lambda family: len(has & set(_COLUMNS[family])) / len(_COLUMNS[family])
    )
    missing = [column for column in _COLUMNS[near] if column not in has]
    raise TaskError(
        f"a row of no known family: it has {', '.join(map(str, row)) or 'no columns'}; for one of "
        f"{near} it lacks {', '.join(missing)}"
    )
