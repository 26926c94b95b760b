"""Echo's count of tokens against a real vocabulary."""

from __future__ import annotations

from echo.engines.ollama.counting import OVERHEAD, tokens
from echo.sandbox.invented import invent
from tests.support.train_extra import need_train

need_train()

import tokenizers  # noqa: E402
from tokenizers import models, pre_tokenizers, trainers  # noqa: E402

VOCABULARY = 4000
"""A thirtieth of those of today's models: a larger one needs fewer tokens for the same text."""


def test_texts_come_to_no_more_tokens_than_counted() -> None:
    texts = [one.text for one in invent(1) if one.is_speech]
    real = tokenizers.Tokenizer(models.BPE())
    real.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    real.train_from_iterator(texts[:4000], trainer)
    held_out = texts[4000:]
    assert all(len(real.encode(text).ids) <= tokens(text) + OVERHEAD for text in held_out)
    talks = ["\n".join(held_out[at : at + 12]) for at in range(0, len(held_out), 12)]
    assert all(len(real.encode(talk).ids) <= tokens(talk) for talk in talks)
    assert sum(map(tokens, talks)) <= 2 * sum(len(real.encode(talk).ids) for talk in talks), "nor far too many"
