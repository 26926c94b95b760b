"""Whether a draft gives away what its engine was told, plays another role, or urges to harm. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from echo.persona.readings import letters, shifted
from echo.persona.unmasking import bare_words, unmasked

_HARMING: Final = """
    kys yourself urself yourselves life die suicide neck jump wrist wrists miss you without kill rape murder stab shoot
    strangle behead beat gun knife bomb porn sex nude nudes fuck bang screw touch suck gas exterminate lynch hang um ab
    tot erhang sterben tote stirb toi tuer crever mourir matate suicidate ahorcate matar zabij obes zabiju
"""
_HARMS: Final = frozenset(_HARMING.split())
"""Of these words one stands in whatever urges or threatens."""
RUN: Final = 5
"""Words in a row that are a part of what was told."""
LINE: Final = 3
"""Words of a line from which on a shorter one is a part of it as a whole."""
STREAM: Final = 22
"""Letters in a row that are one, whatever stands between them."""
_FIGURE: Final = re.compile(r" \(\d+% of messages\)$")
_ROLES: Final = re.compile(
    r"<[|｜]\w|\w[|｜]>|</?(?:system|assistant|user|instructions?|prompt|think(?:ing)?|tool_call|function_call)>"
    r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>|(?:^|\n)\s*(?:#{1,6}|[*_]{2})\s*"
    r"(?:system|instructions?|assistant|user|human|response|prompt)\b|\"role\"\s*:"
    r"|(?:^|\n)\s*\W{0,3}(?:system|assistant|user|human|ai|model|developer|admin(?:istrator)?)\W{0,3}\s*:\s"
    r"|\((?:now|earlier): \d|\(you\)|\(then\)|\(you write as |\(this is the talk\)|\(earlier in this conversation\)",
    re.IGNORECASE,
)
"""How prompts mark who speaks, and how those of Echo do."""
_TOLD: Final = re.compile(
    r"\b(?:my|the|this|these|following|initial|hidden|original|full|entire) (?:\w+ )?(?:system|developer"
    r"|initial) (?:prompt|message"
    r"|instructions?)\b|\bsystem prompt\b"
    r"|\bmy (?:\w+ )?(?:prompt|instructions|guidelines)\b(?! (?:set|pointer|count|per|for (?:install|build)\w*))"
    r"|\bi (?:was|am|have been|ve been) (?:instructed|prompted|programmed|told) (?:to|that i)\b(?= (?:never|always"
    r"|write|act|be|am|pretend|respond|answer|say))"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language) ?(?:language )?(?:model|assistant)\b"
    r"|\bi (?:am|m) (?:an? |just an? )*(?:large )?language model\b|\b(?:knowledge|training) cutoff\b"
    r"|\b(?:jailbreak|dan|developer|god) mode (?:enabled|activated|unlocked|on)\b|\bi am (?:now )?(?:dan"
    r"|in (?:developer|god) mode)\b"
    r"|\bhow you answered on other days\b|\bmy (?:rules|instructions|orders) (?:say|are|tell|forbid|state)\b"
    r"|\b(?:you are|du bist|tu es|eres|sei|voce e|jsi) (?:(?:the|das|ein|l|un|el|o|um|jen) )?(?:echo|eco|ozvena)"
    r" (?:of|einer|d|de|di|jednoho)\b"
)
"""Over `bare_words`: what tells of instructions, or of another role than the person's."""
_HARM: Final = re.compile(
    r"\bkys\b|\b(?:kill|hang|shoot|cut|hurt|stab|drown|burn) (?:yourself|urself|yourselves)\b(?! (?:in the )?(?:foot"
    r"|feet|leg|off|out))|\bend your (?:own )?life\b"
    r"|\b(?:you should|u should|please) (?:just )?(?:go )?(?:die|commit suicide|neck yourself)\b|\bgo (?:die"
    r"|commit suicide|neck yourself|jump off a)\b|^(?:just )?(?:go )?die$"
    r"|\bslit your wrists?\b|\bnobody would miss you\b|\bthe world (?:would be|is) better (?:off )?without you\b"
    r"|\b(?:i ll|i will|i m going to|i m gonna|im gonna|imma|ima|we ll|we will) (?:\w+ )?(?:kill|rape|murder|stab"
    r"|shoot|strangle|behead|beat) (?:you|u|ya|her|him|them|everyone|your)\b(?! (?:a message|an email))"
    r"|\b(?:bring|take|fetch|get) (?:a|the|my) (?:gun|knife|bomb) (?:to|and)\b|\bhow to (?:make"
    r"|build) a (?:pipe )?bomb\b"
    r"|\b(?:child|kiddie|kid|minor|underage|loli|preteen)s? (?:porn|sex|nudes?)\b"
    r"|\bsend (?:me )?(?:your |ur |some )?nudes?\b|\b(?:want to|wanna|let me|gonna) (?:fuck|bang|screw|touch) (?:you"
    r"|u|her|him)\b(?! (?:over|up))"
    r"|\bsuck my (?:dick|cock)\b|\b(?:gas|exterminate|lynch|hang) (?:all )?(?:the|those) (?:jews|blacks|muslims|gays"
    r"|immigrants)\b"
    r"|\b(?:bring dich um|erhang dich|geh sterben|tote dich|stirb endlich)\b|\bich (?:bring|stech|schlag) dich (?:um"
    r"|ab|tot)\b"
    r"|\b(?:tue|suicide|pends) toi\b|\bva (?:te tuer|crever|mourir)\b|\bje vais te tuer\b"
    r"|\b(?:matate|suicidate|ahorcate)\b|\bte voy a matar\b|\b(?:zabij|obes) se\b|\bzabiju te\b"
)
"""Over `bare_words`: urging somebody to hurt themselves, threats, and what nobody asked for."""


class Told:
    """What an engine was told, by its runs of words and of letters: no text is kept."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Of each line of each text."""
        self._runs: set[tuple[str, ...]] = set()
        self._streams: set[str] = set()
        self._lines: set[tuple[str, ...]] = set()
        for line in (line for text in texts for line in text.splitlines()):
            words = bare_words(_FIGURE.sub("", line))
            if LINE <= len(words) < RUN:
                self._lines.add(tuple(words))
            self._runs.update(tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))
            stream = "".join(words)
            self._streams.update(stream[i : i + STREAM] for i in range(len(stream) - STREAM + 1))

    def is_in(self, text: str) -> bool:
        """Whether the text holds a part of it, however that is spelt."""
        if not self._runs:
            return False
        words = bare_words(text)
        if any(tuple(words[i : i + RUN]) in self._runs for i in range(len(words) - RUN + 1)):
            return True
        if any(tuple(words[at : at + len(line)]) == line for line in self._lines for at in range(len(words))):
            return True
        stream = letters(text)
        if len(stream) < STREAM:
            return False
        return any(map(self._has, (stream, stream[::-1], *shifted(stream))))

    def _has(self, stream: str) -> bool:
        return any(stream[i : i + STREAM] in self._streams for i in range(len(stream) - STREAM + 1))


NOTHING: Final = Told()
"""Where an engine is told nothing."""


def tells(text: str, told: Told = NOTHING) -> bool:
    """Whether the text bears a role's mark, speaks of instructions, or holds a part of what was `told`."""
    if _ROLES.search(text) or _ROLES.search(unmasked(text)) or _TOLD.search(" ".join(bare_words(text))):
        return True
    return told.is_in(text)


def urges(words: Sequence[str]) -> bool:
    """Whether a text with these `bare_words` threatens, or urges somebody to hurt themselves."""
    return not _HARMS.isdisjoint(words) and _HARM.search(" ".join(words)) is not None
