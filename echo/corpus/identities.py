"""Discord's ids where an export has them, and lasting substitutes where it has none."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from echo.corpus.written import Written

_EPOCH = 1_420_070_400.0
"""Seconds: the origin of Discord's ids (Discord API reference, "Snowflakes")."""
_COUNTER_BITS = 22
_LARGEST = 2**63 - 1
_TOLERANCE = 60.0
"""Seconds by which a message's time may differ from that in its id: exports round to seconds or minutes."""
_REMEMBERED = 10_000
"""Substitutes that are kept at hand, and messages without an id of Discord's to which a later one may still reply."""


class Identities:
    """Gives numbers to what an export names. `key` keeps others from guessing by them what was written.

    Substitutes are negative, as no id of Discord's is; they depend on nothing but the key and what is named, so that
    the same message has the same one whenever and from whichever file it is read.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[tuple[str, ...], int] = {}
        self._answerable: OrderedDict[tuple[str, str], int] = OrderedDict()

    def message(self, written: Written) -> tuple[int, float]:
        """A message's id and time (epoch seconds).

        An id is taken for Discord's where it is of the message's own time, which then is told by the id to the
        millisecond, as it is of messages that Discord gave.
        """
        number = number_of(written.key)
        if number is not None:
            ts = (number >> _COUNTER_BITS) / 1000 + _EPOCH
            if abs(ts - written.ts) <= _TOLERANCE:
                return number, ts
        made = self._made(
            "message", written.channel_id or written.channel, f"{written.ts:.3f}", _who(written), written.text
        )
        if written.key is not None:
            self._answerable[written.channel, written.key] = made
            if len(self._answerable) > _REMEMBERED:
                self._answerable.popitem(last=False)
        return made, written.ts

    def reply_to(self, written: Written, message_id: int) -> int | None:
        """The id of the message that this one answers, where it is known."""
        if written.reply_to is None:
            return None
        return (
            number_of(written.reply_to) if message_id > 0 else self._answerable.get((written.channel, written.reply_to))
        )

    def author(self, written: Written) -> int:
        """The id of who wrote it."""
        return number_of(written.author_id) or self._stand_in("user", _who(written))

    def named(self, name: str) -> int:
        """The id of somebody of whom an export tells nothing but their name."""
        return self._made("user", name)

    def channel(self, written: Written) -> int:
        """The id of where it stands."""
        return number_of(written.channel_id) or self._stand_in("channel", written.parent or "", written.channel)

    def server(self, written: Written) -> int:
        """The id of the server where it stands; 0 where that is not known."""
        return number_of(written.server_id) or 0

    def _stand_in(self, *named: str) -> int:
        """The same few people and channels come again and again."""
        known = self._known.get(named)
        if known is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            known = self._known[named] = self._made(*named)
        return known

    def _made(self, *named: str) -> int:
        said = "".join(f"{len(one)}:{one}" for one in named).encode("utf-8", "replace")
        number = int.from_bytes(blake2b(said, digest_size=8, key=self._key, person=b"import").digest())
        return -(number >> 1) or -1


def _who(written: Written) -> str:
    return written.author_id or written.author


def number_of(text: str | None) -> int | None:
    """The id that `text` is, if it can be one of Discord's."""
    if text is None or len(text) > 19 or not text.isascii() or not text.isdecimal():
        return None
    number = int(text)
    return number if 0 < number <= _LARGEST else None
