"""What every test shares: nothing of the machine's own settings may reach a test."""

from __future__ import annotations

import os

for _name in [name for name in os.environ if name.startswith("ECHO_") or name == "DISCORD_TOKEN"]:
    del os.environ[_name]
