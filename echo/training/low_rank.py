"""A LoRA adapter as PEFT saves it: two small matrices beside some of the base's, W + scale * B @ A (Hu et al. 2021).

The scale is alpha / r, or alpha / sqrt(r) where rank-stabilised (Kalajdzievski 2023).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np

from echo.training.gguf_file import MergeFailed
from echo.training.weights import Floats, Unreadable, all_weights

_NAME: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight")
_UNKNOWN: Final = (
    *("use_dora", "fan_in_fan_out", "modules_to_save", "lora_bias", "layer_replication", "target_parameters"),
    *("trainable_token_indices", "use_qalora", "alora_invocation_tokens", "megatron_config"),
)
"""Settings of PEFT's under which an adapter is more than two matrices beside each of the base's."""
_STARTS: Final = (True, False, None, "gaussian", "orthogonal", "eva")
"""Ways to begin that leave the base as it is; the others train against a changed base."""
_DAMAGED: Final = "The adapter is damaged: fine-tune again."


@dataclass(frozen=True, slots=True)
class LowRank:
    """What is added to one matrix. `target` is its name in Hugging Face form, without `.weight`.

    `a` has the shape (r, inputs), `b` (outputs, r).
    """

    target: str
    a: Floats
    b: Floats
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs), as the matrix that it belongs to."""
        return self.b.shape[0], self.a.shape[1]


def read_adapter(content: bytes, config: str) -> list[LowRank]:
    """The adapter in `adapter_model.safetensors` and `adapter_config.json`. It is small, and held whole.

    Raises MergeFailed where it is damaged or no plain LoRA.
    """
    try:
        settings = json.loads(config)
        held = all_weights(content)
    except (Unreadable, ValueError) as error:
        raise MergeFailed(_DAMAGED) from error
    if not isinstance(settings, dict):
        raise MergeFailed(_DAMAGED)
    _require_plain(settings)
    sides: dict[str, dict[str, Floats]] = {}
    for name, weights in held.items():
        found = _NAME.fullmatch(name)
        if not found:
            raise MergeFailed("The adapter holds more than LoRA's two matrices: fine-tune again with plain LoRA.")
        sides.setdefault(found[1], {})[found[2]] = weights
    pairs = [_pair(target, sides[target], settings) for target in sorted(sides)]
    if not pairs:
        raise MergeFailed(_DAMAGED)
    return pairs


def _require_plain(settings: Mapping[str, Any]) -> None:
    odd = [name for name in _UNKNOWN if settings.get(name)]
    odd += ["bias"] if settings.get("bias", "none") != "none" else []
    odd += ["init_lora_weights"] if settings.get("init_lora_weights") not in _STARTS else []
    if settings.get("peft_type") != "LORA" or odd:
        what = f" ({', '.join(odd)})" if odd else ""
        raise MergeFailed(f"The adapter is no plain LoRA{what}, which alone can be merged: fine-tune again without.")


def _pair(target: str, sides: Mapping[str, Floats], settings: Mapping[str, Any]) -> LowRank:
    a, b = sides.get("A"), sides.get("B")
    if a is None or b is None or a.ndim != 2 or b.ndim != 2 or not 0 < a.shape[0] == b.shape[1]:
        raise MergeFailed(_DAMAGED)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise MergeFailed("The adapter holds numbers that are none: fine-tune again with a lower learning rate.")
    rank = a.shape[0]
    scale = _alpha(target, settings) / (sqrt(rank) if settings.get("use_rslora") else rank)
    return LowRank(target, a, b, scale)


def _alpha(target: str, settings: Mapping[str, Any]) -> float:
    """PEFT's lora_alpha, or what its alpha_pattern says of this matrix: a key is a pattern of the name's end."""
    try:
        for pattern, alpha in (settings.get("alpha_pattern") or {}).items():
            if re.match(rf"(.*\.)?({pattern})$", target):
                return float(alpha)
        return float(settings["lora_alpha"])
    except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise MergeFailed(_DAMAGED) from error
