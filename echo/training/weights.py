"""Weights in safetensors: an adapter's, and some rows of a base in Hugging Face form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

Floats = NDArray[np.float32]

INDEX: Final = "model.safetensors.index.json"
_TYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Unreadable(ValueError):
    """The content is no safetensors, is cut off, or holds numbers of a type that weights do not have."""


def all_weights(content: bytes) -> dict[str, Floats]:
    """Every tensor of a file's whole content, by name. Raises Unreadable."""
    try:
        return {name: _floats(told) for name, told in deserialize(content)}
    except (SafetensorError, KeyError, ValueError) as error:
        raise Unreadable("no weights") from error


def first_rows(folder: Path, name: str, count: int) -> Floats | None:
    """The first rows of a matrix of a model in Hugging Face form; None where the folder lacks it.

    Raises Unreadable or OSError.
    """
    index = folder / INDEX
    try:
        files = json.loads(index.read_text(encoding="utf-8"))["weight_map"] if index.exists() else {}
        # Only a name beside the index is meant, whatever the index says.
        path = folder / Path(str(files.get(name, "model.safetensors"))).name
        # By torch, as numpy knows no bfloat16, in which most bases are.
        with safe_open(path, framework="pt") as file:
            if name not in file.keys():  # noqa: SIM118 - it is no dictionary
                return None
            rows: Floats = file.get_slice(name)[:count].float().numpy()
            return rows
    except FileNotFoundError:
        return None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("no weights") from error


def _floats(told: dict[str, Any]) -> Floats:
    raw = np.frombuffer(told["data"], _TYPES[told["dtype"]])
    if told["dtype"] == "BF16":
        # bfloat16 is the upper half of float32.
        return (raw.astype(np.uint32) << 16).view(np.float32).reshape(told["shape"])
    return raw.astype(np.float32).reshape(told["shape"])
