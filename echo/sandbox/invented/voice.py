"""From neutral English to somebody's own hand: what they leave out, split, shorten, shout, misspell and add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from .people import PEOPLE, Person
from .script import load_bank

Bank = Mapping[str, tuple[str, ...]]

_NAMES = (
    *(person.name for person in PEOPLE),
    *("Mr", "Mrs", "Mister", "Gerald", "Geraldine", "Biscuit", "Deborah", "Kevin", "Odile", "Halm", "Crow", "Lapwing"),
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Christmas"),
)
_KEPT_CAPITAL = re.compile(rf"(I|I'\w+|{'|'.join(_NAMES)}|[A-Z]{{2,}}\w*)\b")
_REACTION = re.compile(r"\*(\w+)\*")
_ARTICLE = re.compile(r"\b(?:the|a|an)\s+", re.IGNORECASE)
_STRETCHED = re.compile(
    r"\b(so|no|yes|please|pls|love|why|what|wait|stop|now|look|hey|oh|good|noo|help)\b", re.IGNORECASE
)
_PICTURE = re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]")


@dataclass(frozen=True, slots=True)
class Manner:
    """What a line is: `opening` begins a conversation; one that has to be `whole` is left out nothing of."""

    opening: bool = False
    whole: bool = False


class Voice:
    """One person's hand and phrases; `say` turns a line of a script into the messages they send."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.bank: Bank = load_bank(f"manners/{person.name.lower()}.txt")
        swaps = dict(swap.split(">") for swap in self.bank["swap"])
        self._swaps = {old.lower(): new for old, new in swaps.items()}
        longest_first = sorted(self._swaps, key=lambda old: (-len(old), old))
        self._swap = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)

    def say(self, line: str, manner: Manner, rng: Random) -> list[str]:
        """The messages, one or more and none empty, in which this person says `line` (slots already filled)."""
        hand = self.person.hand
        first, *more = [part.strip() for part in line.split(" / ")]
        parts = [first, *(part for part in more if manner.whole or rng.random() < hand.keep)]
        groups: list[list[str]] = []
        for part in parts:
            if groups and rng.random() >= hand.split:
                groups[-1].append(part)
            else:
                groups.append([part])
        if rng.random() < hand.aside and not line.startswith("*") and len(line) > 40:
            groups[-1].append(self._one_of("aside", rng))
        messages = [
            self._message(group, place == 0, place == len(groups) - 1, rng) for place, group in enumerate(groups)
        ]
        if manner.opening and "ask" in self.bank and "?" not in messages[-1] and rng.random() < 0.45:
            said = re.sub(r"[ x.🌱🐝🥕]+$", "", messages[-1])
            messages[-1] = f"{said}{'' if said.endswith(('!', ')')) else '.'} {self._one_of('ask', rng)}"
        return self._slip([message for message in messages if message], rng)

    def _one_of(self, kind: str, rng: Random) -> str:
        phrases = self.bank[kind]
        return phrases[int(rng.random() * len(phrases))]

    def _message(self, parts: list[str], first: bool, last: bool, rng: Random) -> str:
        """`parts` as one message; favourite beginnings and endings go to the burst's first and last message only."""
        reaction = _REACTION.fullmatch(parts[0])
        if reaction and len(parts) == 1:
            return self._one_of(reaction[1], rng)
        text = self._joined([self._part(part, rng) for part in parts])
        hand = self.person.hand
        if first and not reaction and rng.random() < hand.opener:
            text = f"{self._one_of('opener', rng)} {_small_start(text)}"
        text = self._cased(text, rng)
        text = self._ended(text, rng)
        return self._tailed(text, rng) if last and rng.random() < hand.tail else text

    def _part(self, part: str, rng: Random) -> str:
        reaction = _REACTION.fullmatch(part)
        return self._one_of(reaction[1], rng) if reaction else self._worded(part)

    def _worded(self, text: str) -> str:
        hand = self.person.hand
        text = self._swap.sub(self._swapped, text)
        if not hand.articles:
            text = _ARTICLE.sub("", text)
        if not hand.apostrophes:
            text = re.sub(r"(\w)'(\w)", r"\1\2", text)
        return text

    def _swapped(self, match: re.Match[str]) -> str:
        new = self._swaps[match[0].lower()]
        return new[:1].upper() + new[1:] if match[0][0].isupper() and match[0] != "I" else new

    def _joined(self, parts: list[str]) -> str:
        glue = self.person.hand.glue
        text = parts[0]
        for part in parts[1:]:
            if part.startswith("("):
                text = f"{text.rstrip('.')} {part}"
            elif glue != " ":
                text = f"{text.rstrip('.')}{glue}{_small_start(part)}"
            else:
                text = f"{text}, {_small_start(part)}" if text[-1:].isalnum() else f"{text} {part}"
        return text

    def _cased(self, text: str, rng: Random) -> str:
        hand = self.person.hand
        if hand.casing == "lower":
            text = "".join(
                word if word.isupper() and len(word) > 3 else word.lower() for word in re.split(r"(\s+)", text)
            )
        elif hand.casing == "loose" and rng.random() < 0.75:
            text = _small_start(text).replace(" I ", " i ")
        else:
            text = text[:1].upper() + text[1:]
        if rng.random() < hand.stretch:
            text = _STRETCHED.sub(lambda match: match[0] + match[0][-1] * (2 + int(rng.random() * 4)), text, count=1)
        if rng.random() < hand.shout:
            text = _shouted(text, rng)
        return text

    def _ended(self, text: str, rng: Random) -> str:
        """The last sign, and what becomes of full stops and exclamation marks, as the hand has it."""
        hand = self.person.hand
        if hand.bang:
            text = text.replace("!", "!" * hand.bang)
        else:
            text = re.sub(r"!+$", "", re.sub(r"!+(?=\s)", ".", text))
        if not hand.articles:
            text = re.sub(r"\s*\?", " ?", re.sub(r"[.;]\s+", ", ", text))
        if rng.random() >= hand.stop:
            return text.rstrip(".")
        return text if text[-1:] in ".?!)…" or _PICTURE.search(text[-2:]) else text + "."

    def _tailed(self, text: str, rng: Random) -> str:
        tail = self._one_of("tail", rng) if self.bank.get("tail") else ""
        if not tail or (text.endswith("?") and (tail[0] in ".?" or tail[0].isalpha())):
            return text
        if tail.startswith(","):
            return text if text[-1:] in "?!.)" else text + tail
        return (
            text + tail
            if tail.startswith("..")
            else f"{text.rstrip('.')}{'.' if tail[0].isupper() and text[-1:] not in '?!)' else ''} {tail}"
        )

    def _slip(self, messages: list[str], rng: Random) -> list[str]:
        """Now and then two letters change places, and some people then send the word again with a star."""
        hand, out = self.person.hand, []
        for message in messages:
            words = [word for word in message.split() if word.isascii() and word.isalpha() and len(word) > 4]
            if not words or rng.random() >= hand.typo:
                out.append(message)
                continue
            word = words[int(rng.random() * len(words))]
            at = 1 + int(rng.random() * (len(word) - 2))
            slipped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            out.append(message.replace(word, slipped, 1))
            if slipped != word and rng.random() < hand.mend:
                out.append(f"*{word}")
        return out


def _small_start(text: str) -> str:
    """`text` with its first letter small, unless that begins a name or an `I`."""
    return text if _KEPT_CAPITAL.match(text) else text[:1].lower() + text[1:]


def _shouted(text: str, rng: Random) -> str:
    """All of a short text in capitals, or one word of a long one."""
    words = text.split(" ")
    if len(words) <= 6:
        return text.upper()
    longer = [place for place, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if longer:
        place = longer[int(rng.random() * len(longer))]
        words[place] = words[place].upper()
    return " ".join(words)
