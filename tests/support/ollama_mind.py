"""A real model behind the loopback Ollama: it generates with the weights of the GGUF blob that a model was made of.

It needs the extra `[train]` (torch, transformers, gguf), which is imported when it first writes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.support.ollama import Chat, LoopbackOllama, ollama_at_loopback

MOST_TOKENS: Final = 64
"""Of an answer, where the request does not say."""


class GgufMind:
    """What writes for a loopback Ollama, of which it takes the models' blobs. Safe to share between chats."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where blobs are laid as files to be loaded from; `of` must be set to the server."""
        self.of: LoopbackOllama | None = None
        self._folder = folder
        self._loaded: dict[str, tuple[Any, Any]] = {}
        # Torch's random numbers are one sequence for the whole process.
        self._alone = threading.Lock()

    async def __call__(self, chat: Chat) -> str:
        """An answer to the chat as the model sees it, held to its seed, temperature, num_predict and the like."""
        assert self.of is not None, "say which server it writes for"
        model = self.of.models[chat["model"]]
        return await asyncio.to_thread(self._written, model.base, self.of.blobs[model.base], chat)

    def _written(self, digest: str, data: bytes, chat: Chat) -> str:
        with self._alone:
            if digest not in self._loaded:
                self._loaded[digest] = self._load(digest, data)
            return _generated(*self._loaded[digest], chat)

    def _load(self, digest: str, data: bytes) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(1)
        file = self._folder / f"{digest.removeprefix('sha256:')}.gguf"
        file.write_bytes(data)
        tokenizer = AutoTokenizer.from_pretrained(self._folder, gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(self._folder, gguf_file=file.name, dtype=torch.float32)
        return tokenizer, model.eval()


@asynccontextmanager
async def ollama_with_a_mind(folder: Path, **options: Any) -> AsyncIterator[LoopbackOllama]:
    """A running loopback Ollama, without any model at first, that answers by the models it is given as GGUF files."""
    mind = GgufMind(folder)
    async with ollama_at_loopback(**{"writes": mind, "models": {}, **options}) as server:
        mind.of = server
        yield server


def _generated(tokenizer: Any, model: Any, chat: Chat) -> str:
    import torch

    options = chat["options"]
    prompt = tokenizer.apply_chat_template(
        chat["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )["input_ids"]
    most = options.get("num_predict", MOST_TOKENS)
    most = most if most > 0 else MOST_TOKENS
    room = min(options["num_ctx"], model.config.max_position_embeddings) - most
    prompt = prompt[:, -room:]
    temperature = options.get("temperature", 0.8)
    sampling = {"temperature": temperature, "top_k": options.get("top_k", 40), "top_p": options.get("top_p", 0.9)}
    torch.manual_seed(options.get("seed", 0))
    with torch.inference_mode():
        found = model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=most,
            do_sample=temperature > 0,
            repetition_penalty=float(options["repeat_penalty"]),
            pad_token_id=tokenizer.pad_token_id,
            **(sampling if temperature > 0 else {}),
        )
    return str(tokenizer.decode(found[0, prompt.shape[1] :], skip_special_tokens=True))
