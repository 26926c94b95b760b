"""The talk that benchmarks feed on: a real chat where it lies beside the repository, else the invented people's."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from echo.corpus.importers import read_all
from echo.corpus.written import Written
from echo.sandbox.invented import invent
from tests.support.recorded import CHAT
from tests.support.running import export


@dataclass(frozen=True, slots=True)
class Chat:
    """An export on the disk. `name` says which one it is."""

    name: str
    path: Path


def whole_chat(folder: Path) -> Chat:
    """All of the real chat, unpacked into `folder`."""
    packed = CHAT / "zig.jsonl.gz"
    if not packed.exists():
        return _invented(folder)
    path = folder / "chat.jsonl"
    with gzip.open(packed) as source, path.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    return Chat("the whole real chat", path)


def small_chat(folder: Path) -> Chat:
    """A small part of the real chat."""
    path = CHAT / "zig-small.jsonl"
    return Chat("12,000 messages of the real chat", path) if path.exists() else _invented(folder)


def _invented(folder: Path) -> Chat:
    written = [one for one in invent(1) if one.parent is None]
    return Chat("the invented people, as ../shared/chat is not there", export(folder / "chat.jsonl", written))


def read(chat: Chat) -> list[Written]:
    """Its messages, oldest first."""
    return read_all(chat.path)


def most_active(written: Sequence[Written], rank: int = 0) -> str:
    """Who wrote most, or after `rank` others most."""
    return Counter(one.author for one in written).most_common(rank + 1)[rank][0]


def newest_of(written: Sequence[Written], author: str, count: int) -> list[Written]:
    """The end of the chat that holds the author's `count` newest messages, and what others wrote among them."""
    own = [number for number, one in enumerate(written) if one.author == author]
    return list(written[own[-min(count, len(own))] :])
