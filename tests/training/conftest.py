"""The tiny base, made once for all the workers of a test run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.support.tiny_llama import tiny_gguf, tiny_llama
from tests.support.train_extra import need_train


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Prints the figures that tests have recorded under the name `figure`."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def llama(shared: Path) -> Path:
    """The tiny llama in Hugging Face form. Nobody may change it."""
    need_train()
    return tiny_llama(shared / "tiny-llama")


@pytest.fixture(scope="session")
def llama_gguf(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same llama as GGUF, F16. Nobody may change it."""
    return tiny_gguf(llama, tmp_path_factory.mktemp("gguf") / "tiny-f16.gguf")
