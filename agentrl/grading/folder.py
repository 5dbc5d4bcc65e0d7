"""The folder of a grading: what was begun, every verdict as it came, and the reports.

::

    grading.json         what is graded, and how
    verdicts.jsonl       one line a patch, appended when it is graded
    <model>.<run>.json   the summary of a model, in SWE-bench's form
    summary.json  report.html  log.txt
    logs/run_evaluation/<run>/<model>/<instance>/{report.json, test_output.txt, patch.diff}
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from agentrl.errors import RecordError, StorageError
from agentrl.grading.job import Job
from agentrl.grading.result import Result, dump_result, read_results
from agentrl.grading.swebench import instance_folder, instance_report
from agentrl.runs.folder import RunFolder

BEGUN, VERDICTS = "grading.json", "verdicts.jsonl"


class GradingFolder:
    """A grading's folder that this process holds: nobody else can write to it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run = RunFolder(path)

    @classmethod
    def create(cls, path: Path, begun: Mapping[str, Any]) -> "GradingFolder":
        """Make the folder of a new grading.

        Args:
            path: where.
            begun: what is graded, to be told from something else on resume.

        Raises:
            RecordError: there is one in it already.
            StorageError: it cannot be written.
        """
        if (path / BEGUN).exists():
            raise RecordError(
                f"{path} already holds a grading; continue it with --resume, or name another "
                f"folder with --out"
            )
        _make(path)
        folder = cls(path)
        folder.write(BEGUN, json.dumps(begun, indent=2) + "\n")
        return folder

    @classmethod
    def resume(cls, path: Path, begun: Mapping[str, Any]) -> "GradingFolder":
        """Take up a grading where it was left.

        Raises:
            RecordError: the folder holds none, or one of something else.
        """
        earlier = read_begun(path)
        for key, value in begun.items():
            if earlier.get(key) != value:
                raise RecordError(
                    f"{path} was begun with {key} {earlier.get(key)!r}, not {value!r}; name "
                    f"another folder with --out"
                )
        return cls(path)

    def results(self, wanted: Collection[tuple[str, str, str]]) -> dict[Any, Result]:
        """Return the verdicts there are for these jobs, by key; other lines are removed.

        What infrastructure failed is not among them, so that it is tried again; nor is the
        verdict on a patch that was another then.
        """
        found = {
            result.key: result
            for result in read_results(self.path / VERDICTS)
            if result.key in wanted and result.verdict is not None
        }
        self.write(VERDICTS, "".join(map(dump_result, found.values())))
        return found

    def add(self, job: Job, result: Result) -> None:
        """Keep a result: its files first, so that a line stands for files that are there."""
        place = self.path / instance_folder(self.path.name, job.model, job.instance.id)
        _make(place)
        log = result.verdict.log if result.verdict is not None else result.error + "\n"
        name = str(place.relative_to(self.path))
        self.write(f"{name}/patch.diff", job.patch)
        self.write(f"{name}/test_output.txt", log)
        self.write(f"{name}/report.json", json.dumps(instance_report(result), indent=2) + "\n")
        self._run.append_line(dump_result(result), VERDICTS)

    def write(self, name: str, text: str) -> None:
        """Write a whole file; a reader sees the old one or the new one."""
        place = self.path / name
        temporary = place.with_name(f".{place.name}.tmp")
        try:
            temporary.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
            temporary.replace(place)
        except UnicodeEncodeError:
            temporary.write_text(text, encoding="utf-8", errors="replace", newline="")
            temporary.replace(place)
        except OSError as exc:
            raise _storage_error(self.path, exc) from exc
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the folder."""
        self._run.close()

    def __enter__(self) -> "GradingFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_begun(path: Path) -> dict[str, Any]:
    """Return what a grading was begun with.

    Raises:
        RecordError: the folder holds none.
    """
    try:
        begun: dict[str, Any] = json.loads((path / BEGUN).read_text(encoding="utf-8"))
    except OSError:
        raise RecordError(f"{path} holds no grading: it has no {BEGUN}") from None
    except ValueError as exc:
        raise RecordError(f"{path / BEGUN} cannot be read: {exc}") from None
    return begun


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _storage_error(path, exc) from exc


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write to {path}: {error.strerror or error}; make room or repair the permissions "
        f"(every verdict written before this is kept)"
    )
