"""The base model as a folder in Hugging Face form: looked at before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from echo.training.failures import BaseUnusable

INDEX: Final = "model.safetensors.index.json"
WHOLE: Final = "model.safetensors"
HOW: Final = "training.base has to name the folder of a chat model in Hugging Face form"


def base_folder(setting: str) -> Path:
    """The folder, which has all that is needed, as far as that can be told without loading it.

    Raises BaseUnusable where it is not set, not there or incomplete, or the base is no chat model.
    """
    if not setting.strip():
        raise BaseUnusable(f"No base model to fine-tune is set: {HOW}.")
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise BaseUnusable(f"There is no folder {folder}: {HOW}.")
    _read(folder / "config.json")
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer.model").is_file():
        raise _lacks(folder, "tokenizer.json")
    for name in _weights(folder):
        if not (folder / name).is_file():
            raise _lacks(folder, name)
    if not _chats(folder):
        raise BaseUnusable(
            f"The base model in {folder} has no chat template, so it is no chat model: choose its instruction-tuned "
            "sister as training.base."
        )
    return folder


def _weights(folder: Path) -> set[str]:
    """The files that hold the weights."""
    if not (folder / INDEX).is_file():
        return {WHOLE}
    weights = _read(folder / INDEX).get("weight_map")
    return set(map(str, weights.values())) if isinstance(weights, dict) else {WHOLE}


def _chats(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    settings = folder / "tokenizer_config.json"
    return settings.is_file() and bool(_read(settings).get("chat_template"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise _lacks(path.parent, path.name) from None
    except (OSError, ValueError) as failure:
        raise BaseUnusable(f"{path} can't be read ({type(failure).__name__}): fetch the base model again.") from failure
    if not isinstance(found, dict):
        raise BaseUnusable(f"{path} is not what it should be: fetch the base model again.")
    return found


def _lacks(folder: Path, name: str) -> BaseUnusable:
    return BaseUnusable(f"The base model in {folder} lacks {name}, so it is incomplete: fetch it again; {HOW}.")
