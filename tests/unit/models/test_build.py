"""From a suite's section to a model."""

import asyncio
import subprocess
import sys

import pytest
from pydantic import TypeAdapter

from agentrl.models.base import Model
from agentrl.models.build import build_model, shared_server
from agentrl.suite.model import ModelSpec, ScriptedSpec

SPECS: list[dict[str, object]] = [
    {"backend": "openai", "model": "m", "base_url": "http://localhost:1/v1"},
    {"backend": "vllm", "checkpoint": "nowhere"},
    {"backend": "transformers", "checkpoint": "nowhere"},
    {"backend": "replay", "run": "nowhere"},
    {"backend": "scripted", "answers": ["hi"]},
]


@pytest.mark.parametrize("section", SPECS, ids=lambda section: str(section["backend"]))
def test_every_backend_is_a_model_that_loads_nothing_yet(section: dict[str, object]) -> None:
    spec: ModelSpec = TypeAdapter(ModelSpec).validate_python(section)
    model = build_model(spec)
    assert isinstance(model, Model)
    assert model.name
    assert model.tokenizer is None


def test_building_a_model_imports_no_heavy_library() -> None:
    program = (
        "import sys\n"
        "from agentrl.models.build import build_model\n"
        "from agentrl.suite.model import TransformersSpec, VllmSpec\n"
        "build_model(TransformersSpec(backend='transformers', checkpoint='x'))\n"
        "build_model(VllmSpec(backend='vllm', checkpoint='x'))\n"
        "print(sorted({'torch', 'transformers', 'vllm', 'xgrammar'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("spec", [None, ScriptedSpec(backend="scripted", answers=("hi",))])
def test_only_a_served_model_has_a_shared_server(spec: ScriptedSpec | None) -> None:
    async def url() -> str | None:
        async with shared_server(spec) as given:
            return given

    assert asyncio.run(url()) is None
