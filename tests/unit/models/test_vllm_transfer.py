"""Handing weights to vLLM from GPU to GPU: what can be told without a GPU."""

import pytest
import torch

pytest.importorskip("vllm", reason="vLLM is not installed")

from agentrl.errors import ModelError
from agentrl.models.vllm.server import free_port
from agentrl.models.vllm.transfer import WeightTransfer, transfer_arguments, transfer_environment


def test_a_server_on_our_gpu_opens_our_memory_and_one_on_others_is_sent_it() -> None:
    assert transfer_arguments(None) == ('--weight-transfer-config={"backend": "ipc"}',)
    assert transfer_arguments((1,)) == ('--weight-transfer-config={"backend": "nccl"}',)


def test_pickled_handles_are_allowed_only_where_they_are_sent() -> None:
    assert transfer_environment(None) == {"VLLM_ALLOW_INSECURE_SERIALIZATION": "1"}
    assert transfer_environment((1,)) == {}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("gpus", [None, (0,)])
def test_where_it_cannot_work_it_says_so_and_names_the_way_over_the_disk(
    gpus: tuple[int, ...] | None,
) -> None:
    link = WeightTransfer(f"http://127.0.0.1:{free_port()}/v1", gpus)
    with pytest.raises(
        ModelError, match=r"did not reach .*policy\.sync: reload goes over the disk"
    ):
        link.send({"weight": torch.zeros(2)})
