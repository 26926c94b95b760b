"""A llama of two layers with a tokenizer of its own, made on the spot from invented talk, for tests.

It needs the extra `[train]`. `tiny_llama` makes it in Hugging Face form, `tiny_gguf` writes the same weights as GGUF by
PyPI's `gguf`, as llama.cpp's converter would. Nothing of the product takes part, so that what the product reads and
writes is compared with somebody else's doing. There are fewer heads of keys than of queries, so that the two are
arranged differently.
"""

from __future__ import annotations

import fcntl
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from echo.sandbox.invented import invent

HIDDEN, LAYERS, HEADS, KEY_HEADS, FORWARD, VOCABULARY, CONTEXT = 64, 2, 4, 2, 128, 1024, 512
PRETRAINING = 200
"""Steps that the base learns for, some seconds, by which it has words and sentence ends but little sense."""
END, START, PAD = "<|im_end|>", "<|im_start|>", "<|endoftext|>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def tiny_llama(folder: Path, steps: int = PRETRAINING) -> Path:
    """The base in Hugging Face form in `folder`, made if it is not there yet: config, tokenizer, safetensors.

    Several processes may ask at once for the same folder: one makes it, the others wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            _make(folder, steps)
            (folder / "made").touch()
    return folder


def tiny_gguf(base: Path, to: Path, kind: str = "F16") -> Path:
    """The base of `base` as one GGUF file at `to`; `kind` names a type of `gguf`'s (F32, F16, BF16, Q8_0, ...)."""
    import gguf
    from safetensors.numpy import load_file

    writer = gguf.GGUFWriter(to, "llama")
    _describe(writer, base)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    wanted = gguf.GGMLQuantizationType[kind]
    for name, weights in load_file(base / "model.safetensors").items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weights = rotated(weights, HEADS if "q_proj" in name else KEY_HEADS)
        own = names.get_name(name, try_suffixes=(".weight",))
        type_ = wanted if weights.ndim > 1 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(str(own), gguf.quants.quantize(weights.astype(np.float32), type_), raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return to


def rotated(weights: Any, heads: int) -> Any:
    """Rows as llama.cpp keeps them for its rotary embedding: pairs side by side, not halves one after the other."""
    half = weights.shape[0] // heads // 2
    return weights.reshape(heads, 2, half, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def conversations(seed: int) -> Iterator[list[dict[str, str]]]:
    """Chats from the invented server: whoever wrote the last of eight messages is the assistant."""
    by_channel: dict[str, list[tuple[str, str]]] = {}
    for written in invent(seed):
        if written.is_speech:
            by_channel.setdefault(written.channel, []).append((written.author, written.text))
    for said in by_channel.values():
        for end in range(8, len(said), 4):
            window = said[end - 8 : end]
            yield list(_chat(window, window[-1][0]))


def _chat(window: list[tuple[str, str]], echoed: str) -> Iterator[dict[str, str]]:
    yield {"role": "system", "content": f"You are {echoed}."}
    for author, text in window:
        own = author == echoed
        yield {"role": "assistant" if own else "user", "content": text if own else f"{author}: {text}"}


def _make(folder: Path, steps: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    chats = list(conversations(7))
    tokenizer = _tokenizer(chats)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    end, pad = tokenizer.convert_tokens_to_ids([END, PAD])
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        bos_token_id=pad,
        eos_token_id=end,
        pad_token_id=pad,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    _pretrain(model, [tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats], tokenizer, steps)
    model.to(torch.float32).save_pretrained(folder)


def _tokenizer(chats: list[list[dict[str, str]]]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator((message["content"] for chat in chats for message in chat), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, pad_token=PAD, bos_token=PAD, additional_special_tokens=[START]
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.model_max_length = CONTEXT
    return tokenizer


def _pretrain(model: Any, texts: list[str], tokenizer: Any, steps: int) -> None:
    """Next-token learning over all the text in a row, cut into pieces."""
    import torch

    rng = random.Random(7)
    rng.shuffle(texts)
    ids = torch.tensor([token for row in tokenizer(texts)["input_ids"] for token in row])
    length, batch = 128, 16
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    model.train()
    for _ in range(steps):
        starts = [rng.randrange(len(ids) - length) for _ in range(batch)]
        rows = torch.stack([ids[start : start + length] for start in starts])
        loss = model(input_ids=rows, labels=rows).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()


def _describe(writer: Any, base: Path) -> None:
    """The metadata: the model's shape, its tokenizer, its chat template."""
    import gguf

    config = json.loads((base / "config.json").read_text())
    writer.add_name("Tiny llama")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_rope_freq_base(10000.0)
    tokens = json.loads((base / "tokenizer.json").read_text())
    vocabulary = sorted(tokens["model"]["vocab"].items(), key=lambda pair: pair[1])
    special = {token["content"] for token in tokens["added_tokens"]}
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token, _ in vocabulary]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in tokens["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
