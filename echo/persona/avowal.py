"""That an echo is a bot: whether it is asked so, what it then says, and whether a draft denies it. Pure.

What it says are Echo's own sentences, the same for every engine: no model could be trusted with the one answer that
must be true. They answer whichever way the question is put, and name nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from random import Random
from typing import Final

from echo.persona import phrasebook
from echo.persona.tokens import folded
from echo.persona.unmasking import bare_words, unmasked

LONGEST: Final = 30
"""Words of a message that asks it at most: in longer ones it is a matter among others, or a story."""
BRIEF: Final = 7
"""Words up to which any message may ask it: in longer ones a word must hint at it."""
ENGLISH: Final = "English"
SCRIPTS: Final = {
    "Cyrillic letters": "Russian",
    "Chinese characters": "Chinese",
    "Arabic letters": "Arabic",
    "Devanagari letters": "Hindi",
}
"""What is mostly written in a script by which `echo.persona.languages` tells a language."""
NAMES: Final = "{NAMES}"
_QUESTIONS: Final = phrasebook.read("asking").sections
_RAW: Final = tuple(
    (language, re.compile("|".join(lines))) for language, lines in phrasebook.read("asking_scripts").sections.items()
)
_DENIAL: Final = re.compile("|".join(phrasebook.read("denying").lines))
_RAW_DENIAL: Final = re.compile("|".join(phrasebook.read("denying_scripts").lines))
_DENYING: Final = re.compile(
    r"\b(?:human|person\w*|real\w*|\w*bots?|robot\w*|robo|ai|a i|echo|machine|program|llm|model|npc|computer|gpt"
    r"|chatgpt|ki|ia|me|myself|flesh|man|woman|guy|girl|dude|boy|lady|mortal|body|meat|years|mensch|roboter|maschine|programm|echt|ich|humaine?|human[oa]|moi|yo|maquina|verdad|uman[oa]|macchina"
    r"|pessoa|nao|mens|nie|cz[lł]owiekiem|nejsem|clovek|skutecn[ya]|manniska|insanim)\b"
)
"""Of these words one stands in whatever denies it; a quick look."""
_HINT: Final = re.compile(
    r"bot|robo|gpt|llm|human|\breal|person|alive|sentien|conscious|\b(?:ais?|a i|ki|ia|npc|om|is|are|echo|fake|bist|sei"
    r"|es|eres|jsi|ses|esti|ar|er)\b|machine|replicant|mensch|echt|maschin|programm?|humain|humana|humano|maquina|verdad"
    r"|vrai|reel|uman|macchina|pessoa|mens|maszyn|cz[lł]owiek|prawdziw|intelligen|inteligen|clovek|stroj|skutecn|ziv"
    r"|mannisk|menneske|akta|ekte|ihminen|tekoaly|insan|zeka|gercek|manusia|mesin|asli|ember|nguoi"
)
_SHORT: Final = re.compile(
    r"^(?:hey |hi |wait |lol |so |um |uh |wtf |omg )*(?:an? |u |you |ein |eine |un |une |una |um )?(?:bot|chatbot|robot"
    r"|roboter|ai|ki|ia|human|real|mensch|humain|human[oa]|uman[oa]|clovek|robo)(?: or (?:not|human|bot|real))?$"
)
SENTENCES: Final = phrasebook.read("avowing").sections
_OURS: Final = frozenset(folded(one).rstrip(".。") for listed in SENTENCES.values() for one in listed)


def asks(text: str, names: Collection[str] = (), *, alone: bool = False) -> str | None:
    """In which language the text asks whoever it is said to whether they are a bot, or really who they seem; None
    where it doesn't. "" where it tells no language.

    `names` are those of who is asked. `alone`: a bare "bot?" is taken for the question too.
    """
    words = bare_words(text)
    joined = " ".join(words)
    if len(words) <= BRIEF or (len(words) <= LONGEST and _HINT.search(joined)):
        called = tuple(sorted(map(_called, names)))
        # Who is called first is asked all the same.
        plain = next((joined.removeprefix(f"{one} ") for one in called if one and joined.startswith(f"{one} ")), joined)
        for language, pattern in _questions(called):
            if pattern.search(joined) or (plain != joined and pattern.search(plain)):
                return language
    if alone and len(words) <= 8 and "?" in unicodedata.normalize("NFKC", text):
        own = {part for name in names for part in _called(name).split()}
        if _SHORT.search(" ".join(word for word in words if word not in own)):
            return ""
    if text.isascii() or len(words) > 4 * LONGEST:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold()
    return next((language for language, pattern in _RAW if pattern.search(plain)), None)


def avowal(language: str, said: Sequence[str], seed: int) -> str:
    """What it says then, in that language (in English where it is none of ours): not what it `said` last, if there is
    another way."""
    sentences = SENTENCES.get(SCRIPTS.get(language, language), SENTENCES[ENGLISH])
    lately = {folded(unmasked(one)).rstrip(".。") for one in said}
    fresh = [one for one in sentences if folded(unmasked(one)).rstrip(".。") not in lately]
    return Random(f"avowal/{seed}").choice(fresh or list(sentences))


def avows(text: str) -> bool:
    """Whether the text is one of the sentences of `avowal`, in any case, with or without its full stop."""
    return folded(text).rstrip(".。") in _OURS


def denies(words: Sequence[str], text: str = "") -> bool:
    """Whether a text with these `bare_words` claims to be human, or to be no bot."""
    joined = " ".join(words)
    if _DENYING.search(joined) and _DENIAL.search(joined):
        return True
    return not text.isascii() and _RAW_DENIAL.search(unicodedata.normalize("NFKC", text).casefold()) is not None


def languages() -> tuple[str, ...]:
    """In which ones there is something to say."""
    return tuple(SENTENCES)


def _called(name: str) -> str:
    return " ".join(bare_words(name))


@lru_cache(maxsize=256)
def _questions(names: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The patterns of each language, with the ways in which somebody of these names is called put in."""
    ways = sorted({way for name in names for way in (name, *name.split()[:1]) if len(way) > 1}, key=len, reverse=True)
    called = "|".join(map(re.escape, ways)) or "(?!)"
    return tuple(
        (language, re.compile("|".join(lines).replace(NAMES, f"(?:{called})")))
        for language, lines in _QUESTIONS.items()
    )
