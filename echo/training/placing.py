"""Which tensor of a GGUF file belongs to a matrix of the base in Hugging Face form, and how its rows are arranged.

llama.cpp's converter renames tensors (PyPI's `gguf` has its table), and for architectures whose rotary embedding turns
pairs of neighbours it also rearranges the rows of the queries' and keys' matrices: Hugging Face keeps the two halves
of a head one after the other, such a GGUF file keeps them in turns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from gguf.constants import MODEL_ARCH_NAMES
from gguf.quants import dequantize
from gguf.tensor_mapping import get_tensor_name_map

from echo.training.gguf_file import Gguf, MergeFailed, Tensor, pieces
from echo.training.low_rank import LowRank
from echo.training.weights import Floats, Unreadable, first_rows

ROTATED: Final = frozenset(
    {"llama", "mistral3", "deci", "granite", "granitemoe", "smollm3", "arcee", "minicpm", "olmo", "xverse"}
)
"""Architectures whose queries and keys llama.cpp's converter rearranges."""
PLAIN: Final = frozenset(
    {"qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "olmo2", "starcoder2", "stablelm", "command-r", "cohere2"}
)
"""Architectures that it leaves as they are."""
_TURNED: Final = re.compile(r"blk\.(\d+)\.attn_([qk])\.weight")
_ALIKE: Final = 0.5
"""Relative difference up to which two matrices are one, the other quantised: 2 bits a weight give 0.3, another matrix
gives 1.4."""
_ROWS: Final = 16
_PROBED: Final = {
    "model.layers.0.self_attn.q_proj": "blk.0.attn_q.weight",
    "model.layers.0.self_attn.k_proj": "blk.0.attn_k.weight",
    "model.layers.0.self_attn.o_proj": "blk.0.attn_output.weight",
    "model.layers.0.mlp.down_proj": "blk.0.ffn_down.weight",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """An adapter's pair at its tensor. The rows of `b` are arranged as the tensor's."""

    tensor: Tensor
    a: Floats
    b: Floats
    scale: float


def place(base: Gguf, pairs: list[LowRank], folder: Path | None) -> dict[str, Placed]:
    """Each pair at its tensor, by the tensor's name.

    `folder` has the base in Hugging Face form: with it the arrangement of the rows is seen, not supposed, and it is
    seen that both are the same model. Raises MergeFailed where a matrix has no place in the file, or an architecture
    is not known and no folder shows its arrangement.
    """
    numbers = {name: number for number, name in MODEL_ARCH_NAMES.items()}
    if base.architecture not in numbers:
        raise MergeFailed(f"Models of the kind {base.architecture!r} can't be merged: choose another base.")
    # A damaged number must not make a table of billions.
    blocks = min(base.number("block_count") or 0, len(base.tensors))
    names = get_tensor_name_map(numbers[base.architecture], blocks)
    tensors = {tensor.name: tensor for tensor in base.tensors}
    placed = {}
    for pair in pairs:
        # Models that also see keep what speaks under a name of its own.
        name = names.get_name(pair.target) or names.get_name(pair.target.replace("language_model.", "", 1))
        tensor = tensors.get(f"{name}.weight")
        if tensor is None or tensor.shape != pair.shape:
            raise MergeFailed(
                f"The adapter does not fit {base.path.name}: set training.base and training.base_gguf to the same "
                "model, and fine-tune again."
            )
        heads = _heads(base, tensor, pair, folder)
        placed[tensor.name] = Placed(tensor, pair.a, turned(pair.b, heads) if heads else pair.b, pair.scale)
    return placed


def probes(base: Gguf) -> list[LowRank]:
    """An adapter that changes nothing, for matrices of the first layer, to be placed before there is a real one."""
    tensors = {tensor.name: tensor for tensor in base.tensors}
    found = []
    for module, name in _PROBED.items():
        if name in tensors and len(tensors[name].shape) == 2:
            outputs, inputs = tensors[name].shape
            found.append(LowRank(module, np.zeros((1, inputs), np.float32), np.zeros((outputs, 1), np.float32), 1.0))
    return found


def turned(rows: Floats, heads: int) -> Floats:
    """Rows that stand half after half in each head, in turns: 0, n/2, 1, n/2 + 1, ... of the n rows of a head."""
    each = rows.shape[0] // heads
    order = np.arange(each).reshape(2, each // 2).T.reshape(-1)
    whole = (np.arange(heads)[:, None] * each + order).reshape(-1)
    made: Floats = rows[whole]
    return made


def _heads(base: Gguf, tensor: Tensor, pair: LowRank, folder: Path | None) -> int:
    """The heads within which the rows stand in turns; 0 where they are as in Hugging Face form."""
    heads = 0
    if found := _TURNED.fullmatch(tensor.name):
        key = "attention.head_count" if found[2] == "q" else "attention.head_count_kv"
        heads = base.number(key, int(found[1])) or base.number("attention.head_count", int(found[1])) or 1
        if tensor.shape[0] % (2 * heads):
            raise MergeFailed(f"{base.path.name} is damaged: download it again, or convert the base again.")
    seen = _seen(tensor, pair, heads, folder, base.path) if folder else None
    if seen is not None:
        return seen
    if heads and base.architecture not in ROTATED | PLAIN:
        raise MergeFailed(
            f"How {base.path.name} arranges its attention is not known: set training.base to the folder of the same "
            "model."
        )
    return heads if base.architecture in ROTATED else 0


def _seen(tensor: Tensor, pair: LowRank, heads: int, folder: Path, path: Path) -> int | None:
    """As `_heads`, from comparing the first rows of both forms; None where the folder lacks the matrix."""
    count = tensor.shape[0] // heads if heads else min(tensor.shape[0], _ROWS)
    try:
        original = first_rows(folder, f"{pair.target}.weight", count)
    except (OSError, Unreadable) as error:
        raise MergeFailed(f"The weights in {folder} can't be read: download the base model again.") from error
    if original is None:
        return None
    kept = rows_of(path, tensor, 0, count)
    if _alike(kept, original):
        return 0
    if heads and _alike(kept, turned(original, 1)):
        return heads
    raise MergeFailed(f"{path.name} is not the model in {folder}: set training.base_gguf to the GGUF file of that one.")


def _alike(one: Floats, other: Floats) -> bool:
    if one.shape != other.shape:
        return False
    return float(np.linalg.norm(one - other)) <= _ALIKE * max(float(np.linalg.norm(other)), 1e-12)


def rows_of(path: Path, tensor: Tensor, first: int, count: int) -> Floats:
    """Rows of a matrix as numbers. Raises MergeFailed where its type is not known."""
    content = b"".join(pieces(path, tensor.start + first * tensor.row_bytes, count * tensor.row_bytes, 2**24))
    raw = np.frombuffer(content, np.uint8).reshape(count, tensor.row_bytes)
    try:
        numbers: Floats = dequantize(raw, tensor.type)
    except NotImplementedError as error:
        raise MergeFailed(
            f"Weights of the type {tensor.type.name} can't be merged: set training.base_gguf to the F16 or Q8_0 form."
        ) from error
    return numbers
