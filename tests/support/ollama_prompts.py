"""What a model of the loopback Ollama really sees of a chat: stored messages, system text, and what of it fits.

As of 0.33: stored messages come before the request's own; the model's system text comes first of all unless the first
message *of the request* is a system message; what does not fit is dropped silently, the oldest first and system
messages last, and where even those are too long the beginning of what is left is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.support.ollama_models import Model

DEFAULT_CONTEXT: Final = 4096
"""`num_ctx` where nobody sets it and there are less than 24 GiB of VRAM."""
RELOADING: Final = ("num_ctx", "num_gpu", "num_thread", "num_batch", "main_gpu", "use_mmap", "shift")
"""Options that another value of makes Ollama load the model again."""
_TOKEN: Final = re.compile(r"<\|\w+\|>|[A-Za-z]{1,6}|[0-9]{1,3}|[^\W\d_A-Za-z]{1,2}|\n|\S")


@dataclass(frozen=True)
class Seen:
    """What a model saw of one request, in tokens of `tokens_of`: `cached` of `tokens` were not evaluated again.

    `messages` are those left after `dropped` older ones; `beheaded` where the rendered prompt had to be cut besides, so
    that its beginning (the system text) is gone; `misformatted` where the runner was loaded for a model with another
    template, by which it formats this one's chats as well; `options` are those in force, the model's own among them.
    """

    model: str
    base: str
    messages: tuple[Mapping[str, str], ...]
    prompt: str
    tokens: int
    cached: int
    dropped: int
    beheaded: bool
    misformatted: bool
    options: Mapping[str, Any]

    @property
    def evaluated(self) -> int:
        """Tokens of the prompt that were computed."""
        return self.tokens - self.cached

    @property
    def system(self) -> str:
        """All system text that is still there, as the model reads it."""
        return "\n".join(one["content"] for one in self.messages if one["role"] == "system" and not self.beheaded)


@dataclass(frozen=True)
class Fitted:
    """A prompt that fits: the messages left, their tokens, and what was lost of it."""

    messages: tuple[Mapping[str, str], ...]
    tokens: tuple[str, ...]
    dropped: int
    beheaded: bool


class TooLong(ValueError):
    """A prompt that does not fit, of a request that wants it whole."""


def tokens_of(text: str) -> list[str]:
    """Pieces of words of up to six letters, and every other sign: about what a vocabulary of today makes of English."""
    return _TOKEN.findall(text)


def token_ends(text: str) -> list[int]:
    """Where each token of a text ends."""
    return [found.end() for found in _TOKEN.finditer(text)]


def rendered(messages: Sequence[Mapping[str, str]]) -> str:
    """The text of a chat, as the template of every model here makes it."""
    turns = (f"<|{one['role']}|>{one['content']}<|end|>" for one in messages)
    return "".join(turns) + "<|assistant|>"


def whole(model: Model, asked: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """All messages of a chat with that model."""
    everything = [*model.messages, *asked]
    if model.system and (not asked or asked[0]["role"] != "system"):
        everything.insert(0, {"role": "system", "content": model.system})
    return everything


def fitted(messages: Sequence[Mapping[str, str]], num_ctx: int, *, truncate: bool = True) -> Fitted:
    """What of a chat fits into `num_ctx` tokens. Raises TooLong unless it may be truncated."""
    kept: list[Mapping[str, str]] = list(messages)
    tokens = tokens_of(rendered(kept))
    if len(tokens) > num_ctx and not truncate:
        raise TooLong(f"request ({len(tokens)} tokens) exceeds the available context size ({num_ctx} tokens)")
    for start in range(len(messages)):
        # System messages stay, whatever stands before them; the last message stays always.
        kept = [*(one for one in messages[:start] if one["role"] == "system"), *messages[start:]]
        tokens = tokens_of(rendered(kept))
        if len(tokens) <= num_ctx:
            break
    beheaded = len(tokens) > num_ctx
    if beheaded:
        tokens = tokens[len(tokens) - num_ctx :]
    return Fitted(tuple(kept), tuple(tokens), len(messages) - len(kept), beheaded)


def in_force(model: Model, asked: Mapping[str, Any], version: tuple[int, ...]) -> dict[str, Any]:
    """The options of a request to that model: the server's defaults, the model's own, the request's."""
    # That of repeat_penalty changed with that version.
    defaults = {"num_ctx": DEFAULT_CONTEXT, "repeat_penalty": 1.0 if version >= (0, 32, 10) else 1.1, "seed": 0}
    return {**defaults, **model.parameters, **asked}
