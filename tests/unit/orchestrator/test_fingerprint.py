"""Tests of what tells pools apart whose answers may differ."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agentrl.orchestrator.fingerprint import forget_fingerprints, pool_fingerprint
from agentrl.suite.orchestrator import PoolSpec


def digest(**worker: Any) -> str:
    forget_fingerprints()
    return pool_fingerprint(PoolSpec.model_validate({"workers": {"w": worker}}))


def test_another_section_is_another_pool() -> None:
    scripted = {"backend": "scripted", "answers": ["a"]}
    one = digest(kind="model", model=scripted)
    assert one == digest(kind="model", model=scripted)
    assert one != digest(kind="model", model={**scripted, "answers": ["b"]})


def test_a_changed_recording_is_another_pool(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    file.write_text(json.dumps({"task": "t", "model": "w", "answer": "1"}))
    before = digest(kind="replay", file=str(file))
    os.utime(file, (1, 1))
    assert digest(kind="replay", file=str(file)) == before
    file.write_text(json.dumps({"task": "t", "model": "w", "answer": "2"}))
    assert digest(kind="replay", file=str(file)) != before


def test_a_changed_source_is_another_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    source = tmp_path / "my_fingerprinted_worker.py"
    source.write_text("def answer(request): return '1'\n")
    function = "my_fingerprinted_worker:answer"
    before = digest(kind="program", function=function)
    assert digest(kind="program", function=function) == before
    source.write_text("def answer(request): return '2'\n")
    assert digest(kind="program", function=function) != before


def test_a_changed_file_of_a_programs_options_is_another_pool(tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text("one")
    before = digest(kind="program", function="retriever", options={"file": str(notes)})
    notes.write_text("two")
    assert digest(kind="program", function="retriever", options={"file": str(notes)}) != before


def test_other_weights_in_the_same_folder_are_another_pool(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    model = {"backend": "vllm", "checkpoint": str(tmp_path)}
    before = digest(kind="model", model=model)
    assert digest(kind="model", model=model) == before
    (tmp_path / "model.safetensors").write_bytes(b"22")
    assert digest(kind="model", model=model) != before


def test_a_pool_has_one_digest_as_long_as_its_workers_stand(tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text("one")
    worker = {"kind": "program", "function": "retriever", "options": {"file": str(notes)}}
    spec = PoolSpec.model_validate({"workers": {"w": worker}})
    forget_fingerprints()
    before = pool_fingerprint(spec)
    notes.write_text("two")
    assert pool_fingerprint(spec) == before
    forget_fingerprints()
    assert pool_fingerprint(spec) != before
