"""Large contents are sealed part by part, and what was done to the parts shows."""

from __future__ import annotations

import pytest

from db.cipher import Cipher
from db.errors import Tampered
from db.parted import PART, opened, sealed_parts

CIPHER = Cipher(bytes(32))
PLACE = ("model", 1, 2)
CONTENT = bytes(range(256)) * (PART // 256) * 2 + b"the end"


def sealed(content: bytes = CONTENT) -> list[bytes]:
    return list(sealed_parts(CIPHER, content, *PLACE))


@pytest.mark.parametrize("content", [b"", b"x", bytes(PART), bytes(PART + 1), CONTENT], ids=len)
def test_what_was_sealed_in_parts_comes_back(content: bytes) -> None:
    assert opened(CIPHER, b"".join(sealed(content)), *PLACE) == content


def test_what_an_older_echo_sealed_in_one_piece_comes_back() -> None:
    assert opened(CIPHER, CIPHER.seal(CONTENT, *PLACE), *PLACE) == CONTENT


def test_parts_that_were_changed_moved_left_out_or_mixed_do_not_open() -> None:
    head, first, second, last = sealed()
    other = sealed()
    changed = [
        [head, second, first, last],
        [head, first, second],
        [head, first, last],
        [head, first, second, last[:-1]],
        [head, first, second, last, b"x"],
        [head, first, other[2], last],
        [other[0], first, second, last],
        [head[:-1] + b"\x02", first, second],
        [head, first[:-1] + bytes([first[-1] ^ 1]), second, last],
        [head],
        [head[:12]],
    ]
    for parts in changed:
        with pytest.raises(Tampered):
            opened(CIPHER, b"".join(parts), *PLACE)
    with pytest.raises(Tampered):
        opened(CIPHER, b"".join(sealed()), "model", 1, 3)
