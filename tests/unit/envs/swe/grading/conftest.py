"""Runs the runner itself on a small repository, as a plain process of this machine."""

import json
import random
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentrl.envs.swe.grading.canaries import Canaries, make_canaries
from agentrl.envs.swe.grading.records import Records, read_records
from agentrl.envs.swe.grading.run import _PLACE, runner_files


@dataclass
class Session:
    """How a session of the runner came out."""

    records: Records
    canaries: Canaries
    exit_code: int
    log: str

    @property
    def statuses(self) -> dict[str, str]:
        known = self.canaries.passing | self.canaries.failing
        return {id: str(s) for id, s in self.records.statuses.items() if id not in known}


@dataclass
class Repository:
    """A folder with files, and how its tests are run."""

    folder: Path
    place: Path
    framework: str = "pytest"
    arguments: list[str] = field(default_factory=lambda: ["tests"])
    options: list[str] = field(default_factory=list)
    import_paths: list[str] = field(default_factory=list)

    def put(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, env: dict[str, str] | None = None) -> Session:
        for path, data in runner_files().items():
            file = self.place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        folder = "tests" if self.framework == "pytest" else "."
        canaries = make_canaries(self.framework, folder, random.Random(secrets.token_hex(8)))
        for path, text in canaries.files.items():
            self.put(path, text)
        scratch = self.place / "scratch"
        scratch.mkdir(exist_ok=True)
        key = secrets.token_bytes(32)
        first, last = (str(self.folder / path) for path in canaries.files)
        settings = {
            "key": key.hex(),
            "framework": self.framework,
            "workdir": str(self.folder),
            "import_paths": self.import_paths,
            "arguments": self.arguments,
            "options": self.options,
            "scratch": str(scratch),
            "first": [first],
            "last": [last],
            "message": 2000,
        }
        result = subprocess.run(
            [sys.executable, "-S", str(self.place / _PLACE / "main.py")],
            input=json.dumps(settings).encode(),
            capture_output=True,
            cwd=self.folder,
            timeout=120,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.place), **(env or {})},
            check=False,
        )
        for path in canaries.files:
            (self.folder / path).unlink(missing_ok=True)
        records = read_records(result.stdout, key)
        return Session(records, canaries, result.returncode, result.stderr.decode())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository whose tests a runner of this machine's Python runs."""
    for name in ("repository", "run"):
        (tmp_path / name).mkdir()
    found = Repository(tmp_path / "repository", tmp_path / "run")
    found.put("calc.py", "def add(a, b):\n    return a + b\n")
    return found
