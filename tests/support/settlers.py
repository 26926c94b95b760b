"""The invented people's talk, as much of it as a test needs: invented once, as that takes half a second."""

from __future__ import annotations

from functools import cache

from echo.corpus.written import Written
from echo.sandbox.invented import invent


@cache
def everybody() -> tuple[Written, ...]:
    """All of it."""
    return tuple(invent(1))


def gardeners() -> list[Written]:
    """What was said in the smallest of their channels, which is enough to learn to answer from."""
    return [written for written in everybody() if written.channel == "garden"]


def gardeners_and_builders() -> list[Written]:
    """That, and about as much of what was last said in another channel."""
    return gardeners() + [written for written in everybody() if written.channel == "workshop"][-400:]
