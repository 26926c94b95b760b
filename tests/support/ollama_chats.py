"""The parts of the loopback Ollama's answers: of chats and embeddings."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any, Final
from zlib import crc32

from tests.support.ollama_prompts import Seen, token_ends

Chat = dict[str, Any]
"""The body of a chat request; for what writes, with the messages and options that the model really gets."""
DIMENSIONS: Final = 64
"""Of an embedding."""
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def agreeable(chat: Chat) -> str:
    """What a small chat model might say, another thing for each seed."""
    return f"sounds good to me {'abcdefghijklmnopqrstuvwxyz'[chat['options']['seed'] % 26]}"


def part(chat: Chat, text: str) -> dict[str, Any]:
    """A piece of an answer."""
    return {
        "model": chat["model"],
        "created_at": "2026-06-01T12:00:00.000000Z",
        "message": {"role": "assistant", "content": text},
        "done": False,
    }


def ended(chat: Chat, text: str, seen: Seen, tokens: int, cut: bool, times: tuple[int, int, int]) -> dict[str, Any]:
    """The last part. `times` (ns): begun, loaded, done. Counted are all tokens of the prompt, cached ones too."""
    began, loaded, done = times
    return part(chat, text) | {
        "done": True,
        "done_reason": "length" if cut else "stop",
        "total_duration": done - began,
        "load_duration": loaded - began,
        "prompt_eval_count": seen.tokens,
        "prompt_eval_duration": seen.evaluated * 100_000,
        "eval_count": tokens,
        "eval_duration": tokens * 1_000_000,
    }


def held_to(text: str, options: dict[str, Any], prompt: int) -> tuple[str, bool]:
    """A text up to its first stop sequence and within `num_predict` and the context that a prompt of so many tokens
    leaves; whether tokens ran out."""
    stops = options.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.partition(stop)[0]
    predict = options.get("num_predict", -1)
    room = max(0, options["num_ctx"] - prompt)
    most = min(predict, room) if predict >= 0 else room
    ends = token_ends(text)
    return (text, False) if len(ends) <= most else (text[: ends[most - 1] if most else 0], True)


def seconds_of(keep_alive: Any) -> float | None:
    """Of 300, "5m", "-1" and the like; negative for ever; None where nothing is said."""
    if keep_alive is None:
        return None
    found = re.fullmatch(r"(-?[0-9.]+)(ms|s|m|h)?", str(keep_alive))
    return float(found[1]) * _UNITS[found[2] or "s"] if found else None


def vector(text: str) -> list[float]:
    """A unit vector that is near that of a text with many of the same runs of three letters."""
    counts = [0.0] * DIMENSIONS
    padded = f"  {text.lower()} "
    for first, (second, third) in zip(padded, pairwise(padded[1:]), strict=False):
        counts[crc32(f"{first}{second}{third}".encode()) % DIMENSIONS] += 1.0
    length = math.hypot(*counts) or 1.0
    return [one / length for one in counts]
