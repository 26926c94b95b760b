"""Telling that memory ran out, whatever it is that says so."""

from __future__ import annotations

from typing import Final

_SAYINGS: Final = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


def ran_out(problem: BaseException) -> bool:
    """Whether memory ran out: the processor's or a GPU's, which torch tells in a RuntimeError's words."""
    return isinstance(problem, MemoryError) or any(saying in str(problem).lower() for saying in _SAYINGS)
