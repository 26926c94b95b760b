"""An adapter merged into a GGUF file speaks as PEFT's own merge does, to an independent reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.train_extra import need_train

need_train()

from gguf import GGMLQuantizationType, GGUFReader  # noqa: E402
from gguf.quants import dequantize  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from echo.training.adapter_file import write_adapter  # noqa: E402
from echo.training.disk import DiskTooFull  # noqa: E402
from echo.training.gguf_file import MergeFailed, read_gguf  # noqa: E402
from echo.training.low_rank import LowRank, read_adapter  # noqa: E402
from echo.training.merging import Merged, check, merge  # noqa: E402
from echo.training.placing import place  # noqa: E402
from tests.support.tiny_llama import HEADS, KEY_HEADS, rotated, tiny_gguf  # noqa: E402
from tests.support.trained import Trained, adapter_of, divergence, prompts, read_back  # noqa: E402

Record = Callable[[str, object], None]
SAME = 1e-3
"""Mean KL divergence, in nats, up to which two models say the same."""


@pytest.fixture(scope="module")
def trained(llama: Path) -> Trained:
    return adapter_of(llama, steps=60)


@pytest.fixture(scope="module")
def ids(llama: Path) -> list[Any]:
    return prompts(llama)


def merged(base: Path, trained: Trained, to: Path, kind: str, folder: Path | None = None) -> Merged:
    return merge(base, read_adapter(trained.weights, trained.config), to, kind, folder)


@pytest.mark.parametrize("with_folder", [True, False])
def test_the_merged_file_says_what_peft_says(
    with_folder: bool,
    llama: Path,
    llama_gguf: Path,
    trained: Trained,
    ids: list[Any],
    tmp_path: Path,
    record_property: Record,
) -> None:
    made = merged(llama_gguf, trained, tmp_path / "m.gguf", "F16", llama if with_folder else None)
    content = (tmp_path / "m.gguf").read_bytes()
    assert (made.size, made.digest) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    mine = divergence(trained.merged, read_back(tmp_path / "m.gguf"), ids)
    untrained = divergence(trained.merged, AutoModelForCausalLM.from_pretrained(llama).eval(), ids)
    assert mine <= SAME
    # The adapter says something: without it, it is another model.
    assert untrained > 50 * SAME
    record_property(
        "figure", f"KL of the merged F16: {mine:.1e} nats; of the base without the adapter: {untrained:.1e}"
    )


@pytest.mark.parametrize(
    ("base_kind", "kind", "most"),
    [
        ("F32", "F32", 1e-9),
        ("BF16", "F16", SAME),
        ("F16", "Q8_0", 5 * SAME),
        ("Q8_0", "Q8_0", 5 * SAME),
        ("Q8_0", "F16", 5 * SAME),
    ],
)
def test_every_form_of_base_and_result_is_read_and_written(
    base_kind: str,
    kind: str,
    most: float,
    llama: Path,
    trained: Trained,
    ids: list[Any],
    tmp_path: Path,
    record_property: Record,
) -> None:
    base = tiny_gguf(llama, tmp_path / "base.gguf", base_kind)
    merged(base, trained, tmp_path / "m.gguf", kind, llama)
    found = divergence(trained.merged, read_back(tmp_path / "m.gguf"), ids)
    record_property("figure", f"KL of the merged {kind} from a base in {base_kind}: {found:.1e} nats")
    assert found <= most
    types = {t.name: t.tensor_type.name for t in GGUFReader(tmp_path / "m.gguf").tensors}
    assert types["blk.0.attn_q.weight"] == kind
    assert types["blk.0.attn_norm.weight"] == "F32"


@pytest.mark.parametrize("wrong", ["q", "k"])
def test_the_numbers_tell_when_queries_or_keys_are_not_rearranged(
    wrong: str, llama: Path, llama_gguf: Path, trained: Trained, ids: list[Any], tmp_path: Path
) -> None:
    # The same pairs with their rows turned back beforehand, so that what is merged is what Hugging Face has.
    heads = HEADS if wrong == "q" else KEY_HEADS
    pairs = [
        replace(pair, b=back(pair.b, heads)) if pair.target.endswith(f"{wrong}_proj") else pair
        for pair in read_adapter(trained.weights, trained.config)
    ]
    merge(llama_gguf, pairs, tmp_path / "m.gguf", "F16")
    assert divergence(trained.merged, read_back(tmp_path / "m.gguf"), ids) > SAME


def back(rows: Any, heads: int) -> Any:
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


@settings(max_examples=8)
@given(
    rank=st.integers(1, 40),
    alpha=st.floats(0.1, 64),
    stabilised=st.booleans(),
    modules=st.sets(st.sampled_from(["q_proj", "k_proj", "v_proj", "down_proj"]), min_size=1),
    seed=st.integers(0, 2**16),
)
def test_any_rank_and_alpha_add_up_to_what_peft_adds(
    rank: int,
    alpha: float,
    stabilised: bool,
    modules: set[str],
    seed: int,
    llama: Path,
    llama_gguf: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made = adapter_of(llama, r=rank, lora_alpha=alpha, use_rslora=stabilised, target_modules=sorted(modules), seed=seed)
    to = tmp_path_factory.mktemp("any") / "m.gguf"
    merged(llama_gguf, made, to, "F32")
    written = {tensor.name: tensor for tensor in GGUFReader(to).tensors}
    wanted = made.merged.state_dict()
    for module in sorted(modules):
        own = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "down_proj": "ffn_down"}[module]
        part = "mlp" if module == "down_proj" else "self_attn"
        right = wanted[f"model.layers.1.{part}.{module}.weight"].numpy()
        if module in ("q_proj", "k_proj"):
            right = rotated(right, HEADS if module == "q_proj" else KEY_HEADS)
        tensor = written[f"blk.1.{own}.weight"]
        # The base is F16, so of each weight three digits are right.
        np.testing.assert_allclose(dequantize(tensor.data, tensor.tensor_type), right, atol=2e-3, rtol=2e-3)


def test_metadata_and_template_stay_byte_for_byte_and_what_was_not_touched_too(
    llama: Path, trained: Trained, tmp_path: Path
) -> None:
    base = tiny_gguf(llama, tmp_path / "base.gguf", "Q4_0")
    only_q = adapter_of(llama, target_modules=["q_proj"])
    merged(base, only_q, tmp_path / "m.gguf", "Q8_0", llama)
    before, after = GGUFReader(base), GGUFReader(tmp_path / "m.gguf")
    assert set(after.fields) == {*before.fields, "general.file_type"}
    for key in set(before.fields) - {"GGUF.kv_count", "general.file_type"}:
        assert [part.tobytes() for part in before.fields[key].parts] == [
            part.tobytes() for part in after.fields[key].parts
        ], key
    for old, new in zip(before.tensors, after.tensors, strict=True):
        touched = "attn_q" in old.name
        assert new.tensor_type == (GGMLQuantizationType.Q8_0 if touched else old.tensor_type)
        assert touched or old.data.tobytes() == new.data.tobytes()


def test_the_adapter_beside_the_base_multiplies_to_the_same_change(
    llama: Path, llama_gguf: Path, tmp_path: Path
) -> None:
    made = adapter_of(llama, r=4, lora_alpha=7, rank_pattern={"k_proj": 2}, alpha_pattern={"k_proj": 3})
    pairs = read_adapter(made.weights, made.config)
    write_adapter(llama_gguf, pairs, tmp_path / "a.gguf", llama)
    reader = GGUFReader(tmp_path / "a.gguf")
    parts = {tensor.name: tensor.data for tensor in reader.tensors}
    assert reader.fields["general.type"].contents() == "adapter"
    assert reader.fields["adapter.type"].contents() == "lora"
    alpha = reader.fields["adapter.lora.alpha"].contents()
    for name, placed in place(read_gguf(llama_gguf), pairs, llama).items():
        a, b = parts[f"{name}.lora_a"], parts[f"{name}.lora_b"]
        # As llama.cpp applies it: alpha over the rank, which is the rows of A.
        np.testing.assert_allclose(alpha / a.shape[0] * (b @ a), placed.scale * (placed.b @ placed.a), atol=1e-5)
    assert placed.tensor.shape == (b.shape[0], a.shape[1])


def test_a_patterned_alpha_is_peft_s(llama: Path, llama_gguf: Path, ids: list[Any], tmp_path: Path) -> None:
    made = adapter_of(llama, r=4, rank_pattern={"k_proj": 2}, alpha_pattern={"layers.1.self_attn.k_proj": 90})
    merged(llama_gguf, made, tmp_path / "m.gguf", "F16", llama)
    assert divergence(made.merged, read_back(tmp_path / "m.gguf"), ids) <= SAME


def test_a_base_that_is_another_model_is_refused_before_anything_is_written(
    llama: Path, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    weights = load_file(llama / "model.safetensors")
    save_file({name: np.roll(one, 7, -1) for name, one in weights.items()}, other / "model.safetensors")
    for refused in (
        lambda: merged(llama_gguf, trained, tmp_path / "m.gguf", "F16", other),
        lambda: check(llama_gguf, tmp_path, "F16", other),
    ):
        with pytest.raises(MergeFailed, match=r"is not the model in .*training\.base_gguf"):
            refused()
    check(llama_gguf, tmp_path, "F16", llama)
    assert not (tmp_path / "m.gguf").exists()


def test_the_arrangement_is_seen_where_the_architecture_says_another(
    llama: Path, trained: Trained, tmp_path: Path
) -> None:
    # Mistral's own form is converted without rearranging, under the same architecture.
    plain = tmp_path / "plain"
    plain.mkdir()
    weights = load_file(llama / "model.safetensors")
    for name, one in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weights[name] = np.ascontiguousarray(rotated(one, HEADS if "q_proj" in name else KEY_HEADS))
    save_file(weights, plain / "model.safetensors")
    base = tiny_gguf(llama, tmp_path / "base.gguf")
    pairs = read_adapter(trained.weights, trained.config)
    seen, supposed = place(read_gguf(base), pairs, plain), place(read_gguf(base), pairs, None)
    by_target = {pair.target: pair for pair in pairs}
    pair = by_target["model.layers.0.self_attn.q_proj"]
    assert np.array_equal(seen["blk.0.attn_q.weight"].b, pair.b)
    assert np.array_equal(supposed["blk.0.attn_q.weight"].b, rotated(pair.b, HEADS))


def _without_template(content: bytes) -> bytes:
    return content.replace(b"tokenizer.chat_template", b"tokenizer.xxxx_template")


def _unknown(content: bytes) -> bytes:
    return content.replace(b"\x05\x00\x00\x00\x00\x00\x00\x00llama", b"\x05\x00\x00\x00\x00\x00\x00\x00qqqqq")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: b"", "can't be read|no whole GGUF"),
        (lambda content: b"PK\x03\x04" + content[4:], "no whole GGUF"),
        (lambda content: content[:-5000], "no whole GGUF"),
        (lambda content: content[:3000], "no whole GGUF"),
        (_without_template, "no chat template"),
        (_unknown, "'qqqqq' can't be merged"),
    ],
)
def test_a_damaged_or_unfit_base_is_one_sentence(
    damage: Any, said: str, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "bad.gguf").write_bytes(damage(llama_gguf.read_bytes()))
    with pytest.raises(MergeFailed, match=said) as caught:
        merged(tmp_path / "bad.gguf", trained, tmp_path / "m.gguf", "F16")
    assert str(caught.value).count(". ") == 0
    assert not (tmp_path / "m.gguf").exists()


@settings(max_examples=150)
@given(data=st.data())
def test_any_damage_to_a_base_is_a_sentence_or_harmless(
    data: st.DataObject, llama_gguf: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(llama_gguf.read_bytes())
    ends = content.index(b"blk.0.attn_k.weight") + 2000
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.one_of(st.integers(0, 900), st.integers(ends - 4000, ends), st.integers(0, ends)))
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "base.gguf"
    path.write_bytes(content)
    try:
        check(path, path.parent, "Q8_0")
    except (MergeFailed, DiskTooFull) as refusal:
        assert str(refusal).endswith(".")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"use_dora": True}, "no plain LoRA .use_dora."),
        ({"bias": "all"}, "no plain LoRA .bias."),
        ({"peft_type": "IA3"}, "no plain LoRA"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"lora_alpha": None}, "damaged"),
    ],
)
def test_an_adapter_that_is_more_than_lora_is_refused_by_name(
    change: dict[str, Any], said: str, trained: Trained
) -> None:
    with pytest.raises(MergeFailed, match=said):
        read_adapter(trained.weights, json.dumps(json.loads(trained.config) | change))


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_adapter_is_one_sentence_or_still_an_adapter(data: st.DataObject, trained: Trained) -> None:
    content = bytearray(trained.weights)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 3000))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(content), 0, 5, 500, len(content) - 1]))
    try:
        assert all(isinstance(pair, LowRank) for pair in read_adapter(bytes(content[:cut]), trained.config))
    except MergeFailed as refusal:
        assert str(refusal).endswith(".")
