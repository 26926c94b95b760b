"""What is told of a fine-tuning while it goes on: progress for the board, and a log of its own. Never any text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from states.board import Progress

SPARSE: Final = 20
"""Of all steps about so many are logged."""


class TuningLog:
    """Writes the log of one fine-tuning: times, steps and figures, mode 0600. A disk that fails stops no training."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path, self._clock = path, clock

    def write(self, line: str) -> None:
        """Add a line, at once."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{self._clock().isoformat(timespec='seconds')} {line}\n")
        except OSError:
            return

    def row(self, row: Mapping[str, Any]) -> None:
        """Add what is worth a line of what the child said."""
        line = logged(row)
        if line:
            self.write(line)


def logged(row: Mapping[str, Any]) -> str | None:
    """A line for what the child said; None where it is not worth one."""
    where = f"step {row['step']} of {row['steps']}" if "step" in row and "steps" in row else ""
    if "device" in row and "adapter" not in row:
        return f"learning on {row['device']}, {row['threads']} threads"
    if "rows" in row:
        return f"{where}: {row['rows']} rows"
    if "validation" in row:
        return f"{where}: validation loss {row['validation']:.4f}, {row['first']:.4f} before learning"
    if "halved" in row:
        return f"{where}: memory ran out, going on with {row['halved']} at a time"
    if "anew" in row:
        return f"starting anew: {row['anew']}"
    if "checkpoint" in row:
        return f"checkpoint of {row['checkpoint']} bytes"
    if "adapter" in row:
        early = "ended early" if row["early"] else "ended"
        return f"{where}: {early} after {row['seconds']} s, adapter of {row['adapter']} bytes"
    if "loss" in row and (row["step"] - 1) % max(1, row["steps"] // SPARSE) == 0:
        return f"{where}: loss {row['loss']:.4f}, {row['speed']:.0f} tokens/s, {row['left']:.0f} s left"
    return None


def progress_of(row: Mapping[str, Any], what: str = "fine-tuning") -> Progress | None:
    """How far it is, for the board; None where the child said something else."""
    if "step" not in row or "steps" not in row:
        return None
    detail = ""
    if "loss" in row:
        detail = f"Loss {row['loss']:.2f}, {row['speed']:,.0f} tokens/s, {_duration(row['left'])} left."
    elif "halved" in row:
        detail = f"Memory ran out; it goes on with {row['halved']} at a time."
    elif "validation" in row:
        detail = f"Validation loss {row['validation']:.2f}, {row['first']:.2f} before learning."
    elif "rows" in row:
        detail = f"{row['rows']:,} examples."
    return Progress(what, int(row["step"]), int(row["steps"]), "steps", detail)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
