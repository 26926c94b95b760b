"""Which message taught what, so that single ones can be taken out again. It holds ids and counts, no text.

Of each message, whoever wrote it, the words are kept as a bag: which ones and how often, not in what order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.lexicon import Lexicon
from echo.persona.past import Past
from echo.persona.ragged import Ints, Mask, Ragged, distinct

Floats = NDArray[np.float64]

MESSAGES: Final = "record.message"
"""What the array of the messages' ids is called where it is stored."""
OWN = -1
"""The author index of the subject."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left after a withdrawal: masks over lines, turns, and the subject's messages in the order of turns.

    `touched` marks turns that stay but lost something; it is over the turns as they were, as all masks are.
    """

    lines: Mask
    turns: Mask
    said: Mask
    touched: Mask


@dataclass(frozen=True, slots=True)
class Record:
    """Lines are messages of anybody, turns those of the subject.

    `message` (lines,) is each line's message id, 0 where it has none; `author` (lines,) an index into `authors`, OWN
    for the subject; `words` each line's word ids, sorted. `ts` (turns,) is when each turn began, in seconds since the
    epoch; `context` and `said` are its lines, oldest first; every line is in one of them. Of the vocabulary the first
    `fitted` words were there when the persona was fitted; others came by amendments.
    """

    message: Ints
    author: Ints
    words: Ragged
    ts: Floats
    context: Ragged
    said: Ragged
    authors: tuple[str, ...]
    fitted: int

    @classmethod
    def of(cls, past: Past, lexicon: Lexicon) -> Record:
        """The record of a whole past, of which `lexicon` knows all words."""
        authors = tuple(sorted({line.author for line in past.lines if not line.own}))
        known = {name: at for at, name in enumerate(authors)}
        return cls(
            np.array([line.message for line in past.lines], np.int64),
            np.array([OWN if line.own else known[line.author] for line in past.lines], np.int64),
            Ragged.pack(sorted(lexicon.read(line.text)) for line in past.lines),
            np.array([burst.ts for burst in past.bursts], np.float64),
            Ragged.pack(past.context),
            Ragged.pack(past.said),
            authors,
            len(lexicon.vocabulary),
        )

    def holding(self, ids: Collection[int]) -> Mask:
        """Which lines are messages of these ids; 0 stands for those that have none, substitutes are below it."""
        asked = np.array(sorted(one for one in ids if -(2**63) <= one < 2**63), np.int64)
        return np.isin(self.message, asked)

    def without(self, gone: Mask) -> tuple[Record, Left]:
        """Without these lines, without turns in which nothing is said any more, and without what stood before those
        alone. Word ids and authors stay as they are."""
        spoken, heard = ~gone[self.said.flat], ~gone[self.context.flat]
        said, context = self.said.only(spoken), self.context.only(heard)
        turns = said.sizes > 0
        touched = turns & ((said.sizes < self.said.sizes) | (context.sizes < self.context.sizes))
        said, context = said.kept(turns), context.kept(turns)
        lines = np.zeros(len(self.message), np.bool_)
        lines[said.flat] = lines[context.flat] = True
        names = np.cumsum(lines) - 1
        rest = replace(
            self,
            message=self.message[lines],
            author=self.author[lines],
            words=self.words.kept(lines),
            ts=self.ts[turns],
            context=context.renamed(names),
            said=said.renamed(names),
        )
        return rest, Left(lines, turns, spoken, touched)

    def fresh(self, past: Past) -> list[int]:
        """Which lines of `past` are not here yet; those with an id that is here are the same message."""
        known = set(self.message.tolist()) - {0}
        return [at for at, line in enumerate(past.lines) if line.message not in known]

    def joined(self, past: Past, fresh: Sequence[int], bags: Sequence[Sequence[int]]) -> Record:
        """With these turns at the end. `fresh` are the lines that are not here yet, `bags` their sorted word ids."""
        place = {int(one): at for at, one in enumerate(self.message) if one}
        new = {at: len(self.message) + k for k, at in enumerate(fresh)}
        at_last = [new[at] if at in new else place[line.message] for at, line in enumerate(past.lines)]
        names = np.array(at_last, np.int64)
        lines = [past.lines[at] for at in fresh]
        unknown = {line.author for line in lines if not line.own} - set(self.authors)
        authors = (*self.authors, *sorted(unknown))
        who = {name: at for at, name in enumerate(authors)}
        return replace(
            self,
            message=np.append(self.message, np.array([line.message for line in lines], np.int64)),
            author=np.append(self.author, np.array([OWN if e.own else who[e.author] for e in lines], np.int64)),
            words=self.words.joined(Ragged.pack(bags)),
            ts=np.append(self.ts, np.array([burst.ts for burst in past.bursts], np.float64)),
            context=self.context.joined(Ragged.pack(past.context).renamed(names)),
            said=self.said.joined(Ragged.pack(past.said).renamed(names)),
            authors=authors,
        )

    def named(self, words: Ints) -> Record:
        """With these ids for the words (old id to new)."""
        fitted = int((words[: self.fitted] >= 0).sum())
        # An author of whom no message is left is not kept either.
        here = np.zeros(len(self.authors), np.bool_)
        here[self.author[self.author >= 0]] = True
        names = np.append(np.cumsum(here) - 1, OWN)
        authors = tuple(name for name, is_here in zip(self.authors, here.tolist(), strict=True) if is_here)
        return replace(self, words=self.words.renamed(words), author=names[self.author], authors=authors, fitted=fitted)

    def lexicon(self, vocabulary: Sequence[str]) -> Lexicon:
        """The lexicon of all lines, as a fit makes it; `vocabulary` is by word id."""
        flat, row, size = self.words.flat, self.words.row(), len(vocabulary)
        first = np.ones(len(flat), np.bool_)
        first[1:] = (flat[1:] != flat[:-1]) | (row[1:] != row[:-1])
        author = self.author[row]
        spread = np.bincount(flat[first], minlength=size)
        mine = np.bincount(flat[first & (author == OWN)], minlength=size)
        others = first & (author != OWN)
        pairs = distinct(flat[others] * max(1, len(self.authors)) + author[others])
        people = np.bincount(pairs // max(1, len(self.authors)), minlength=size)
        uses = np.bincount(flat, minlength=size)
        return Lexicon.counted(vocabulary, spread, mine, uses, people, len(self.message))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The figures, for storage; the authors go apart."""
        return {
            MESSAGES: self.message,
            "record.author": self.author.astype(np.int32),
            **self.words.arrays("record.words"),
            "record.ts": self.ts,
            **self.context.arrays("record.context"),
            **self.said.arrays("record.said"),
            "record.fitted": np.array([self.fitted], np.int64),
        }

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[Any]], authors: Sequence[str]) -> Record:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        return cls(
            arrays[MESSAGES].astype(np.int64),
            arrays["record.author"].astype(np.int64),
            Ragged.of(arrays, "record.words"),
            arrays["record.ts"].astype(np.float64),
            Ragged.of(arrays, "record.context"),
            Ragged.of(arrays, "record.said"),
            tuple(authors),
            int(arrays["record.fitted"][0]),
        )
