"""Refusals of exports: one sentence, a remedy, and nobody's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo.corpus.importers import Limits, read_all
from echo.corpus.importers.limits import DEFAULT
from echo.errors import ImportRefused
from tests.corpus.exports import SECRET

ROW = {"author": "wren", "channel": "hedge", "ts": 1_600_000_000, "text": SECRET}


def refusal(path: Path, limits: Limits = DEFAULT) -> str:
    """The sentence in which the export is refused: one line, with a remedy, without anybody's words."""
    with pytest.raises(ImportRefused) as caught:
        read_all(path, limits=limits)
    sentence = str(caught.value)
    assert SECRET not in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".") and ";" in sentence
    assert sentence.startswith(str(path))
    return sentence


def file_of(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
