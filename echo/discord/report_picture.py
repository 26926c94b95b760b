"""A scorecard as a picture: a bar for each axis, and the history below. It holds figures and words of ours alone.

Pillow draws it; its own font is at hand everywhere.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from states.scores import Axis, Scorecard, overall, share

WIDTH: Final = 900
ROW: Final = 34
"""Pixels."""
LEFT, RIGHT = 250, 660
"""Where bars begin and end."""
EDGE: Final = 24
HISTORY: Final = 90
"""Pixels of the history's height."""
MOST_VERSIONS: Final = 20
_PAPER, _INK, _FAINT, _TRACK = "#ffffff", "#1f2430", "#6b7280", "#e5e7eb"
_WEAK, _FAIR, _GOOD = "#c2410c", "#b58900", "#15803d"


def drawn(cards: Sequence[Scorecard]) -> bytes | None:
    """The newest card's bars, and how the versions before it did, as PNG; None without axes."""
    card = cards[-1] if cards else None
    if card is None or not card.axes:
        return None
    means = [(one.version, mean) for one in cards[-MOST_VERSIONS:] if (mean := overall(one)) is not None]
    height = 2 * EDGE + 40 + ROW * len(card.axes) + (HISTORY + 40 if len(means) > 1 else 0)
    image = Image.new("RGB", (WIDTH, height), _PAPER)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(17)
    at = EDGE
    draw.text((EDGE, at), f"Version {card.version}", _INK, font=font)
    draw.text((LEFT, at), "somebody else", _FAINT, font=font)
    draw.text((RIGHT, at), "the person", _FAINT, font=font, anchor="ra")
    draw.text((WIDTH - EDGE, at), "floor · echo · person", _FAINT, font=font, anchor="ra")
    at += 40
    for axis in card.axes:
        _row(draw, font, axis, at, weakest=axis.key == card.weakest)
        at += ROW
    if len(means) > 1:
        _history(draw, font, means, at + 30)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _row(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    axis: Axis,
    top: int,
    *,
    weakest: bool,
) -> None:
    part = share(axis)
    colour = _GOOD if part >= 0.75 else _FAIR if part >= 0.4 else _WEAK
    draw.text((EDGE, top), f"{'> ' if weakest else ''}{axis.label}", _WEAK if weakest else _INK, font=font)
    draw.rounded_rectangle((LEFT, top + 2, RIGHT, top + 20), 5, fill=_TRACK)
    if part > 0.01:
        draw.rounded_rectangle((LEFT, top + 2, LEFT + int(part * (RIGHT - LEFT)), top + 20), 5, fill=colour)
    figures = f"{axis.floor:.2f} · {axis.figure:.2f} · {axis.ceiling:.2f}"
    draw.text((WIDTH - EDGE, top), figures, _FAINT, font=font, anchor="ra")


def _history(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    means: Sequence[tuple[int, float]],
    top: int,
) -> None:
    """How far each version came on the mean of its axes."""
    draw.text((EDGE, top), "all axes, by version", _INK, font=font)
    step = (RIGHT - LEFT) / (len(means) - 1)
    points = [(LEFT + at * step, top + HISTORY * (1 - mean)) for at, (_, mean) in enumerate(means)]
    draw.line((LEFT, top + HISTORY, RIGHT, top + HISTORY), fill=_TRACK)
    draw.line(points, fill=_GOOD, width=3)
    for x, y in points:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_GOOD)
    first, last = means[0][0], means[-1][0]
    draw.text((LEFT, top + HISTORY + 4), str(first), _FAINT, font=font, anchor="ma")
    draw.text((RIGHT, top + HISTORY + 4), str(last), _FAINT, font=font, anchor="ma")
    draw.text((WIDTH - EDGE, points[-1][1] - 9), f"{100 * means[-1][1]:.0f} %", _FAINT, font=font, anchor="ra")
