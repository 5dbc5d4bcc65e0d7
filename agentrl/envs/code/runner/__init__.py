"""What runs in the sandbox: a judge, and apart from it the program that is judged.

Beside the judge there are a ``clock`` that times programs and a ``watch`` that reads what one says;
they trust the program no more.

The judge is root's process. It knows the tests and never imports the program: that lives in a
process of its own, as the unprivileged user, and answers calls over a pipe with plain values. So
nothing that a program does to its own process, to ``==``, to the tests' modules or to its output
reaches the judge, and a program that ends early has answered nothing. Both use the standard library
of Python 3.6 or newer alone.
"""

from collections.abc import Mapping
from importlib.resources import files

from agentrl.sandboxes.base import File

LIB = "/opt/agentrl/lib"
_MODULES = ("judge", "calls", "cases", "clock", "process", "remote", "subject", "watch", "wire")


def argv(module: str) -> tuple[str, ...]:
    """Return how a module's ``main`` is started; it reads its order from standard input."""
    source = (
        f"import sys; sys.path.insert(0, {LIB!r})\nfrom {__name__}.{module} import main\nmain()"
    )
    return ("python3", "-I", "-S", "-B", "-W", "ignore", "-c", source)


def runner_files() -> Mapping[str, File]:
    """Return what the judge is made of, by absolute path in the sandbox."""
    here, folder = files(__name__), f"{LIB}/{__name__.replace('.', '/')}"
    return {
        f"{folder}/{name}.py": File(here.joinpath(f"{name}.py").read_bytes()) for name in _MODULES
    }
