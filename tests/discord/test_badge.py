"""The badge is in every picture of an echo, is seen in a circle of 40 pixels, and no picture gets the better of it."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from echo.discord.badge import SIZE, badge_alone, badged


def picture(
    colour: tuple[int, int, int] = (200, 120, 40), size: tuple[int, int] = (256, 256), form: str = "PNG"
) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size, colour).save(held, form)
    return held.getvalue()


def animated(form: str) -> bytes:
    held = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 120, 240)]
    frames[0].save(held, form, save_all=True, append_images=frames[1:], duration=50)
    return held.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of few bytes that says that it is so wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def opened(png: bytes | None) -> Image.Image:
    assert png is not None and png.startswith(b"\x89PNG") and len(png) < 256 * 1024
    found = Image.open(io.BytesIO(png))
    assert found.size == (SIZE, SIZE)
    return found.convert("RGB")


def contrast(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The ratio of WCAG 2.2 between two colours, 1..21."""

    def light(colour: tuple[int, ...]) -> float:
        parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (124, 58, 237), (200, 120, 40)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_badge_is_seen_in_any_picture_at_40_pixels(colour: tuple[int, int, int], form: str) -> None:
    small = opened(badged(picture(colour, (300, 180), form))).resize((40, 40), Image.Resampling.LANCZOS)
    disc, head = small.getpixel((27, 20)), small.getpixel((27, 26))
    assert isinstance(disc, tuple) and isinstance(head, tuple)
    lightest = max((small.getpixel((x, y)) for x in range(22, 33) for y in range(22, 33)), key=sum)  # type: ignore[arg-type]
    darkest = min((small.getpixel((x, y)) for x in range(18, 36) for y in range(18, 36)), key=sum)  # type: ignore[arg-type]
    assert contrast(lightest, darkest) > 3  # type: ignore[arg-type]
    ring = small.getpixel((20, 1))
    assert isinstance(ring, tuple) and ring[2] > 200 and ring[1] < 120, "the ring is violet whatever is within"


def test_all_of_it_lies_within_the_circle_that_discord_cuts_out() -> None:
    with_badge, paper = opened(badged(picture())), (200, 120, 40)
    changed = [
        (x, y)
        for x in range(SIZE // 2, SIZE)
        for y in range(SIZE // 2, SIZE)
        if (found := with_badge.getpixel((x, y))) and isinstance(found, tuple) and abs(found[0] - paper[0]) > 40
    ]
    disc = [(x, y) for x, y in changed if 0.45 < x / SIZE < 0.9 and 0.45 < y / SIZE < 0.9]
    farthest = max(((x / SIZE - 0.5) ** 2 + (y / SIZE - 0.5) ** 2) ** 0.5 for x, y in disc)
    assert len(disc) > 5000 and farthest <= 0.5


HOSTILE = {
    "nothing": b"",
    "text": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a picture cut off": picture((1, 2, 3))[:-40],
    "one whose data is cut off": picture(size=(900, 900), form="JPEG")[:2000],
    "a bomb": bomb(20_000),
    "a larger bomb": bomb(60_000),
    "one wider than any": picture(size=(4000, 2)),
    "a gif": picture(form="GIF"),
    "a moving gif": animated("GIF"),
    "a moving png": animated("PNG"),
    "a moving webp": animated("WEBP"),
    "a tiff": picture(form="TIFF"),
    "a bitmap": picture(form="BMP"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_single_whole_picture_is_not_drawn_on(what: str) -> None:
    assert badged(HOSTILE[what]) is None


@settings(max_examples=25)
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 400))
def test_bytes_that_were_damaged_anywhere_raise_nothing(noise: bytes, at: int, kept: int) -> None:
    whole = picture(size=(40, 40))
    found = badged(whole[:at] + noise + whole[at : at + kept])
    assert found is None or opened(found).size == (SIZE, SIZE)


def test_the_badge_stands_alone_where_there_is_no_picture() -> None:
    assert opened(badge_alone()).getpixel((SIZE // 2, 2)) != (255, 255, 255)
