"""Flaws put into a repository are noticed by its tests, and the same ones each time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.envs.swe.dataset import read_instances, write_instances
from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.instance import Framework
from agentrl.envs.swe.mutate.bench import Bench
from agentrl.envs.swe.mutate.make import Made, Wanted, make_mutants
from agentrl.envs.swe.mutate.setup import Layout, repository_instance
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.sources.repository import read_repository
from agentrl.errors import TaskError
from agentrl.sandboxes.base import Backend
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

pytestmark = pytest.mark.docker

MODULE = '''\
"""Words of a text."""


def words(text, longest=20):
    """Return the words of a text, the long ones cut."""
    if not text:
        return []
    return [word[:longest] for word in text.split(" ")]


def count(text):
    """Return how often each word stands in a text."""
    found = {}
    for word in words(text):
        found[word] = found.get(word, 0) + 1
    return found


def unreached(a, b):
    return a + b
'''
TESTS = """\
import unittest

from text import count, words


class TestWords(unittest.TestCase):
    def test_words(self):
        self.assertEqual(words("a b"), ["a", "b"])

    def test_nothing(self):
        self.assertEqual(words(""), [])

    def test_long_words(self):
        self.assertEqual(words("x" * 30, 5), ["xxxxx"])

    def test_default(self):
        self.assertEqual(len(words("x" * 30)[0]), 20)


class TestCount(unittest.TestCase):
    def test_count(self):
        self.assertEqual(count("a b a"), {"a": 2, "b": 1})

    def test_one(self):
        self.assertEqual(count("a"), {"a": 1})


class TestOthers(unittest.TestCase):
    def test_that_fails(self):
        self.assertEqual(1, 2)
"""


@pytest.fixture(scope="module")
def pool(docker_backend: Backend) -> Iterator[Pool]:
    pool = Pool(docker_backend, SandboxSpec(backend="docker"))
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("repository") / "text", TESTS)


def write_repository(folder: Path, tests: str) -> Path:
    (folder / "text").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "text" / "__init__.py").write_text(MODULE)
    (folder / "tests" / "__init__.py").write_text("")
    (folder / "tests" / "test_text.py").write_text(tests)
    return folder


def make(folder: Path, out: Path, pool: Pool, wanted: Wanted, framework: Framework) -> Made:
    repository = read_repository(str(folder))
    instance = repository_instance(repository, Layout(framework=framework), out.parent)
    image = prepare(instance, pool.backend, pool.spec)
    made = make_mutants(Bench(instance, pool, image), repository.files, wanted)
    write_instances(made.instances, out)
    return made


def test_the_same_flaws_come_each_time_and_their_reverse_repairs_them(
    repository: Path, tmp_path: Path, pool: Pool
) -> None:
    one_by_one = Wanted(2, seed=1, max_broken=0.5, jobs=1)
    two_at_once = replace(one_by_one, jobs=2)
    make(repository, tmp_path / "one" / "m.jsonl", pool, one_by_one, "pytest")
    made = make(repository, tmp_path / "two" / "m.jsonl", pool, two_at_once, "pytest")
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    instances = read_instances(tmp_path / "two" / "m.jsonl")
    assert instances == made.instances
    for instance in instances:
        assert "unreached" not in instance.bug_patch
        assert 1 <= len(instance.tests.fail_to_pass) <= 3  # half of six tests
        assert grade(instance, instance.patch, pool).resolved
    useless = "--- /dev/null\n+++ b/text/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert not grade(instances[0], useless, pool).resolved


def test_unittest_notices_them_too(repository: Path, tmp_path: Path, pool: Pool) -> None:
    wanted = Wanted(1, seed=2, max_broken=0.7)
    made = make(repository, tmp_path / "m.jsonl", pool, wanted, "unittest")
    assert len(made.baseline.passing) == 6
    assert made.baseline.others == {"tests.test_text.TestOthers.test_that_fails"}
    instance = made.instances[0]
    assert grade(instance, instance.patch, pool).resolved


def test_tests_that_do_not_run_are_told_with_their_log(tmp_path: Path, pool: Pool) -> None:
    folder = write_repository(tmp_path / "text", "import missing_module\n")
    with pytest.raises(TaskError, match="missing_module"):
        make(folder, tmp_path / "m.jsonl", pool, Wanted(1), "pytest")
