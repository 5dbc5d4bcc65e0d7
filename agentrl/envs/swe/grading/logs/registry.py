"""The parsers by the names that data sets call them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from agentrl.envs.swe.grading.logs import lines, nested
from agentrl.envs.swe.grading.logs.cleaning import Statuses
from agentrl.envs.swe.grading.logs.failures import (
    parse_browser_failures,
    parse_numbered_failures,
)
from agentrl.envs.swe.grading.logs.java import parse_maven
from agentrl.envs.swe.grading.logs.pytest_log import parse_pytest, parse_pytest_options, parse_r2e
from agentrl.envs.swe.grading.logs.reward import parse_reward
from agentrl.envs.swe.grading.logs.sympy_log import parse_sympy
from agentrl.envs.swe.grading.logs.unittest_log import parse_unittest
from agentrl.errors import UsageError, nearest

Parser: TypeAlias = Callable[[str], Statuses]

_PREFIX = "parse_log_"
_OPTIONS = ("pytest_options", "requests", "pydicom", "pylint", "matplotlib")
_PYTEST = (
    *("pytest", "pytest_v2", "pytest_v3", "astroid", "astropy", "flask", "marshmallow", "pvlib"),
    *("pyvista", "scikit", "seaborn", "sphinx", "sqlfluff", "xarray"),
    *("monai", "moto", "mypy", "dask", "dvc", "conan", "pydantic", "hydra", "bokeh", "modin"),
    *("pandas",),
)
_PARSERS: Mapping[str, Parser] = {
    **dict.fromkeys(_PYTEST, parse_pytest),
    **dict.fromkeys(_OPTIONS, parse_pytest_options),
    "django": parse_unittest,
    "unittest": parse_unittest,
    "sympy": parse_sympy,
    "r2e": parse_r2e,
    "reward-file": parse_reward,
    "gotest": lines.parse_go,
    "go": lines.parse_go,
    "cargo": lines.parse_cargo,
    "jest": lines.parse_jest,
    "jest_json": lines.parse_jest_json,
    **dict.fromkeys(("carbon", "grommet", "react_pdf", "emotion"), lines.parse_jest_files),
    "vitest": lines.parse_vitest,
    "mocha": nested.parse_mocha,
    "karma": nested.parse_karma,
    "tap": lines.parse_tap,
    **dict.fromkeys(("bpmn_js", "chart_js", "openlayers"), parse_browser_failures),
    **dict.fromkeys(("marked",), parse_numbered_failures),
    "maven": parse_maven,
    "ant": lines.parse_ant,
    "gradle_custom": lines.parse_gradle,
    "gradle": lines.parse_gradle,
    "phpunit": nested.parse_phpunit,
    "minitest": lines.parse_minitest,
    "ruby_unit": lines.parse_ruby_unit,
    "cucumber": lines.parse_cucumber,
    "jekyll": lines.first_that_reads(lines.parse_minitest, lines.parse_cucumber),
    "immutable_js": lines.first_that_reads(lines.parse_jest_json, lines.parse_jest),
    "rspec_transformed_json": lines.parse_rspec,
    "redis": lines.parse_redis,
    "jq": lines.parse_pass_fail,
    "micropython_test": lines.parse_micropython,
    "googletest": lines.parse_googletest,
}


def parse_log(name: str, text: str) -> Statuses:
    """Read the log of a test run.

    Args:
        name: of the parser, as data sets have it: ``parse_log_pytest`` or ``pytest``; for
            ``reward-file`` the text is that of Harbor's reward file.
        text: the log.

    Returns:
        How every test that it names came out.

    Raises:
        UsageError: there is no such parser.
    """
    return parser(name)(text)


def parser(name: str) -> Parser:
    """Return the parser of this name, with or without the prefix ``parse_log_``.

    Raises:
        UsageError: there is none.
    """
    short = name.strip().removeprefix(_PREFIX)
    if short not in _PARSERS:
        raise UsageError(
            f"log_parser: there is no parser {name!r}{nearest(short, _PARSERS)}; known are "
            f"{', '.join(known_parsers())}"
        )
    return _PARSERS[short]


def known_parsers() -> tuple[str, ...]:
    """Return the names of all parsers, without prefix."""
    return tuple(sorted(_PARSERS))
