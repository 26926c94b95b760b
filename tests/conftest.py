"""What every test shares: nothing of this machine's settings or data reaches a test."""

from __future__ import annotations

import gc
import os
import tempfile

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and is no matter of any test.
settings.register_profile("echo", deadline=None)
settings.load_profile("echo")

for _name in [name for name in os.environ if name.startswith("ECHO_") or name == "DISCORD_TOKEN"]:
    del os.environ[_name]

# The default data folder follows this variable, also in the processes that tests start.
_DATA_HOME = tempfile.TemporaryDirectory(prefix="echo-tests-")
os.environ["XDG_DATA_HOME"] = _DATA_HOME.name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Figures that tests noted with `record_property("figure", ...)`, whatever process they ran in."""
    reports = terminalreporter.getreports("passed")
    figures = [str(text) for report in reports for name, text in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for text in figures:
            terminalreporter.write_line(text)


def pytest_unconfigure() -> None:
    _DATA_HOME.cleanup()


# What is imported stays until the end: the collector need not look at it again and again.
gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
