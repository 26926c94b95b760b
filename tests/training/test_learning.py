"""The loop: what it computes is the same in whatever parts, it stops when it should, and knows its own checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.training.checkpoint import Corrupt, State, packed, unpacked
from echo.training.failures import TuningFailed
from echo.training.learning import Course, Learning, batches, rate
from echo.training.rendering import Renderer, Row
from echo.training.talk import Said, Talk
from tests.support.train_extra import need_train

need_train()

COURSE = Course(epochs=2, batch=8, learning_rate=5e-3, warmup=0.1, patience=2, checkpoint_seconds=1e9, seed=3)


@pytest.fixture(scope="module")
def tokenizer(llama: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(llama)


def rows(tokenizer: Any, count: int, answer: str) -> list[Row]:
    talks = [
        Talk((Said(False, (f"Ann: {'hm ' * at}{at}?",)), Said(True, (f"{answer} {at}",), True))) for at in range(count)
    ]
    return [row for talk in talks for row in Renderer(tokenizer, 200).rows(talk)]


def model(llama: Path) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(llama)
    return get_peft_model(base, LoraConfig(r=4, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"))


def learning(
    llama: Path, some: Sequence[Row], validation: Sequence[Row] = (), halvings: int = 0, **course: Any
) -> tuple[Learning, Any, list[dict[str, object]]]:
    made, told = model(llama), list[dict[str, object]]()
    state = State("mine", halvings=halvings)
    return Learning(made, some, validation, replace(COURSE, **course), told.append, lambda _: None, state), made, told


def weights(made: Any) -> dict[str, Any]:
    return {name: each.detach().clone() for name, each in made.named_parameters() if each.requires_grad}


def test_a_batch_in_parts_teaches_the_same_as_the_whole(llama: Path, tokenizer: Any) -> None:
    import torch

    some = rows(tokenizer, 12, "by the weir")
    ends = []
    for halvings in (0, 1, 3):
        whole, made, _ = learning(llama, some, halvings=halvings)
        whole.run()
        ends.append(weights(made))
    before = weights(model(llama))
    assert any(not torch.allclose(ends[0][name], before[name], atol=1e-3) for name in before)
    for other in ends[1:]:
        assert all(torch.allclose(ends[0][name], other[name], atol=2e-5) for name in other)


def test_the_loss_is_the_mean_over_the_learnt_tokens_of_all_rows(llama: Path, tokenizer: Any) -> None:
    import torch

    some = rows(tokenizer, 5, "by the weir")
    looked, made, told = learning(llama, some[:1], some, epochs=1)
    looked.run()
    made.eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for row in some:
            scores = made(input_ids=torch.tensor([row.ids])).logits[0].log_softmax(-1)
            for at in range(1, len(row.ids)):
                if row.learnt[at]:
                    total -= scores[at - 1, row.ids[at]].item()
                    count += 1
    assert told[-1]["validation"] == pytest.approx(total / count, rel=1e-4)


def test_it_ends_early_when_the_validation_loss_rises_and_the_best_weights_stay(llama: Path, tokenizer: Any) -> None:
    import torch

    some, other = rows(tokenizer, 16, "by the weir"), rows(tokenizer, 8, "zounds, quoth Jack")
    made_early, _, told = learning(llama, some, other, epochs=40, learning_rate=2e-2)
    assert made_early.run() is True
    looks = [float(str(row["validation"])) for row in told if "validation" in row]
    assert made_early.state.step < made_early.steps
    assert made_early.state.best == min(looks)
    assert looks.index(min(looks)) == len(looks) - 1 - COURSE.patience
    with torch.inference_mode():
        assert made_early._look() == pytest.approx(min(looks), rel=1e-5)


def test_learning_that_goes_astray_is_told_with_the_remedy(llama: Path, tokenizer: Any) -> None:
    astray, made, _ = learning(llama, rows(tokenizer, 8, "by the weir"), epochs=3)
    for _, each in made.named_parameters():
        each.data[:] = float("nan")
    with pytest.raises(TuningFailed, match=r"went astray at step 1 .*: lower training\.learning_rate"):
        astray.run()


@given(steps=st.integers(1, 300), warmup=st.floats(0, 0.5))
@settings(max_examples=50)
def test_the_rate_rises_then_falls_to_nearly_nothing_and_is_never_above_the_highest(steps: int, warmup: float) -> None:
    course = replace(COURSE, warmup=warmup)
    found = [rate(course, step, steps) for step in range(steps)]
    top = found.index(max(found))
    assert all(0 < one <= course.learning_rate + 1e-12 for one in found)
    assert found[: top + 1] == sorted(found[: top + 1]) and found[top:] == sorted(found[top:], reverse=True)
    assert top <= math.ceil(warmup * steps) + 1


@given(count=st.integers(1, 60), size=st.integers(1, 9), epoch=st.integers(0, 3))
@settings(max_examples=50)
def test_every_row_is_in_one_batch_of_an_epoch_in_an_order_that_can_be_made_again(
    count: int, size: int, epoch: int
) -> None:
    some = [Row((at,) * (1 + at % 7), (True,) * (1 + at % 7)) for at in range(count)]
    made = batches(some, size, 5, epoch)
    assert sorted(row.ids for batch in made for row in batch) == sorted(row.ids for row in some)
    assert len(made) == math.ceil(count / size)
    assert made == batches(some, size, 5, epoch)


def test_a_checkpoint_comes_back_only_to_the_training_that_it_is_of(llama: Path, tokenizer: Any) -> None:
    import torch

    some = rows(tokenizer, 16, "by the weir")
    half, _, _ = learning(llama, some, some[:4], epochs=1)
    half.run()
    blob = half.checkpoint()
    state, tensors = unpacked(blob, "mine")
    assert state == half.state and state.step == 2
    again, made, _ = learning(llama, some, some[:4])
    again.resume(state, tensors)
    assert all(torch.equal(each, tensors[f"now.{name}"]) for name, each in weights(made).items())
    with pytest.raises(Corrupt, match="with other messages or settings"):
        unpacked(blob, "another's")
    with pytest.raises(Corrupt, match="of another base model"):
        again.resume(state, {name: each[:1] for name, each in tensors.items()})


SMALL = State("mine", step=3)


@given(at=st.integers(0, 400), by=st.integers(1, 255), cut=st.integers(0, 400))
@settings(max_examples=80)
def test_a_damaged_checkpoint_is_called_corrupt_and_nothing_else_happens(at: int, by: int, cut: int) -> None:
    import torch

    blob = packed(SMALL, {"now.a": torch.zeros(4, 4), "rng": torch.arange(16)})
    changed = bytearray(blob)
    changed[at % len(blob)] ^= by
    for damaged in (bytes(changed), blob[: cut % len(blob)]):
        try:
            state, _ = unpacked(damaged, "mine")
        except Corrupt:
            continue
        assert isinstance(state, State)
