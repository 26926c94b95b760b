"""The extra `[train]` in tests: they are skipped without it, saying so."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

TRAIN = ("torch", "transformers", "peft", "gguf", "safetensors")
REASON = "the extra [train] is not installed: make test-train installs it and runs these tests"


def has_train() -> bool:
    """Whether all packages of the extra are installed."""
    return all(find_spec(name) for name in TRAIN)


def need_train() -> None:
    """Skip the test, or at a module's beginning all of its tests, where the extra is not installed."""
    if not has_train():
        pytest.skip(REASON, allow_module_level=True)
