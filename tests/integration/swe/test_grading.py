"""Patches of every kind, applied and graded in real sandboxes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from agentrl.envs.swe.grading.apply import apply_patch
from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.grading.run import run_tests
from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.sources.archive import write_archive
from agentrl.envs.swe.sources.diff import diff
from agentrl.errors import TaskError, UsageError
from agentrl.sandboxes.base import File, Sandbox
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

LINES = "".join(f"line {number}\n" for number in range(30))
FILES = {
    "code.py": "def double(n):\n    return n + 2\n",
    "dos.txt": "one\r\ntwo\r\nthree\r\n",
    "long.txt": LINES,
    "tests/__init__.py": "",
    "tests/data.txt": "10",
    "tests/test_code.py": "import unittest\n",
}
FIXED = "def double(n):\n    return n * 2\n"
TESTS = """\
import unittest


class Code(unittest.TestCase):
    def test_double(self):
        text = open("code.py").read()
        space = {}
        exec(text, space)
        self.assertEqual(space["double"](5), 10)
"""


def changed(**changes: str) -> str:
    names = {"code": "code.py", "dos": "dos.txt", "long": "long.txt", "new": "new.txt"}
    after = {**FILES, **{names[key]: text for key, text in changes.items()}}
    return diff(as_files(FILES), as_files(after))


def as_files(files: dict[str, str]) -> dict[str, File]:
    return {path: File(text.encode()) for path, text in files.items()}


@pytest.fixture(
    scope="module", params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"]
)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    spec = SandboxSpec(backend=request.param)
    try:
        backend = connect(spec)
        backend.base_image()
    except UsageError as exc:
        pytest.skip(str(exc))
    with closing(Pool(backend, spec)) as pool:
        yield pool


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    archive = tmp_path_factory.mktemp("code") / "code.tar.gz"
    write_archive(archive, as_files(FILES))
    name = "tests.test_code.Code.test_double"
    return Instance(
        "code",
        "double adds",
        TestPlan("unittest", fail_to_pass=(name,), paths=("tests/test_code.py",), timeout_s=60.0),
        patch=changed(code=FIXED),
        test_patch=diff(
            as_files({"tests/test_code.py": FILES["tests/test_code.py"]}),
            as_files({"tests/test_code.py": TESTS}),
        ),
        source=Source(archive=str(archive)),
    )


@pytest.fixture
def sandbox(pool: Pool, instance: Instance) -> Iterator[Sandbox]:
    with closing(pool.acquire(prepare(instance, pool.backend, pool.spec))) as sandbox:
        yield sandbox


def read(sandbox: Sandbox, name: str) -> str:
    return sandbox.read_file(f"/testbed/{name}").decode()


def test_a_plain_patch_is_taken_by_git_apply(sandbox: Sandbox, instance: Instance) -> None:
    applied = apply_patch(sandbox, instance, changed(code=FIXED, new="x\n"))

    assert applied.how == "git apply"
    assert read(sandbox, "code.py") == FIXED
    assert sandbox.exec("stat -c %U /testbed/new.txt").output == "agent\n"


def test_a_patch_with_changed_surroundings_is_taken_with_fuzz(
    sandbox: Sandbox, instance: Instance
) -> None:
    patch = changed(long=LINES.replace("line 15\n", "line fifteen\n"))
    patch = patch.replace(" line 12\n", " line twelve\n").replace(" line 18\n", " line x\n")

    applied = apply_patch(sandbox, instance, patch)

    if sandbox.run(["sh", "-c", "command -v patch"]).exit_code != 0:
        pytest.skip("the image has no patch")
    assert applied.how == "patch --fuzz=5"
    assert "line fifteen\n" in read(sandbox, "long.txt")
    assert sandbox.exec("cd /testbed && git status --short").output == " M long.txt\n"


def test_a_patch_that_is_in_already_is_no_failure(sandbox: Sandbox, instance: Instance) -> None:
    sandbox.write_files({"/testbed/code.py": File(FIXED.encode(), owner="agent")})
    sandbox.exec("cd /testbed && git -c user.name=a -c user.email=a@b commit -qam fixed")

    assert apply_patch(sandbox, instance, changed(code=FIXED)).how == "already applied"


def test_a_patch_that_fits_in_part_leaves_nothing_behind(
    sandbox: Sandbox, instance: Instance
) -> None:
    other = changed(long=LINES.replace("line 3\n", "line three\n")).replace(" line 4", " lime 4")
    patch = changed(code=FIXED, new="x\n") + other.replace(" line 1", " lime 1").replace(
        " line 2", " lime 2"
    ).replace("-line 3", "-lime 3").replace(" line 0", " lime 0")

    applied = apply_patch(sandbox, instance, patch)

    assert applied.how == ""
    assert "long.txt" in applied.problem
    assert sandbox.exec("cd /testbed && git status --short").output == ""


def test_lines_that_end_as_in_dos_stay_so(sandbox: Sandbox, instance: Instance) -> None:
    applied = apply_patch(sandbox, instance, changed(dos="one\r\n2\r\nthree\r\n"))

    assert applied.how == "git apply"
    assert read(sandbox, "dos.txt") == "one\r\n2\r\nthree\r\n"


def test_a_binary_file_is_taken(sandbox: Sandbox, instance: Instance) -> None:
    data = bytes(range(256)) * 20
    patch = diff({}, {"data.bin": File(data)})

    assert apply_patch(sandbox, instance, patch).how == "git apply"
    assert sandbox.read_file("/testbed/data.bin") == data


def test_ten_thousand_files_are_taken(sandbox: Sandbox, instance: Instance) -> None:
    patch = diff({}, {f"many/{number}.txt": File(b"x\n") for number in range(10_000)})

    assert apply_patch(sandbox, instance, patch).how == "git apply"
    assert sandbox.exec("ls /testbed/many | wc -l").output == "10000\n"


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("this is no patch\n", "patch"),
        ("diff --git a/../x b/../x\n--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n", ""),
        ("--- /dev/null\n+++ /etc/x\n@@ -0,0 +1 @@\n+x\n", ""),
        (
            "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n"
            "@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n",
            "",
        ),
        (changed(code=FIXED).replace("n + 2", "n - 2"), "does not apply"),
    ],
)
def test_a_patch_that_cannot_be_used_is_a_verdict(
    patch: str, said: str, instance: Instance, pool: Pool
) -> None:
    verdict = grade(instance, patch, pool)

    assert not verdict.resolved
    assert not verdict.patch_applied
    assert verdict.patch_exists
    assert said in verdict.problem
    assert verdict.problem


def test_an_empty_patch_is_not_run(instance: Instance, pool: Pool) -> None:
    verdict = grade(instance, "\n", pool)

    assert (verdict.patch_exists, verdict.resolved, verdict.problem) == (False, False, "")


def test_hidden_files_are_put_in_place(instance: Instance, pool: Pool) -> None:
    name = "tests.test_hidden.Hidden.test_it"
    text = (
        "import unittest\nclass Hidden(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertEqual(open('/opt/fact').read(), '4')\n"
    )
    plan = replace(
        instance.tests,
        fail_to_pass=(*instance.tests.fail_to_pass, name),
        paths=(),
        files={"tests/test_hidden.py": text.encode(), "/opt/fact": b"4"},
    )

    assert grade(replace(instance, tests=plan), instance.patch, pool).resolved


def test_a_test_patch_that_does_not_fit_is_no_verdict(instance: Instance, pool: Pool) -> None:
    before, after = ({"tests/test_code.py": text} for text in ("other\n", TESTS))
    wrong = replace(instance, test_patch=diff(as_files(before), as_files(after)))

    with pytest.raises(TaskError, match="its test patch does not apply"):
        grade(wrong, instance.patch, pool)


def test_a_flood_of_output_is_cut_and_harms_nothing(instance: Instance, pool: Pool) -> None:
    flood = FIXED + "\nimport os\nfor _ in range(200):\n    os.write(1, b'x' * 1_000_000)\n"

    verdict = grade(instance, changed(code=flood), pool)

    assert verdict.resolved
    assert len(verdict.log) < 2_000_000


def test_the_tests_of_a_folder_are_found_without_ids(sandbox: Sandbox, instance: Instance) -> None:
    plan = replace(instance.tests, paths=("tests",), fail_to_pass=())
    sandbox.write_files({"/testbed/tests/test_code.py": File(TESTS.encode())})

    run = run_tests(sandbox, replace(instance, tests=plan))

    assert {id: str(s) for id, s in run.statuses.items()} == {
        "tests.test_code.Code.test_double": "FAILED"
    }
    assert run.problem == ""


def scripted(instance: Instance, script: str, parser: str, **keys: object) -> Instance:
    plan = TestPlan("script", script=script, log_parser=parser, timeout_s=20.0, **keys)  # type: ignore[arg-type]
    return replace(instance, tests=plan)


def test_a_script_whose_log_is_read(instance: Instance, pool: Pool) -> None:
    name = "test_double (tests.test_code.Code.test_double)"
    task = scripted(
        instance,
        "cd /testbed\npython3 -m unittest -v tests.test_code\n",
        "parse_log_django",
        fail_to_pass=(name,),
    )

    assert grade(task, instance.patch, pool).resolved
    assert not grade(task, changed(long="x\n"), pool).resolved


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "names no test"),
        ("echo 'test_x (a.B) ... ok'; exit 3", "exit code 3"),
        ("sleep 100", "longer than"),
    ],
)
def test_a_script_without_results_counts_for_nothing(
    script: str, said: str, instance: Instance, pool: Pool
) -> None:
    task = scripted(instance, script, "parse_log_django", fail_to_pass=("test_x (a.B)",))

    verdict = grade(task, instance.patch, pool, timeout_s=3.0)

    assert not verdict.resolved
    assert said in verdict.problem


@pytest.mark.parametrize(
    ("reward", "resolved"),
    [
        ("echo 1 >/logs/verifier/reward.txt", True),
        ("echo 0.5 >/logs/verifier/reward.txt", False),
        ("echo '{\"reward\": 1.0}' >/logs/verifier/reward.json", True),
        ("true", False),
        ("echo nan >/logs/verifier/reward.txt", False),
        ("grep -q 'n \\* 2' /testbed/code.py && echo 1 >/logs/verifier/reward.txt", True),
    ],
)
def test_harbors_reward_is_read(
    reward: str, resolved: bool, instance: Instance, pool: Pool
) -> None:
    task = scripted(instance, reward, "reward-file", fail_to_pass=("reward",))

    assert grade(task, instance.patch, pool).resolved is resolved


def test_data_of_tests_that_is_changed_while_they_run_voids_the_run(
    instance: Instance, pool: Pool
) -> None:
    text = TESTS.replace("5), 10)", "5), int(open('tests/data.txt').read()))")
    plan = replace(instance.tests, files={"tests/test_code.py": text.encode()})
    task = replace(instance, tests=plan, test_patch="")
    cheat = FILES["code.py"] + "\nopen('tests/data.txt', 'w').write('7')\n"

    verdict = grade(task, changed(code=cheat), pool)

    assert grade(task, instance.patch, pool).resolved
    assert verdict.problem == "the tests' data was changed while they ran: /testbed/tests/data.txt"
