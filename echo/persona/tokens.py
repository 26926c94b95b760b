"""Text to pieces and back, and text to the words that carry its topic. Pure functions over strings.

Pieces carry the white space before them, so that joining them gives the text again. Scripts that are written without
spaces (Han, Kana, Thai and their neighbours) give one piece a character, so that an n-gram model can learn from them.
"""

from __future__ import annotations

import re
from typing import Final

_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Vowel signs and other marks are no letters to `re`, yet they must stay with the letters they belong to.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200d\ufe0f"
)
_LETTER: Final = rf"(?:[^\W{_UNSPACED}]|[{_MARKS}])"

LINK: Final = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
MENTION: Final = re.compile(r"<@[!&]?([^>\s]{1,64})>|@\*\*([^*\n]{1,64})\*\*")
_EMOJI_NAME: Final = r"<a?:\w{1,64}:\d+>|:[a-zA-Z][\w+-]{1,40}:"
EMOJI_NAME: Final = re.compile(_EMOJI_NAME)
PIECE: Final = re.compile(
    rf"\s?(?:https?://\S+|<@[!&]?[^>\s]{{1,64}}>|<#\d+>|@\*\*[^*\n]{{1,64}}\*\*|{_EMOJI_NAME}|{_LETTER}+(?:['’]{_LETTER}+)*"
    rf"|[{_UNSPACED}]|@?[\x01\x02]|[\x04-\x07\x0e\x0f]|[^\w\s{_UNSPACED}\x01\x02\x04-\x07\x0e\x0f]+)|\s+"
)
WORD: Final = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)*|[{_UNSPACED}]")
EMOJI: Final = re.compile("[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf]")
EMOTICON: Final = re.compile(r"(?<!\w)(?:[:;=8xX]['’]?-?[)(\]\[DPpOo3/\\|*]+|\^_*\^|<3|[oO]_[oO]|[)(]:)(?!\w)")
LAUGH: Final = re.compile(
    r"\b(?:lo+l|lmao\w*|rofl|(?:ha){2,}h?|(?:he){2,}|heh|hah+|ja(?:ja)+|kek|xd+)\b|w{4,}|ㅋ{2,}", re.I
)

TAKEN: Final = "\x04\x05\x06\x07\x0e\x0f"
"""Each stands in a learnt message for a kind of word that was taken up from what had just been said."""

LONGEST: Final = 4000
"""Characters: longer messages are read up to here. It is what Discord lets a paying member send."""


def pieces(text: str) -> list[str]:
    """The text cut into pieces, each with the white space before it; joined they are the text up to LONGEST."""
    return PIECE.findall(text[:LONGEST])


def words(text: str) -> list[str]:
    """The words in lower case, links left out."""
    text = text[:LONGEST].lower()
    if "://" in text or "www." in text:
        text = LINK.sub(" ", text)
    return WORD.findall(text)


def folded(text: str) -> str:
    """Lower case with single spaces: two texts that fold alike are the same sentence to a reader."""
    return " ".join(text.lower().split())


def spans(text: str, length: int) -> list[tuple[str, ...]]:
    """Every run of `length` consecutive words of the folded text.

    Where a script has no spaces a character counts as a word: a quote is a quote in any script.
    """
    tokens = span_words(text)
    return [tuple(tokens[i : i + length]) for i in range(len(tokens) - length + 1)]


_SPLIT: Final = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


_EDGES: Final = ".,:;!?…()[]{}<>\"'`*_~|/\\-–—“”‘’«»"


def span_words(text: str) -> list[str]:
    """What counts as a word where copying is measured: what stands between white space, or one unspaced character.

    Signs around a word are no part of it, since a quote that ends in another sign is still one; a word of signs alone
    stays as it is.
    """
    return [word.strip(_EDGES) or word for word in _SPLIT.findall(text.lower())]
