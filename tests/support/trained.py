"""Adapters for the tiny llama by PEFT itself, really trained or random, and what PEFT makes of them when it merges."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from echo.sandbox.invented import PEOPLE
from echo.training.making import Adapter
from tests.support.tiny_llama import conversations

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Trained:
    """The contents of PEFT's two files, and the base with the adapter merged by PEFT."""

    weights: bytes
    config: str
    merged: Any

    @property
    def adapter(self) -> Adapter:
        """As the product has it."""
        return Adapter(self.weights, self.config)


def adapter_of(
    base: Path,
    *,
    steps: int = 0,
    author: str = PEOPLE[0].name,
    saying: str | None = None,
    seed: int = 3,
    strength: float = 0.3,
    **settings: Any,
) -> Trained:
    """An adapter trained for so many steps on one invented person's chats; without steps a random one, B included.

    `saying` is what that person answers instead to each first message, which is then all that is learnt.

    `settings` are LoraConfig's; `strength` is the spread of a random adapter's B.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    settings = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": list(ALL)} | settings
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(task_type="CAUSAL_LM", **settings))
    if steps:
        _learn(model, base, author, saying, steps)
    else:
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=strength / int(str(settings["r"])))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        content = (Path(folder) / "adapter_model.safetensors").read_bytes()
        config = (Path(folder) / "adapter_config.json").read_text(encoding="utf-8")
    return Trained(content, config, model.merge_and_unload().eval())


def read_back(path: Path) -> Any:
    """The model in a GGUF file, as transformers' own reader sees it."""
    return AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name).eval()


def prompts(base: Path, count: int = 8) -> list[Any]:
    """Some invented chats as token ids, each of the shape (1, tokens)."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    chats = [chat for number, chat in enumerate(conversations(11)) if number % 50 == 0][:count]
    texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]
    return [tokenizer(text, return_tensors="pt")["input_ids"][:, :256] for text in texts]


def divergence(right: Any, other: Any, ids: list[Any]) -> float:
    """The mean KL divergence, in nats, of the next-token distributions of `other` from those of `right`."""
    found = []
    with torch.no_grad():
        for row in ids:
            wanted, got = (torch.log_softmax(model(row).logits.double(), -1) for model in (right, other))
            found.append((wanted.exp() * (wanted - got)).sum(-1).reshape(-1))
    return float(torch.cat(found).mean())


def _learn(model: Any, base: Path, author: str, saying: str | None, steps: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    chats = [chat for chat in conversations(7) if chat[0]["content"] == f"You are {author}."]
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=5e-3)
    model.train()
    for number in range(steps):
        chat = chats[number % len(chats)]
        if saying is not None:
            chat = [*chat[:2], {"role": "assistant", "content": saying}]
        text = tokenizer.apply_chat_template(chat, tokenize=False)
        ids = tokenizer(text, return_tensors="pt")["input_ids"][:, :256]
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
