import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import copytree
from typing import Any, TypeVar

import pytest

from agentrl.episode import Generation, Sampling
from agentrl.errors import CheckpointError, ContextFullError, ModelError, UsageError
from agentrl.models.base import Message, Model, Request
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers import TransformersModel
from agentrl.suite.model import Scratch, TransformersSpec

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

Result = TypeVar("Result")
TEXTS = ["go north and open the door. take the apple from the kitchen table."] * 20


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = Scratch(hidden_size=64, layers=2, vocabulary=320, context=512)
    return build_checkpoint(tmp_path_factory.mktemp("models") / "small", TEXTS, scratch)


def spec(checkpoint: Path | str, **options: Any) -> TransformersSpec:
    return TransformersSpec(
        backend="transformers", checkpoint=str(checkpoint), **{"device": "cpu", **options}
    )


def using(
    checkpoint: Path | str,
    work: Callable[[TransformersModel], Awaitable[Result]],
    **options: Any,
) -> Result:
    """Start a model, do some work with it and close it."""

    async def run() -> Result:
        model = TransformersModel(spec(checkpoint, **options))
        await model.start()
        try:
            return await work(model)
        finally:
            await model.close()

    return asyncio.run(run())


def ask(text: str, session: str = "", choices: Any = None, **sampling: Any) -> Request:
    chat = (Message("user", text),)
    return Request(chat, Sampling(**sampling), choices=choices, session=session)


# Greedy, the small model repeats itself for ever.
ENDLESS = ask("a", max_tokens=490, temperature=0.0)


def test_it_is_a_model(checkpoint: Path) -> None:
    model = TransformersModel(spec(checkpoint))
    assert isinstance(model, Model)
    assert model.name == "small"


def test_eight_requests_at_once_answer_as_they_do_one_by_one(checkpoint: Path) -> None:
    requests = [
        ask("open the door " * (1 + 5 * i), max_tokens=10 + 3 * i, seed=i, temperature=1 + i / 10)
        for i in range(8)
    ]

    async def work(model: TransformersModel) -> tuple[list[Generation], list[Generation]]:
        together = await asyncio.gather(*map(model.generate, requests))
        return list(together), [await model.generate(request) for request in requests]

    together, alone = using(checkpoint, work)
    assert [a.token_ids for a in together] == [a.token_ids for a in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_more_requests_than_rows_are_all_answered(checkpoint: Path) -> None:
    requests = [ask("x" * i, max_tokens=1 + i % 7, seed=i) for i in range(40)]

    async def work(model: TransformersModel) -> list[Generation]:
        return list(await asyncio.gather(*map(model.generate, requests)))

    answers = using(checkpoint, work, max_batch=4)
    assert [a.sampling.seed for a in answers] == list(range(40))
    assert all(a.usage.completion_tokens <= a.sampling.max_tokens for a in answers)


def test_without_a_seed_two_answers_differ(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> set[tuple[int, ...] | None]:
        answers = [await model.generate(ask("hello", max_tokens=20)) for _ in range(3)]
        return {answer.token_ids for answer in answers}

    assert len(using(checkpoint, work)) > 1


def test_greedy_is_transformers_own_greedy(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> Generation:
        return await model.generate(ask("take the apple", max_tokens=25, temperature=0.0))

    answer = using(checkpoint, work)
    reference = transformers.AutoModelForCausalLM.from_pretrained(checkpoint)
    assert answer.prompt_token_ids
    assert answer.token_ids
    prompt = torch.tensor([answer.prompt_token_ids])
    whole = reference.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=25
    )
    assert answer.token_ids == tuple(whole[0, prompt.shape[1] :].tolist())


def test_a_stop_text_ends_the_answer_and_is_cut_off(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> tuple[Generation, Generation]:
        free = await model.generate(ask("hello", max_tokens=40, seed=5))
        stop = free.text[7:10]
        return free, await model.generate(ask("hello", max_tokens=40, seed=5, stop=("\0", stop)))

    free, stopped = using(checkpoint, work)
    assert stopped.finish_reason == "stop"
    assert stopped.text == free.text[: free.text.index(free.text[7:10])]
    assert stopped.token_ids
    assert free.token_ids
    assert stopped.token_ids == free.token_ids[: len(stopped.token_ids)]


def test_the_end_of_turn_token_ends_the_answer_and_is_recorded(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> Generation:
        return await model.generate(ask("hello", choices=("go north",), max_tokens=40))

    answer = using(checkpoint, work)
    assert (answer.text, answer.finish_reason) == ("go north", "stop")
    assert answer.token_ids
    assert answer.token_ids[-1] == 2
    assert set(answer.logprobs or ()) == {0.0}


def test_an_answer_at_its_limit_says_so(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> Generation:
        return await model.generate(ask("hello", choices=("go north and open",), max_tokens=2))

    answer = using(checkpoint, work)
    assert answer.finish_reason == "length"
    assert answer.usage.completion_tokens == 2
    assert "go north and open".startswith(answer.text)


def test_a_conversation_is_not_read_twice(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> list[Generation]:
        first = await model.generate(ask("open the door", session="a", max_tokens=5, seed=1))
        assert first.prompt_token_ids
        assert first.token_ids
        longer = (*first.prompt_token_ids, *first.token_ids, 10, 11, 12)
        other = (*first.prompt_token_ids[:4], 20, 21)
        sampling = Sampling(max_tokens=3)
        return [
            first,
            await model.generate(Request((), sampling, longer, session="b")),
            await model.generate(Request((), sampling, longer, session="a")),
            await model.generate(Request((), sampling, other, session="a")),
        ]

    first, stranger, longer, other = using(checkpoint, work)
    assert first.prompt_token_ids
    assert first.token_ids
    # The last sampled token was never fed to the model.
    known = len(first.prompt_token_ids) + len(first.token_ids) - 1
    cached = [answer.usage.cached_tokens for answer in (first, stranger, longer, other)]
    assert cached == [0, 0, known, 4]


def test_conversations_beyond_the_memory_limit_are_forgotten(checkpoint: Path) -> None:
    token_bytes = 2 * 2 * 1 * 32 * 4  # layers, keys and values, heads, size of a head, float32

    async def run() -> list[int]:
        model = TransformersModel(spec(checkpoint), conversation_bytes=100 * token_bytes)
        await model.start()
        sampling = Sampling(max_tokens=1)
        tokens = tuple(range(10, 50))
        cached = []
        for session in ("a", "b", "a", "c", "b", "a"):
            answer = await model.generate(Request((), sampling, tokens, session=session))
            cached.append(answer.usage.cached_tokens)
        await model.close()
        return cached

    # Room for two: "c" drops "b", which was used before "a"; then "b" drops "a".
    assert asyncio.run(run()) == [0, 0, 39, 0, 0, 0]


def test_a_cancelled_request_frees_its_row(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> Generation:
        slow = asyncio.create_task(model.generate(ENDLESS))
        await asyncio.sleep(0.05)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        return await asyncio.wait_for(model.generate(ask("b", max_tokens=2)), timeout=30)

    assert using(checkpoint, work, max_batch=1).usage.completion_tokens <= 2


def test_a_conversation_beyond_the_context_window_is_refused(checkpoint: Path) -> None:
    async def work(model: TransformersModel) -> Generation:
        assert model.context_window == 512
        with pytest.raises(ContextFullError, match=r"500 tokens and max_tokens of 13 exceed"):
            await model.generate(Request((), Sampling(max_tokens=13), token_ids=(5,) * 500))
        return await model.generate(Request((), Sampling(max_tokens=12), token_ids=(5,) * 500))

    assert using(checkpoint, work).usage.prompt_tokens == 500


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request((), token_ids=()), "the prompt is empty"),
        (Request((), token_ids=(3, 9999)), "tokens from 3 to 9999, but small knows those from 0"),
        (ask("x", choices=()), "choices is empty"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(
    checkpoint: Path, request_: Request, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        using(checkpoint, lambda model: model.generate(request_))


def test_new_weights_answer_from_then_on(checkpoint: Path) -> None:
    request = ask("hello", session="a", max_tokens=30, temperature=0.0)

    async def work(model: TransformersModel) -> list[Generation]:
        other = transformers.AutoModelForCausalLM.from_pretrained(checkpoint)
        weights = {name: -tensor for name, tensor in other.state_dict().items()}
        before = await model.generate(request)
        under_way = asyncio.create_task(model.generate(request))
        await model.load_weights(weights, version=7)
        assert model.weights_version == 7
        changed = await model.generate(request)
        await model.load_weights(other.state_dict(), version=8)
        return [before, await under_way, changed, await model.generate(request)]

    before, under_way, changed, back = using(checkpoint, work)
    assert [a.weights_version for a in (before, changed, back)] == [0, 7, 8]
    assert [a.usage.cached_tokens for a in (before, back)] == [0, 0]
    assert before.token_ids == back.token_ids
    assert before.logprobs == back.logprobs
    assert changed.logprobs != before.logprobs
    same = before if under_way.weights_version == 0 else changed
    assert under_way.logprobs == pytest.approx(same.logprobs, abs=1e-4)


def test_weights_of_another_model_are_refused_and_change_nothing(checkpoint: Path) -> None:
    request = ask("hello", max_tokens=5, temperature=0.0)

    async def work(model: TransformersModel) -> list[Generation]:
        before = await model.generate(request)
        state = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).state_dict()
        wrong = {**state, "lm_head.weight": torch.zeros(2, 2)}
        with pytest.raises(UsageError, match=r"do not fit.*such as lm_head\.weight"):
            await model.load_weights(wrong, version=1)
        with pytest.raises(UsageError, match="do not fit"):
            await model.load_weights({}, version=1)
        return [before, await model.generate(request)]

    before, after = using(checkpoint, work)
    assert before.logprobs == after.logprobs
    assert after.weights_version == 0


def test_an_error_in_the_model_fails_the_requests_and_not_the_process(checkpoint: Path) -> None:
    request = ask("hello", session="a", max_tokens=5)

    async def work(model: TransformersModel) -> Generation:
        state = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).state_dict()
        broken = {name: torch.full_like(tensor, torch.nan) for name, tensor in state.items()}
        await model.load_weights(broken, version=1)
        answers = await asyncio.gather(
            *(model.generate(request) for _ in range(3)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [ModelError] * 3
        assert "not finite" in str(answers[0])
        await model.load_weights(state, version=2)
        return await model.generate(request)

    assert using(checkpoint, work).weights_version == 2


def test_closing_ends_the_thread_and_fails_what_is_under_way(checkpoint: Path) -> None:
    async def run() -> None:
        model = TransformersModel(spec(checkpoint))
        await model.start()
        assert any(thread.name == "model small" for thread in threading.enumerate())
        slow = asyncio.create_task(model.generate(ENDLESS))
        await asyncio.sleep(0.02)
        await model.close()
        await model.close()
        assert not any(thread.name == "model small" for thread in threading.enumerate())
        with pytest.raises(ModelError, match="small was closed"):
            await slow
        with pytest.raises(ModelError, match="not running; call start"):
            await model.generate(ask("b"))
        await model.start()
        await model.generate(ask("b", max_tokens=1))
        await model.close()

    asyncio.run(run())


def test_a_loop_that_ends_before_its_answers_leaves_the_model_usable(checkpoint: Path) -> None:
    model = TransformersModel(spec(checkpoint))

    async def leave() -> None:
        await model.start()
        task = asyncio.create_task(model.generate(ask("a", max_tokens=100)))
        await asyncio.sleep(0)
        del task

    async def stay() -> Generation:
        answer = await model.generate(ask("b", max_tokens=2))
        await model.close()
        return answer

    asyncio.run(leave())
    gc.collect()
    assert asyncio.run(stay()).usage.completion_tokens <= 2


def damaged(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(copytree(checkpoint, tmp_path / "damaged"))


def start(checkpoint: Path | str, **options: Any) -> None:
    async def nothing(model: TransformersModel) -> None: ...

    using(checkpoint, nothing, **options)


def test_cut_off_weights_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = damaged(checkpoint, tmp_path)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="cannot be loaded: "):
        start(folder)


def test_a_checkpoint_without_weights_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = damaged(checkpoint, tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be loaded: "):
        start(folder)


def test_missing_tensors_are_never_filled_with_random_ones(
    checkpoint: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    folder = damaged(checkpoint, tmp_path)
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"1 weights are missing, such as lm_head\.weight"):
        start(folder)


def test_an_unknown_architecture_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = damaged(checkpoint, tmp_path)
    (folder / "config.json").write_text(json.dumps({"model_type": "nobody_knows"}))
    with pytest.raises(CheckpointError, match=r"damaged"):
        start(folder)


@pytest.mark.parametrize("device", ["gpu please", "cuda"])
def test_a_device_that_is_not_there_is_refused(checkpoint: Path, device: str) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match=f"device '{device}': "):
        start(checkpoint, device=device)


def test_a_section_without_a_checkpoint_is_refused() -> None:
    with pytest.raises(UsageError, match="make one with scratch_checkpoint"):
        TransformersModel(TransformersSpec(backend="transformers", scratch=Scratch()))


def test_without_torch_it_says_what_to_install(checkpoint: Path) -> None:
    program = (
        "import asyncio, sys\nsys.modules['torch'] = None\n"
        "from agentrl.models.transformers import TransformersModel\n"
        "from agentrl.suite.model import TransformersSpec\n"
        "spec = TransformersSpec(backend='transformers', checkpoint=sys.argv[1])\n"
        "try: asyncio.run(TransformersModel(spec).start())\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(checkpoint)], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("MissingDependencyError backend 'transformers' needs torch")
    assert "pip install 'agentrl[train]'" in result.stdout


def test_loading_and_answering_print_nothing(checkpoint: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from agentrl.models.base import Message, Request\n"
        "from agentrl.models.transformers import TransformersModel\n"
        "from agentrl.suite.model import TransformersSpec\n"
        "async def main():\n"
        "    spec = TransformersSpec(backend='transformers', checkpoint=sys.argv[1])\n"
        "    model = TransformersModel(spec)\n"
        "    await model.start()\n"
        "    await model.generate(Request((Message('user', 'hello'),)))\n"
        "    await model.close()\n"
        "asyncio.run(main())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(checkpoint)],
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == ("", "")
