"""From the rows of a corpus to what an engine learns from: turns, and examples in the form of chat JSON lines."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Final, Protocol

from db.stored import StoredMessage
from echo.corpus.conversations import (
    Conversation,
    Kind,
    Line,
    Turn,
    bursts_of_lines,
    conversations_of,
    gaps_of,
    line_of,
)
from echo.corpus.dialogue import dialogue
from echo.corpus.selecting import Selected
from echo.persona.turns import Burst, Utterance

SHARES: Final = (0.8, 0.9)
"""Of the examples, oldest first: up to where they are for training, and up to where for validation."""
PART: Final = 1000
"""Lines that are stored as one part."""
SAME_INSTANT: Final = 1.0
"""Seconds within which the same words of one author in one channel are one message that came by two ways."""
LONG: Final = 8
"""Words: an answer from this length on that was given before in the channel is a copy, whatever it answers."""


class Split(StrEnum):
    """What examples are for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Example:
    """One turn of the subject's and what stood before it: nothing where it opened a conversation. See Turn."""

    turn: Turn

    @property
    def opens(self) -> bool:
        """Whether it began a conversation."""
        return self.turn.kind is Kind.OPENING

    def line(self) -> bytes:
        """`{"messages": [...], "meta": {...}}`, ended by a line break: a user first, then by turns, the answer last.

        Several messages of one turn are lines of one content, others' with their name in front. In `meta` are the
        channel's id, `ts` (seconds since the epoch, UTC) and `kind`, "answer" or "opening".
        """
        said = (Utterance(line.author, line.ts, line.text, line.own) for line in self.turn.context)
        answer = {"role": "assistant", "content": "\n".join(line.text for line in self.turn.lines)}
        kind = "opening" if self.opens else "answer"
        meta = {"channel": self.turn.lines[0].channel, "ts": self.turn.ts, "kind": kind}
        # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
        row = {"messages": [*dialogue(said), answer], "meta": meta}
        return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples by split, each oldest first; the test's are the newest. No conversation is in two of them.

    `dropped` counts the turns that are no example: "bare" and "unseen" (what they answer can't be seen), "continued"
    (only the subject spoke before), "repeated" (the same again).
    """

    splits: Mapping[Split, tuple[Example, ...]]
    dropped: Mapping[str, int]

    def answers(self, split: Split) -> list[Example]:
        """Those that answer somebody."""
        return [example for example in self.splits[split] if not example.opens]

    def openings(self, split: Split) -> list[Example]:
        """Those that began a conversation."""
        return [example for example in self.splits[split] if example.opens]

    def parts(self, split: Split) -> Iterator[tuple[int, bytes]]:
        """The split's lines, PART at a time, with how many they are."""
        examples = self.splits[split]
        for start in range(0, len(examples), PART):
            some = examples[start : start + PART]
            yield len(some), b"".join(example.line() for example in some)


class DatasetStore(Protocol):
    """Keeps the parts of datasets, encrypted."""

    async def put_dataset(self, profile_id: int, split: str, parts: Iterable[tuple[int, bytes]]) -> None:
        """Keep a split in place of what was kept of it."""


def lines_of(rows: Iterable[StoredMessage], subject: str, chosen: Container[int] | None = None) -> list[Line]:
    """A corpus's rows, oldest first, each message once. `subject` is the shown name of the person echoed.

    Of their own messages only the `chosen` ids are to be learnt, the others are context; None chooses all.
    """
    lines: list[Line] = []
    seen: dict[tuple[str, bool, str, str], int] = {}
    for row in sorted(rows, key=attrgetter("ts", "message_id")):
        line = line_of(row, subject, target=chosen is None or row.message_id in chosen)
        key = (line.channel, line.own, line.author, line.text)
        at = seen.get(key)
        if at is not None and line.text and line.ts - lines[at].ts <= SAME_INSTANT:
            lines[at] = _joined(lines[at], line)
            continue
        seen[key] = len(lines)
        lines.append(line)
    return lines


@dataclass(frozen=True, slots=True)
class Taught:
    """What a corpus teaches: the turns that engines learn, oldest first, and the dataset to train and test on."""

    bursts: list[Burst]
    dataset: Dataset


def taught(selected: Selected, subject: str) -> Taught:
    """What was selected, as turns and as a dataset. `subject` is the shown name of the person echoed."""
    lines = lines_of(selected.rows, subject, selected.chosen)
    gaps = gaps_of(lines) if selected.gaps is None else selected.gaps
    return Taught(bursts_of_lines(lines, gaps), dataset_of_conversations(conversations_of(lines, gaps)))


def learnable(rows: Iterable[StoredMessage], subject: str) -> list[Burst]:
    """The subject's turns in a corpus, oldest first, each with the talk before it."""
    return bursts_of_lines(lines_of(rows, subject))


def dataset_of_conversations(conversations: Sequence[Conversation]) -> Dataset:
    """The examples of conversations that are ordered by when they began.

    Repeated are a turn that answers the same last message with the same words as one before in its channel, an opening
    of the same words, and an answer of LONG words or more that was given there before; `alike` says what is the same.
    """
    dropped: Counter[str] = Counter()
    seen: set[bytes] = set()
    groups = []
    for conversation in conversations:
        found = [Example(turn) for turn in conversation.turns if _is_example(turn, seen, dropped)]
        if found:
            groups.append(found)
    return Dataset(_split(groups), dict(dropped))


async def put_dataset(store: DatasetStore, profile_id: int, made: Dataset) -> None:
    """Keep all splits, in place of what was kept before."""
    for split in Split:
        await store.put_dataset(profile_id, split.value, made.parts(split))


def openings_apart(part: bytes) -> tuple[bytes, bytes]:
    """The lines of a stored part: those that answer somebody, and those that open a conversation."""
    answers: list[bytes] = []
    openings: list[bytes] = []
    for line in part.splitlines(keepends=True):
        (openings if json.loads(line)["meta"]["kind"] == "opening" else answers).append(line)
    return b"".join(answers), b"".join(openings)


_DIGITS = re.compile(r"\d+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}", re.DOTALL)
_SIGNS = re.compile(r"[^\w]+")


def alike(text: str) -> str:
    """What is left of a text when it is compared with others.

    Case, signs, white space and compatibility forms don't matter, nor which digits stand there, nor how long a letter
    is drawn out. A text of signs alone stays as it is.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = _SIGNS.sub(" ", _DRAWN_OUT.sub(r"\1\1", _DIGITS.sub("0", folded))).strip()
    return bare or " ".join(folded.split())


def _joined(kept: Line, again: Line) -> Line:
    """One message that came twice: what is known of it either way."""
    better = again if kept.bare and not again.bare else kept
    return replace(
        better, ts=kept.ts, key=kept.key, message_id=kept.message_id, cut=kept.cut or again.cut,
        target=kept.target or again.target, reply_to=kept.reply_to or again.reply_to,
        packaged=kept.packaged or again.packaged,
    )  # fmt: skip


def _is_example(turn: Turn, seen: set[bytes], dropped: Counter[str]) -> bool:
    if turn.kind is None:
        return False
    if turn.kind is Kind.UNKNOWN:
        dropped["bare" if turn.lines[0].bare else "unseen"] += 1
    elif turn.kind is Kind.CONTINUED:
        dropped["continued"] += 1
    elif _is_repeated(turn, seen):
        dropped["repeated"] += 1
    else:
        return True
    return False


def _is_repeated(turn: Turn, seen: set[bytes]) -> bool:
    channel = turn.lines[0].channel
    answer = alike("\n".join(line.text for line in turn.lines))
    asked = alike(turn.context[-1].text) if turn.context else ""
    marks = [_print(channel, "pair", asked, answer)]
    if len(answer.split()) >= LONG:
        marks.append(_print(channel, "long", answer))
    repeated = any(mark in seen for mark in marks)
    seen.update(marks)
    return repeated


def _print(*parts: str) -> bytes:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=12).digest()


def _split(groups: Sequence[Sequence[Example]]) -> dict[Split, tuple[Example, ...]]:
    """Conversations go where their first example lies in time; from three on, no split is empty."""
    total = sum(len(group) for group in groups)
    bounds = [0, 0]
    before = 0
    for at, group in enumerate(groups):
        for bound, share in enumerate(SHARES):
            if before < share * total:
                bounds[bound] = at + 1
        before += len(group)
    if len(groups) >= len(Split):
        bounds[0] = min(bounds[0], len(groups) - 2)
        bounds[1] = min(max(bounds[1], bounds[0] + 1), len(groups) - 1)
    sides = (groups[: bounds[0]], groups[bounds[0] : bounds[1]], groups[bounds[1] :])
    return {
        split: tuple(sorted(itertools.chain.from_iterable(side), key=lambda example: example.turn.ts))
        for split, side in zip(Split, sides, strict=True)
    }
