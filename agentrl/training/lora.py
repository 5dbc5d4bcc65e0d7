"""Low-rank adapters (LoRA, arXiv 2106.09685): a few weights learn, the others stand still."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from agentrl.errors import SuiteError
from agentrl.suite.train import LoraSpec
from agentrl.training.policy import Policy
from agentrl.training.ranks import like, whole

_ADAPTER = ".lora_"
_BASE = ".base_layer."


class AdaptedPolicy(Policy):
    """A policy whose adapters learn. To the outside, engines and checkpoints, it is one model:
    what the adapters say is added to the weights on the way out."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        spec: LoraSpec,
        seed: int = 0,
        autocast: Literal["none", "bfloat16"] = "none",
    ) -> None:
        """Put fresh adapters into a loaded model, which at first change nothing.

        Args:
            model: a causal language model of transformers, on its device.
            tokenizer: what ``save`` writes beside it.
            spec: where the adapters go and how large they are.
            seed: decides their first weights.
            autocast: number format of the arithmetic.

        Raises:
            SuiteError: no layer has such a name.
        """
        _adapt(model, spec, seed)
        super().__init__(model, tokenizer, autocast=autocast)

    def state_dict(self) -> Mapping[str, Tensor]:
        from peft.tuners.lora import LoraLayer

        state = {
            name.replace(_BASE, "."): value
            for name, value in self.model.state_dict().items()
            if _ADAPTER not in name
        }
        for name, layer in self.model.named_modules():
            if isinstance(layer, LoraLayer):
                adapted: Any = layer
                weight = adapted.get_base_layer().weight.detach()
                delta = adapted.get_delta_weight("default").detach()
                state[f"{name}.weight"] = weight + delta.to(weight.dtype)
        return state

    def save(self, folder: Path) -> None:
        self._save(folder, dict(self.state_dict()))

    def adapters(self) -> dict[str, Tensor]:
        return {
            name: whole(value).detach().clone()
            for name, value in self.model.state_dict().items()
            if _ADAPTER in name
        }

    def take_adapters(self, adapters: Mapping[str, Tensor]) -> None:
        own = self.model.state_dict()
        spread = {name: like(value, own[name]) for name, value in adapters.items()}
        self.model.load_state_dict(spread, strict=False)


def _adapt(model: Any, spec: LoraSpec, seed: int) -> None:
    """Put adapters into a model's layers; everything else is frozen."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=spec.rank,
        lora_alpha=spec.alpha,
        target_modules="all-linear" if spec.targets is None else list(spec.targets),
    )
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            inject_adapter_in_model(config, model)
    except ValueError as exc:
        raise SuiteError(f"policy.lora.targets: {str(exc).splitlines()[0]}") from None
