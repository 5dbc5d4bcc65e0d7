"""Logs in which one line tells all about one test."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_P, _F, _S, _E = Status.PASSED, Status.FAILED, Status.SKIPPED, Status.ERROR


@dataclass(frozen=True, slots=True)
class LineParser:
    """Reads such a log."""

    pattern: re.Pattern[str]
    """Matches a whole line, without blanks around it; has the groups ``test`` and ``outcome``."""
    outcomes: Mapping[str, Status]
    """What the words for outcomes mean; a line with another one is passed over."""

    def __call__(self, log: str) -> Statuses:
        """Read a log."""
        statuses: Statuses = {}
        for line in map(str.strip, clean_lines(log)):
            found = self.pattern.fullmatch(line)
            if found and (status := self.outcomes.get(found["outcome"])):
                note(statuses, found["test"].strip(), status)
        return statuses


def _parser(pattern: str, **outcomes: Status) -> LineParser:
    return LineParser(re.compile(pattern), outcomes)


_CROSS = "\u00d7"
_MS = r"(?: \(\d[\d.]* ?m?s\))?"

parse_go = _parser(
    r"--- (?P<outcome>PASS|FAIL|SKIP): (?P<test>.+) \([^()]+\)", PASS=_P, FAIL=_F, SKIP=_S
)
parse_cargo = LineParser(
    re.compile(r"test (?P<test>\S.*?) \.\.\. (?P<outcome>ok|FAILED|ignored)(?:,.*| <.*>)?"),
    {"ok": _P, "FAILED": _F, "ignored": _S},
)
parse_jest = LineParser(
    re.compile(rf"(?P<outcome>[✓✔√✕✖{_CROSS}○✎]) (?P<test>\S.*?){_MS}"),
    {"✓": _P, "✔": _P, "√": _P, "✕": _F, "✖": _F, _CROSS: _F, "○": _S, "✎": _S},
)
parse_jest_json = _parser(r"\[(?P<outcome>PASSED|FAILED)\] (?P<test>.+)", PASSED=_P, FAILED=_F)
parse_jest_files = _parser(
    r"(?P<outcome>PASS|FAIL) (?P<test>\S.*?)(?: \(\d[\d.]* ?m?s\))?", PASS=_P, FAIL=_F
)
parse_vitest = LineParser(
    re.compile(rf"(?P<outcome>[✓✔{_CROSS}✗↓]) (?P<test>\S.*?)(?: \d[\d.]* ?m?s| \[skipped\])?"),
    {"✓": _P, "✔": _P, _CROSS: _F, "✗": _F, "↓": _S},
)
parse_tap = LineParser(
    re.compile(r"(?P<outcome>ok|not ok) \d+ (?P<test>\S.*)"), {"ok": _P, "not ok": _F}
)
parse_ant = _parser(
    r"\[junit\]\s+\[(?P<outcome>PASS|FAIL|ERR)\]\s+(?P<test>.*)", PASS=_P, FAIL=_F, ERR=_F
)
parse_gradle = _parser(
    r"(?P<test>[^>].*\S)\s+(?P<outcome>PASSED|FAILED|SKIPPED)", PASSED=_P, FAILED=_F, SKIPPED=_S
)
parse_redis = _parser(
    rf"\[(?P<outcome>ok|err|skip|ignore)\]: (?P<test>.+?){_MS}", ok=_P, err=_F, skip=_S, ignore=_S
)
parse_pass_fail = _parser(r"(?P<outcome>PASS|FAIL): (?P<test>.+)", PASS=_P, FAIL=_F)
parse_micropython = LineParser(
    re.compile(r"(?P<outcome>pass|FAIL|skip)\s+(?P<test>.+)"),
    {"pass": _P, "FAIL": _F, "skip": _S},
)
parse_googletest = _parser(
    r"[^\[]*\[ *(?P<outcome>OK|FAILED) *\] (?P<test>.+) \([^()]*\)", OK=_P, FAILED=_F
)
parse_minitest = LineParser(
    re.compile(r"(?P<test>.+?)\.? = \d[\d.]* s = (?P<outcome>[.FES])"),
    {".": _P, "F": _F, "E": _E, "S": _S},
)
parse_rspec = _parser(r"(?P<test>.+) - (?P<outcome>passed|failed)", passed=_P, failed=_F)
parse_ruby_unit = LineParser(
    re.compile(r"(?:test: )?(?P<test>.+):\s+(?P<outcome>[.]|[EFOP]\b).*"),
    {".": _P, "F": _F, "E": _E, "O": _S, "P": _S},
)
parse_cucumber = LineParser(re.compile(r"(?P<test>.*) \.*(?P<outcome>[.F])"), {".": _P, "F": _F})


def first_that_reads(*parsers: LineParser) -> Callable[[str], Statuses]:
    """Return a parser for repositories that changed their runner: the first that finds a test."""

    def parse(log: str) -> Statuses:
        found = (statuses for parser in parsers if (statuses := parser(log)))
        return next(found, {})

    return parse
