"""What the sandbox is filled with, and where its data lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

from echo.corpus.importers import read_all
from echo.sandbox.invented import GUILD_NAME, invent
from echo.sandbox.world import World
from echo.settings import Settings


def home_of(settings: Settings, sandbox: bool, source: Path | None) -> Path:
    """The folder of the database: each world has its own, so that none meets another's ids."""
    if not sandbox:
        return settings.data_dir
    if source is None:
        return settings.data_dir / f"sandbox-{settings.sandbox_seed}"
    digest = hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:12]
    return settings.data_dir / f"sandbox-from-{digest}"


def world_of(seed: int, source: Path | None) -> World:
    """The invented people, or those of an export. Raises ImportRefused for one that can't be read."""
    if source is None:
        return World.populate(seed, GUILD_NAME, invent(seed), manager="Mara")
    return World.populate(seed, f"From {source.name}"[:100], read_all(source))
