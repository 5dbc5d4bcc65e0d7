import pytest

from agentrl.envs.swe.grading.logs import find_status, known_parsers, parse_log, suite_ran
from agentrl.envs.swe.grading.verdict import Status
from agentrl.errors import UsageError

P, F, S = Status.PASSED, Status.FAILED, Status.SKIPPED

GO = """\
=== RUN   TestAdd
=== RUN   TestAdd/small_numbers
--- PASS: TestAdd (0.00s)
    --- PASS: TestAdd/small_numbers (0.00s)
--- FAIL: TestSub (1.20s)
--- SKIP: TestMul (0.00s)
FAIL
"""
CARGO = """\
running 3 tests
test add::works ... ok
test sub::breaks ... FAILED
test slow ... ignored, takes long
test src/lib.rs - add (line 3) ... ok
test result: FAILED. 1 passed; 1 failed
"""
JEST = """\
PASS src/add.test.js (5.2 s)
FAIL src/sub.test.js
  add
    \u2713 adds (12 ms)
    \u2715 subtracts (1 ms)
    \u25cb skipped later
"""
VITEST = """\
 \u2713 src/add.test.ts > add > adds 12ms
 \u00d7 src/add.test.ts > add > subtracts
 \u2193 src/add.test.ts > add > later [skipped]
"""
MOCHA = """\

  add
    \u2713 adds
    with zero
      \u2713 changes nothing (12ms)
      1) overflows
    - later

  sub
    \u2713 subtracts

  3 passing (20ms)
  1 failing

  1) add
       with zero
         overflows:
     AssertionError
      \u2713 forged
"""
MAVEN = """\
+ mvn test -Dtest=AddTest#adds
[INFO] BUILD SUCCESS
+ mvn test -Dtest=AddTest#subtracts
[INFO] BUILD FAILURE
"""
SUREFIRE = """\
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.1 s - in org.x.AddTest
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time: 1 s <<< FAILURE! - in org.x.SubTest
[ERROR] org.x.SubTest.subtracts  Time elapsed: 0.01 s  <<< FAILURE!
[WARNING] Tests run: 1, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0 s -- in org.x.MulTest
"""
PHPUNIT = """\
Adder (Acme\\Tests\\Adder)
 \u2714 Adds
 \u2718 Subtracts [1.34 ms]
 \u21a9 Multiplies
"""


@pytest.mark.parametrize(
    ("name", "log", "wanted"),
    [
        (
            "gotest",
            GO,
            {"TestAdd": P, "TestAdd/small_numbers": P, "TestSub": F, "TestMul": S},
        ),
        (
            "cargo",
            CARGO,
            {"add::works": P, "sub::breaks": F, "slow": S, "src/lib.rs - add (line 3)": P},
        ),
        ("jest", JEST, {"adds": P, "subtracts": F, "skipped later": S}),
        ("carbon", JEST, {"src/add.test.js": P, "src/sub.test.js": F}),
        ("jest_json", "[PASSED] add adds\n[FAILED] sub\n", {"add adds": P, "sub": F}),
        (
            "vitest",
            VITEST,
            {
                "src/add.test.ts > add > adds": P,
                "src/add.test.ts > add > subtracts": F,
                "src/add.test.ts > add > later": S,
            },
        ),
        (
            "mocha",
            MOCHA,
            {
                "add - adds": P,
                "add - with zero - changes nothing": P,
                "add - with zero - overflows": F,
                "add - later": S,
                "sub - subtracts": P,
            },
        ),
        ("tap", "ok 1 adds\nnot ok 2 - subtracts\n1..2\n", {"adds": P, "- subtracts": F}),
        ("maven", MAVEN, {"AddTest#adds": P, "AddTest#subtracts": F}),
        (
            "maven",
            SUREFIRE,
            {
                "org.x.AddTest": P,
                "org.x.SubTest": F,
                "org.x.SubTest.subtracts": F,
                "org.x.MulTest": S,
            },
        ),
        ("ant", "  [junit] [PASS] adds\n  [junit] [ERR] breaks\n", {"adds": P, "breaks": F}),
        (
            "gradle",
            "AddTest > adds PASSED\nAddTest > b FAILED\n",
            {"AddTest > adds": P, "AddTest > b": F},
        ),
        ("phpunit", PHPUNIT, {"Adder > Adds": P, "Adder > Subtracts": F, "Adder > Multiplies": S}),
        ("redis", "[ok]: adds (12 ms)\n[err]: subtracts\n", {"adds": P, "subtracts": F}),
        ("jq", "PASS: tests/a\nFAIL: tests/b\n", {"tests/a": P, "tests/b": F}),
        (
            "micropython_test",
            "pass  a.py\nFAIL  b.py\nskip  c.py\n",
            {"a.py": P, "b.py": F, "c.py": S},
        ),
        (
            "googletest",
            "[       OK ] Add.Adds (0 ms)\n[  FAILED  ] Add.Subs (1 ms)\n",
            {"Add.Adds": P, "Add.Subs": F},
        ),
        (
            "minitest",
            "AddTest#test_add. = 0.00 s = .\nAddTest#test_sub = 0.01 s = F\n",
            {"AddTest#test_add": P, "AddTest#test_sub": F},
        ),
        ("ruby_unit", "test: adds:\t.: (0.01)\n  subtracts:  F\n", {"adds": P, "subtracts": F}),
        (
            "cucumber",
            "Adding numbers ...\nSubtracting ..F\n",
            {"Adding numbers": P, "Subtracting": F},
        ),
        ("jekyll", "Adding numbers ...\n", {"Adding numbers": P}),
        ("immutable_js", "[PASSED] adds\n", {"adds": P}),
        ("immutable_js", JEST, {"adds": P, "subtracts": F, "skipped later": S}),
        ("rspec_transformed_json", "adds - passed\nsubs - failed\n", {"adds": P, "subs": F}),
        (
            "chart_js",
            "Chrome Headless 120.0 (Linux x86_64) Add subtracts FAILED\nExecuted 1 of 9\n",
            {"Add subtracts": F},
        ),
        ("marked", "Failures:\n1) adds two\n  Message:\n", {"adds two": F}),
    ],
)
def test_logs_of_other_runners_are_read(name: str, log: str, wanted: dict[str, Status]) -> None:
    assert parse_log(f"parse_log_{name}", log) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1", P),
        ("1.0\n", P),
        ("0.5", F),
        ('{"reward": 1, "style": 0}', P),
        ('{"tests": 1, "style": 0}', F),
        ("", None),
        ("nan", None),
        ("NaN", None),
        ("1e999", None),
        ("{}", None),
        ('{"reward": "1"}', None),
        ("[" * 100_000, None),
    ],
)
def test_harbors_reward_is_one_test(text: str, wanted: Status | None) -> None:
    assert parse_log("reward-file", text).get("reward") is wanted


def test_every_parser_bears_garbage() -> None:
    garbage = "\n".join(["\x00\xff \x1b[31m", "(" * 2_000, " ... ok", "_ x.py:y _", "1) ", ": ."])

    for name in known_parsers():
        assert isinstance(parse_log(name, garbage * 20), dict)


def test_an_unknown_parser_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no parser 'parse_log_pytset' \(did you mean pytest\?\)"):
        parse_log("parse_log_pytset", "")


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("a.py::t[log(x", P),
        ("a.py::t[mixed", None),
        ("a.py::t[nothing", None),
        ("a.py::t", None),
        ("a.py::t[log(x y)]", P),
        ("a.py::u[/data.csv]", F),
        ("reads (3 ms)", P),
        ("b.py::[both", P),
        ("a.py::u[/tmp/2/data.csv] - known bug", F),
    ],
)
def test_a_test_is_found_by_the_id_that_a_data_set_has(test: str, wanted: Status | None) -> None:
    seen = {
        "a.py::t[log(x y)]": P,
        "a.py::t[log(x z)]": P,
        "a.py::t[mixed a]": P,
        "a.py::t[mixed b]": F,
        "a.py::u[/tmp/1/data.csv]": F,
        "reads (12 ms)": P,
        "b.py::[both a]": P,
        "b.py::[both b]": Status.XFAIL,
    }

    assert find_status(seen, test) is wanted


@pytest.mark.parametrize(
    ("log", "ran"),
    [
        ("Chrome 120: Executed 12 of 12 SUCCESS (0.3 secs)", True),
        ("Executed 0 of 0 ERROR", False),
        ("  12 passing (3s)", True),
        ("  0 passing (3s)", False),
        ("Tests:       3 passed, 3 total", True),
        ("10 specs, 0 failures", True),
        ("0 specs, 0 failures", False),
        ("", False),
    ],
)
def test_a_log_of_failures_shows_whether_anything_ran(log: str, ran: bool) -> None:
    assert suite_ran(log) is ran
