"""What goes between Echo and the child that fine-tunes.

To the child: a head line with an Order, one line for each talk (those to train on first), then the checkpoint's bytes.
From it JSON lines: {"step", "steps", "loss", "speed", "left"}, {"validation", ...}, {"halved": rows}, {"anew": why},
{"checkpoint": n} with so many bytes after it, and last {"adapter": n, ...} with its bytes or {"error", "kind"}.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from echo.engines.wire import CHUNK, line_of
from echo.training.learning import Course
from echo.training.talk import Lesson


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is told; `training` and `validation` are how many talks follow, `checkpoint` how many bytes."""

    fingerprint: str
    base: str
    rank: int
    alpha: float
    dropout: float
    max_tokens: int
    device: str
    threads: int
    system: str
    course: Course
    training: int
    validation: int
    checkpoint: int = 0
    halvings: int = 0


def request(order: Order, lesson: Lesson, checkpoint: bytes) -> Iterator[bytes]:
    """All that the child reads."""
    yield line_of(asdict(order))
    yield from lesson.lines()
    view = memoryview(checkpoint)
    for start in range(0, len(checkpoint), CHUNK):
        yield bytes(view[start : start + CHUNK])


def order_of(head: dict[str, Any]) -> Order:
    """The order of a head line."""
    return Order(**{**head, "course": Course(**head["course"])})
