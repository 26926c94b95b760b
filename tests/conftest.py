"""What every test shares: nothing of this machine's settings or data reaches a test."""

from __future__ import annotations

import os
import tempfile

from hypothesis import settings

# How long an example takes says how busy the machine is, and is no matter of any test.
settings.register_profile("echo", deadline=None)
settings.load_profile("echo")

for _name in [name for name in os.environ if name.startswith("ECHO_") or name == "DISCORD_TOKEN"]:
    del os.environ[_name]

# The default data folder follows this variable, also in the processes that tests start.
_DATA_HOME = tempfile.TemporaryDirectory(prefix="echo-tests-")
os.environ["XDG_DATA_HOME"] = _DATA_HOME.name


def pytest_unconfigure() -> None:
    _DATA_HOME.cleanup()
