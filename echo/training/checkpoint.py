"""How far learning got, as bytes: safetensors with figures in its header, so that reading it runs no code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

_STATE: Final = "state"


class Corrupt(Exception):
    """These bytes are no checkpoint, or one of another training; the message says which."""


@dataclass(frozen=True, slots=True)
class State:
    """What stands in a checkpoint besides weights: `step` steps are done, and `tokens` were learnt from.

    `best` is the lowest validation loss so far, of which `waited` looks ago; `first` that before learning. A batch was
    halved `halvings` times.
    """

    fingerprint: str
    step: int = 0
    tokens: int = 0
    first: float | None = None
    best: float | None = None
    waited: int = 0
    halvings: int = 0


def packed(state: State, tensors: dict[str, Any]) -> bytes:
    """A checkpoint as bytes; `tensors` by name."""
    from safetensors.torch import save

    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return bytes(save(whole, {_STATE: json.dumps(asdict(state))}))


def unpacked(blob: bytes, fingerprint: str) -> tuple[State, dict[str, Any]]:
    """A checkpoint's state and tensors. Raises Corrupt where it is damaged, or was begun with something else."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        size = int.from_bytes(blob[:8], "little")
        state = State(**json.loads(json.loads(blob[8 : 8 + size])["__metadata__"][_STATE]))
        tensors = load(blob)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError) as failure:
        raise Corrupt("the checkpoint is damaged") from failure
    if state.fingerprint != fingerprint:
        raise Corrupt("the checkpoint was begun with other messages or settings")
    return state, tensors
