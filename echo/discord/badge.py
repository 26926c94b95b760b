"""The picture of an echo: its person's, with a badge drawn into it that nobody can take for a person's own. Pure.

Discord shows pictures as circles, some 40 pixels wide beside a message and 128 in a profile, on light and on dark. So
the badge is a thick ring at the circle's edge and a robot's face within it, both in one colour against white.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

from PIL import Image, ImageDraw, ImageOps

SIZE: Final = 256
"""Pixels, of the picture's width and height; Discord takes any and makes smaller ones of it."""
LOOK: Final = 1
"""The badge's version: another drawing is another number, so that pictures are made anew."""
FINER: Final = 3
"""How many times as large it is drawn, so that its edges are smooth."""
WIDEST: Final = 2048
"""Pixels of the width and height of a picture that is opened: Discord gives the size that it is asked for."""
FORMATS: Final = ("PNG", "JPEG", "WEBP")
_COLOUR, _DARK, _WHITE = (124, 58, 237), (76, 29, 149), (255, 255, 255)
_DAMAGED: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, OverflowError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow raises for pictures that are none."""


def badged(picture: bytes) -> bytes | None:
    """A picture with the badge, as PNG; None for what is no single, whole picture of a sane size in one of FORMATS."""
    face = _opened(picture)
    return None if face is None else _png(_drawn(face))


def badge_alone() -> bytes:
    """The badge where there is no picture, as PNG."""
    paper = Image.new("RGB", (SIZE * FINER, SIZE * FINER), (237, 233, 254))
    draw = ImageDraw.Draw(paper)
    _ring(draw)
    _robot(draw, 0.5, 0.53, 0.6)
    return _png(paper)


def _opened(picture: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as found:
            if max(found.size) > WIDEST or min(found.size) < 1 or getattr(found, "is_animated", False):
                return None
            found.load()
            whole = ImageOps.exif_transpose(found).convert("RGBA")
    except _DAMAGED:
        return None
    # Discord shows what is transparent on its own background; here it gets one that both its themes bear.
    paper = Image.new("RGBA", whole.size, (*_WHITE, 255))
    return Image.alpha_composite(paper, whole).convert("RGB")


def _drawn(face: Image.Image) -> Image.Image:
    side = SIZE * FINER
    paper = ImageOps.fit(face, (side, side), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(paper)
    _ring(draw)
    # Within the circle that Discord cuts out: its centre and radius reach 0.48 of the width from the middle.
    _disc(draw, 0.675, 0.675, 0.228, _WHITE)
    _disc(draw, 0.675, 0.675, 0.203, _COLOUR)
    _robot(draw, 0.675, 0.69, 0.25, _WHITE, _COLOUR)
    return paper


def _ring(draw: ImageDraw.ImageDraw) -> None:
    side = SIZE * FINER
    for inset, width, colour in ((0.0, 0.075, _COLOUR), (0.065, 0.016, _WHITE)):
        box = (inset * side, inset * side, (1 - inset) * side - 1, (1 - inset) * side - 1)
        draw.ellipse(box, outline=colour, width=round(width * side))


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    side = SIZE * FINER
    draw.ellipse(((x - radius) * side, (y - radius) * side, (x + radius) * side, (y + radius) * side), fill=colour)


def _robot(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    width: float,
    head: tuple[int, int, int] = _COLOUR,
    hole: tuple[int, int, int] = _WHITE,
) -> None:
    """A robot's face around a point, so wide (as shares of the picture's width)."""
    side, high = SIZE * FINER, 0.72 * width
    left, top = x - width / 2, y - high / 2

    def box(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
        return (left + a * width) * side, (top + b * high) * side, (left + c * width) * side, (top + d * high) * side

    draw.rectangle(box(0.46, -0.22, 0.54, 0.05), fill=head)
    draw.ellipse(box(0.39, -0.38, 0.61, -0.08), fill=head)
    draw.rounded_rectangle(box(0.0, 0.0, 1.0, 1.0), radius=0.22 * width * side, fill=head)
    for eye in (0.3, 0.7):
        draw.ellipse(box(eye - 0.13, 0.22, eye + 0.13, 0.22 + 0.26 / 0.72), fill=hole)
    draw.rounded_rectangle(box(0.28, 0.7, 0.72, 0.83), radius=0.04 * width * side, fill=hole)


def _png(paper: Image.Image) -> bytes:
    held = io.BytesIO()
    paper.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(held, "PNG", optimize=True)
    return held.getvalue()
