"""The base's folder is looked at before anything is loaded; what is wrong is said in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echo.training.base import base_folder
from echo.training.failures import BaseUnusable

CONFIG = {"architectures": ["LlamaForCausalLM"]}
CHATS = {"chat_template": "{{ messages }}"}


def folder(at: Path, **files: object) -> Path:
    """A base with these files, in place of the usual ones; None leaves one out."""
    usual: dict[str, object] = {
        "config.json": CONFIG,
        "tokenizer.json": {},
        "tokenizer_config.json": CHATS,
        "model.safetensors": "weights",
    }
    for name, value in (usual | {key.replace("__", "."): value for key, value in files.items()}).items():
        if value is not None:
            (at / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return at


def test_a_whole_base_is_taken_also_in_parts_or_with_its_template_in_a_file_of_its_own(tmp_path: Path) -> None:
    assert base_folder(str(folder(tmp_path))) == tmp_path
    folder(tmp_path, tokenizer_config__json={}, chat_template__jinja="{{ messages }}")
    (tmp_path / "model.safetensors").rename(tmp_path / "model-1-of-1.safetensors")
    folder(
        tmp_path,
        model__safetensors=None,
        model__safetensors__index__json={"weight_map": {"a": "model-1-of-1.safetensors"}},
    )
    assert base_folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"config__json": None}, r"lacks config\.json, so it is incomplete: fetch it again"),
        ({"tokenizer__json": None}, r"lacks tokenizer\.json"),
        ({"model__safetensors": None}, r"lacks model\.safetensors"),
        (
            {"model__safetensors__index__json": {"weight_map": {"a": "part-2.safetensors"}}},
            r"lacks part-2\.safetensors",
        ),
        ({"config__json": "{"}, r"config\.json can't be read \(JSONDecodeError\): fetch the base model again"),
        ({"config__json": "[]"}, r"config\.json is not what it should be"),
        ({"tokenizer_config__json": {}}, r"has no chat template, so it is no chat model: choose its instruction-tuned"),
        ({"tokenizer_config__json": None}, r"has no chat template"),
    ],
)
def test_what_a_base_lacks_is_named(tmp_path: Path, files: dict[str, object], said: str) -> None:
    with pytest.raises(BaseUnusable, match=said):
        base_folder(str(folder(tmp_path, **files)))


def test_no_base_and_a_base_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(BaseUnusable, match=r"No base model to fine-tune is set: training\.base has to name the folder"):
        base_folder(" ")
    with pytest.raises(BaseUnusable, match=r"There is no folder .*gone: training\.base"):
        base_folder(str(tmp_path / "gone"))
