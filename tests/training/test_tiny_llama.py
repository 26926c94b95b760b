"""The tests' own base: GGUF and Hugging Face form are the same model, as an independent reader says."""

from __future__ import annotations

from pathlib import Path

from tests.support.train_extra import need_train

need_train()

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402


def test_the_gguf_of_the_tiny_llama_is_the_same_model_to_an_independent_reader(llama: Path, llama_gguf: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    other = AutoTokenizer.from_pretrained(llama_gguf.parent, gguf_file=llama_gguf.name)
    chat = [{"role": "system", "content": "You are Tilly."}, {"role": "user", "content": "Wren: is the tannery open?"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert other.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) == text
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    assert other(text)["input_ids"] == ids[0].tolist()
    model = AutoModelForCausalLM.from_pretrained(llama)
    read = AutoModelForCausalLM.from_pretrained(llama_gguf.parent, gguf_file=llama_gguf.name)
    with torch.no_grad():
        assert torch.allclose(model(ids).logits, read(ids).logits, atol=0.02)
        # It has learnt something: a base that knows nothing gives every token the same share.
        assert float(model(ids, labels=ids).loss) < 5.0
