"""The ``model`` section of a suite: one class for each backend."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.section import Section


class Prices(Section):
    """What tokens cost, in USD per million."""

    input: float = Field(0.0, ge=0)
    """Tokens of the prompt."""
    output: float = Field(0.0, ge=0)
    """Tokens of the answer."""
    cached_input: float | None = Field(None, ge=0)
    """Tokens of the prompt that the server had in its cache; None: as ``input``."""


class Scratch(Section):
    """A model made from nothing, with random weights: a real checkpoint of a small size."""

    hidden_size: PositiveInt = Field(128, multiple_of=32)
    """Width of a token's representation, a multiple of 32."""
    layers: PositiveInt = 2
    """Number of transformer blocks."""
    vocabulary: int = Field(1024, ge=259)
    """Most tokens in the tokenizer that is trained on the suite's own text: bytes, special tokens,
    and pairs that are frequent."""
    context: PositiveInt = 4096
    """Longest conversation, in tokens."""
    seed: int = 0
    """Decides the random weights."""


class TransformersSpec(Section):
    """A model in this process, run by transformers."""

    backend: Literal["transformers"]
    checkpoint: str | None = None
    """Folder of a checkpoint, or a name that transformers can fetch."""
    scratch: Scratch | None = None
    """Makes a small model from nothing instead."""
    device: str = "auto"
    """``cpu``, ``cuda``, or ``auto``: a GPU where there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format of the weights; ``auto``: float32 on a CPU, the checkpoint's own on a GPU."""
    max_batch: PositiveInt = 64
    """Most conversations that are continued at the same time."""
    threads: PositiveInt | None = None
    """Threads that a CPU's arithmetic uses; None: ``OMP_NUM_THREADS`` where it is set, else one
    less than there are CPUs, because the environments need one too."""

    @model_validator(mode="after")
    def _one_source(self) -> "TransformersSpec":
        if (self.checkpoint is None) == (self.scratch is None):
            raise ValueError("give one of 'checkpoint' and 'scratch'")
        return self


class OpenAISpec(Section):
    """A model behind any server that speaks OpenAI's chat completions."""

    backend: Literal["openai"]
    model: str
    """The server's name for the model."""
    base_url: str = "https://api.openai.com/v1"
    """Where the server is."""
    base_url_env: str | None = None
    """Environment variable that holds the server's address instead; it must be set."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; a server on this machine needs none."""
    prices: Prices = Prices()
    concurrency: PositiveInt = 32
    """Most requests under way at a time."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for one answer."""
    max_retries: int = Field(6, ge=0)
    """How often a failed request is sent again, with growing pauses."""
    context_window: PositiveInt | None = None
    """Most tokens of prompt and answer; None: the server says when it is too much."""
    extra: dict[str, Any] = {}
    """More fields of every request, as the server names them, such as ``reasoning_effort``. They
    win over ours, and a null leaves a field of ours out."""


class VllmSpec(Section):
    """A model served by a vLLM server that agentrl starts and ends."""

    backend: Literal["vllm"]
    checkpoint: str
    """Folder of a checkpoint, or a name that vLLM can fetch."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format of the weights."""
    args: tuple[str, ...] = ()
    """More arguments for the server, such as ``--tensor-parallel-size=2``."""
    startup_s: PositiveFloat = 600.0
    """Longest wait until the server answers."""
    timeout_s: PositiveFloat = 600.0
    """Longest wait for one answer."""
    concurrency: PositiveInt = 256
    """Most requests under way at a time."""


class ReplaySpec(Section):
    """The recorded answers of an earlier run, given again."""

    backend: Literal["replay"]
    run: str
    """Run folder, or an ``episodes.jsonl``."""


class ScriptedSpec(Section):
    """Fixed answers, turn by turn, for tests and load tests."""

    backend: Literal["scripted"]
    answers: tuple[str, ...] = Field(min_length=1)
    """The answer to each turn; the last one is repeated."""
    latency_s: float = Field(0.0, ge=0)
    """Pause before each answer."""


ModelSpec = Annotated[
    TransformersSpec | OpenAISpec | VllmSpec | ReplaySpec | ScriptedSpec,
    Field(discriminator="backend"),
]
"""One of the backends; ``backend`` says which."""
